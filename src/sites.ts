import { setTimeout as sleep } from "node:timers/promises";
import { createBudget } from "./checker/budget.ts";
import { createCanary } from "./checker/canary.ts";
import { createCircuit } from "./checker/circuit.ts";
import { createFetcher } from "./checker/fetcher.ts";
import type { Leader } from "./checker/leader.ts";
import { createPlanner } from "./checker/planner.ts";
import type { Plan } from "./checker/schedule.ts";
import type { Site } from "./checker/site.ts";
import type { Source } from "./checker/source.ts";
import { sources } from "./checker/sources/index.ts";
import type { Config } from "./config.ts";
import type { Database } from "./db/client.ts";
import { readBudget, readDistrust, writeBudget } from "./db/source-states.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type SiteOptions = { config: Config; db: Database; log: Log; metrics: Metrics };

/** While a site fails, it is asked about once an interval, but neither hammered nor forgotten. */
const PROBE_MS = { least: 1_000, most: 60_000 };
const READ_RETRY_MS = 1_000;
const MINUTE_MS = 60_000;

/** A site as one term works with it; `close` ends its connections. */
export type OpenSite = { site: Site; close: () => Promise<void> };

/** Opens all sites. A database that cannot be read is waited for; no sites when that takes until the end of the term. */
export async function openSites(
  options: SiteOptions,
  leader: Leader,
  failed: (error: unknown) => void,
): Promise<OpenSite[]> {
  while (!leader.signal.aborted) {
    try {
      return await Promise.all(sources.map((source) => openSite(options, leader, source)));
    } catch (error) {
      failed(error);
    }
    await sleep(READ_RETRY_MS, undefined, { signal: leader.signal }).catch(() => undefined);
  }
  return [];
}

async function openSite({ config, db, log, metrics }: SiteOptions, leader: Leader, source: Source): Promise<OpenSite> {
  const budget = createBudget({
    perMinute: config.sourceRequestsPerMinute,
    spent: await readBudget(db.for("loop_read_budget"), source.name),
    save: async (spent) => {
      await leader.write("loop_save_budget", (orm) => [writeBudget(orm, source.name, spent)]);
    },
  });
  const fetcher = createFetcher({
    baseUrl: { fetta: config.fettaBaseUrl }[source.name] ?? source.home,
    connections: config.sourceConcurrency,
    observe: (outcome) => metrics.sourceRequests.inc({ source: source.name, outcome }),
  });
  const circuit = createCircuit(Math.min(Math.max(config.checkIntervalMs, PROBE_MS.least), PROBE_MS.most));
  const canary = createCanary((await readDistrust(db.for("loop_read_trust"), source.name)) !== undefined);
  const planner = createPlanner({
    orm: db.for("loop_schedule"),
    write: leader.write,
    source: source.name,
    limits: () => ({
      minMs: config.checkIntervalMs,
      maxMs: config.maxCheckIntervalMs,
      requestsPerMs: budget.checksPerMs(),
    }),
    planned: tellPlan,
  });
  let toldMinutes: number | undefined;
  const get = (purpose: "lookup" | "check") =>
    fetcher.within(async (signal) => {
      const end = metrics.sourceBudgetWait.startTimer({ source: source.name, purpose });
      await budget.take(purpose, signal).finally(end);
    });
  return { site: { source, budget, circuit, canary, planner, get }, close: fetcher.close };

  /** Told when it changes: that the budget allows less than the operator's shortest period. */
  function tellPlan({ multiplier, stretch, load, limits }: Plan, streamers: number, cost: number) {
    metrics.scheduleStretch.set({ source: source.name }, stretch);
    metrics.scheduleLoad.set({ source: source.name }, load);
    const minutes = (ms: number) => Math.round(ms / MINUTE_MS) || 1;
    const about = multiplier === 0 ? minutes(limits.minMs) : minutes((streamers * cost) / limits.requestsPerMs);
    if (about === toldMinutes) return;
    toldMinutes = about;
    if (multiplier === 0) return;
    const fields = {
      ...{ source: source.name, streamers, stretch: rounded(stretch), requests_per_look: rounded(cost) },
      ...{ interval_ms: about * MINUTE_MS, wanted_ms: limits.minMs, term: leader.term.epoch },
    };
    if (stretch > 1)
      log.warn(fields, "looks come later than MAX_CHECK_INTERVAL_SECONDS: the request budget is too small");
    else log.info(fields, "looks come later than CHECK_INTERVAL_SECONDS: the request budget is too small");
  }
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
