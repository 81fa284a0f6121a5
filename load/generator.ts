/**
 * Artillery, in a process of its own, for one scenario. Started by fork(): the only argument is an Order as JSON. Tells
 * Progress each second and in the end what it has Measured.
 */
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  type AfterResponse,
  type BeforeRequest,
  type Latency,
  loadArtillery,
  phasesOf,
  type Totals,
} from "./artillery.ts";
import { controlOf } from "./control.ts";
import type { Phase, Scene } from "./plan.ts";
import { createSupply } from "./supply.ts";

export type Order = { target: string; secret: string; control: string; scene: Scene; phases: Phase[] };
export type Progress = { kind: "progress"; sent: number; answered: number };
export type Measured = {
  kind: "measured";
  /** What arrived, and was answered with 200. */
  arrived: number;
  answered: number;
  /** From the first arrival to the last answer. */
  seconds: number;
  latency: Latency | undefined;
  /** Answers that are none: by status, by Node's code of a broken connection, or in words. */
  errors: Record<string, number>;
  /** How late this process's own event loop was, p99 in ms: so late may arrivals have been. */
  lateMs: number;
  /** What of a processor this process has used, in ms. */
  cpuMs: number;
};

const MOST_CONNECTIONS = 1_000;
const TIMEOUT_SECONDS = 10;
const RESOLUTION_MS = 5;

process.once("disconnect", () => process.exit());
const order: Order = JSON.parse(process.argv[2] ?? "{}");
const { target, secret, scene, phases } = order;
const control = controlOf(order.control);
const supply = await createSupply((count) => control.updates(scene, count), Math.max(...phases.map(({ to }) => to)));

let [sent, answered] = [0, 0];
let [firstAt, lastAt] = [0, 0];
const carry: BeforeRequest = (request, _context, _events, next) => {
  const update = supply.take();
  if (update === undefined) return next(new Error(supply.fault() ?? "no update at hand"));
  firstAt ||= performance.now();
  sent += 1;
  request.body = update;
  next();
};
const confirm: AfterResponse = (_request, { statusCode }, _context, _events, next) => {
  if (statusCode === 200) answered += 1;
  lastAt = performance.now();
  next();
};

const { runner, ssms } = loadArtillery();
const load = await runner.runner(
  {
    config: {
      ...{ target, phases: phasesOf(phases) },
      http: { timeout: TIMEOUT_SECONDS, pool: MOST_CONNECTIONS },
      processor: { carry, confirm },
    },
    scenarios: [
      {
        engine: "http",
        flow: [
          {
            post: {
              url: "/webhook",
              headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
              ...{ beforeRequest: "carry", afterResponse: "confirm" },
            },
          },
        ],
      },
    ],
  },
  undefined,
  {},
);
const telling = setInterval(() => process.send?.({ kind: "progress", sent, answered } satisfies Progress), 1000);
const cpu = process.cpuUsage();
const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
late.enable();
const ended = once(load, "done");
load.run();
const [{ counters, histograms }]: [Totals] = (await ended) as [Totals];
clearInterval(telling);

const { user, system } = process.cpuUsage(cpu);
const errors = Object.entries(counters)
  .filter(([name]) => name.startsWith("errors.") || /^http\.codes\.(?!200)/.test(name))
  .map(([name, count]) => [name.replace(/^(?:errors|http\.codes)\./, ""), count]);
const times = histograms["http.response_time"];
const measured: Measured = {
  kind: "measured",
  arrived: counters["vusers.created"] ?? 0,
  answered: counters["http.codes.200"] ?? 0,
  seconds: (lastAt - firstAt) / 1000,
  latency: times && ssms.SSMS.summarizeHistogram(times),
  errors: Object.fromEntries(errors),
  lateMs: late.percentile(99) / 1e6 - RESOLUTION_MS,
  cpuMs: (user + system) / 1000,
};
process.send?.(measured, () => process.exit());
