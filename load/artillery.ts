import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import type { Phase } from "./plan.ts";

/** The part of an Artillery script (artillery.io/docs/reference/test-script) that is used here. */
export type Script = {
  config: {
    target: string;
    phases: { duration: number; arrivalRate: number; rampTo: number }[];
    /** `timeout` in seconds; `pool`: the most connections, shared by all virtual users. */
    http: { timeout: number; pool: number };
    processor: Record<string, BeforeRequest | AfterResponse>;
  };
  scenarios: { engine: "http"; flow: { post: Post }[] }[];
};

type Post = { url: string; headers: Record<string, string>; beforeRequest: string; afterResponse: string };
type Next = (error?: Error) => void;
export type BeforeRequest = (request: { body?: string }, context: object, events: object, next: Next) => void;
export type AfterResponse = (
  request: object,
  response: { statusCode: number },
  context: object,
  events: object,
  next: Next,
) => void;

/** In ms, to within 1 %. */
export type Latency = { min: number; max: number; mean: number; p50: number; p95: number; p99: number; count: number };
export type Totals = { counters: Record<string, number>; histograms: Record<string, object> };

type Core = {
  runner: {
    runner(script: Script, payload: undefined, options: object): Promise<EventEmitter & { run(): void }>;
  };
  ssms: { SSMS: { summarizeHistogram(histogram: object): Latency } };
};

/** Artillery's core is there when packages.ts has seen to it: it is loaded by whoever runs it, and by nobody else. */
export function loadArtillery(): Core {
  return createRequire(import.meta.url)("@artilleryio/int-core");
}

/**
 * Artillery's phases are open: arrivals come at their times whether or not those before have been answered. Its ramps,
 * level ones too, are kept by timers; its steady rates by a loop that takes a whole processor (nanotimer).
 */
export function phasesOf(phases: Phase[]): Script["config"]["phases"] {
  return phases.map(({ seconds, from, to }) => ({ duration: seconds, arrivalRate: from, rampTo: to }));
}
