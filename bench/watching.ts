import { createBudget } from "../src/checker/budget.ts";
import { createCanary } from "../src/checker/canary.ts";
import { type CheckReport, createCheck } from "../src/checker/check.ts";
import { runChecks } from "../src/checker/checks.ts";
import { createCircuit } from "../src/checker/circuit.ts";
import { createFetcher } from "../src/checker/fetcher.ts";
import { type Leader, lead } from "../src/checker/leader.ts";
import { createPlanner } from "../src/checker/planner.ts";
import type { Site } from "../src/checker/site.ts";
import { fetta } from "../src/checker/sources/fetta.ts";
import type { Database } from "../src/db/client.ts";
import { writeBudget } from "../src/db/source-states.ts";
import { dueStreamers } from "../src/db/streamers.ts";

/** Requests a minute: more than can be made. */
const NO_BUDGET = 1_000_000_000;
/** The least that an operator can set; and, since it is the schedule that says so, every streamer is always due. */
const INTERVAL_MS = 1_000;
const PERIOD_MS = 1;

type Watching = {
  baseUrl: string;
  concurrency: number;
  /** For so long, and one check at least. */
  forMs: number;
};

/** Leads, and checks all streamers again and again as the bot does; gives how many checks, and how long they took. */
export async function watchFor(
  db: Database,
  { baseUrl, concurrency, forMs }: Watching,
): Promise<{ checks: number; seconds: number }> {
  let [checks, seconds] = [0, 0];
  await lookAfter(db, { baseUrl, concurrency }, async (site, leader, stop) => {
    const start = performance.now();
    const stopInTime = () => {
      if (checks > 0 && performance.now() - start >= forMs) stop.abort();
    };
    const timer = setTimeout(stopInTime, forMs);
    const report = (check: CheckReport) => {
      if (leader.signal.aborted) return;
      assertRead(check);
      checks++;
      seconds = (performance.now() - start) / 1000;
      stopInTime();
    };
    const given = { orm: db.for, site, intervalMs: INTERVAL_MS, concurrency, report, owed: () => {} };
    let failure: unknown;
    const failed = (error: unknown) => {
      failure ??= error;
      stop.abort();
    };
    await runChecks({ ...given, failed }, leader);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
  });
  return { checks, seconds };
}

/** Checks one streamer after another until so many lists were unchanged; gives what `count` counted for each of those. */
export async function countForUnchanged(
  db: Database,
  { baseUrl, unchanged, count }: { baseUrl: string; unchanged: number; count: () => Promise<number> },
): Promise<number[]> {
  const counted: number[] = [];
  await lookAfter(db, { baseUrl, concurrency: 1 }, async (site, leader, stop) => {
    const check = createCheck(site, leader);
    const due = { source: site.source.name, limit: 1, running: [], longestMs: Number.MAX_SAFE_INTEGER };
    while (counted.length < unchanged) {
      for (const streamer of await dueStreamers(db.for("loop_due_streamers"), due)) {
        const before = await count();
        const done = await check(streamer);
        assertRead(done);
        if (done.outcome === "unchanged") counted.push((await count()) - before);
      }
    }
    stop.abort();
  });
  return counted;
}

/** Leads, with a site whose budget is out of the way, until `stop` aborts. */
async function lookAfter(
  db: Database,
  { baseUrl, concurrency }: { baseUrl: string; concurrency: number },
  work: (site: Site, leader: Leader, stop: AbortController) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const fetcher = createFetcher({ baseUrl, connections: concurrency });
  const lock = { instanceId: "bench", heartbeatMs: 20_000, staleMs: 60_000, finishMs: 10_000, tell: () => {} };
  try {
    await lead(
      { orm: db.for, ...lock },
      (leader) => work(openSite(db, leader, fetcher.within), leader, stop),
      stop.signal,
    );
  } finally {
    await fetcher.close();
  }
}

function assertRead({ outcome, reason }: CheckReport): void {
  if (reason !== undefined) throw new Error(`a look was ${outcome}: ${reason}`);
}

function openSite(db: Database, leader: Leader, within: ReturnType<typeof createFetcher>["within"]): Site {
  const budget = createBudget({
    perMinute: NO_BUDGET,
    spent: { requests: [], pausedMs: 0, slowness: 1, slowedAgoMs: 0 },
    save: async (spent) => {
      await leader.write("loop_save_budget", (orm) => [writeBudget(orm, fetta.name, spent)]);
    },
  });
  const limits = { minMs: PERIOD_MS, maxMs: PERIOD_MS };
  const planner = createPlanner({
    ...{ orm: db.for("loop_schedule"), write: leader.write, source: fetta.name, planned: () => {} },
    limits: () => ({ ...limits, requestsPerMs: budget.checksPerMs() }),
  });
  return {
    ...{ source: fetta, budget, planner, circuit: createCircuit(1_000), canary: createCanary(false) },
    get: (purpose) => within((signal) => budget.take(purpose, signal)),
  };
}
