// The one place that loads prom-client, file by file: its index brings Node's own metrics, and they bring OpenTelemetry,
// which costs 50 ms at start and 17 MB.
import { createRequire } from "node:module";

type PromClient = typeof import("prom-client");

const require = createRequire(import.meta.url);

export const Counter: PromClient["Counter"] = require("prom-client/lib/counter.js");
export const Gauge: PromClient["Gauge"] = require("prom-client/lib/gauge.js");
export const Histogram: PromClient["Histogram"] = require("prom-client/lib/histogram.js");
export const Registry: PromClient["Registry"] = require("prom-client/lib/registry.js");

/** What adds Node's own metrics to a registry; loaded when it is first asked for. */
export const loadDefaultMetrics = (): PromClient["collectDefaultMetrics"] =>
  require("prom-client/lib/defaultMetrics.js");
