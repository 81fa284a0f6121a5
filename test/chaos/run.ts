import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "../../src/db/orm.ts";
import { pending, readRows } from "./audit.ts";
import { balance } from "./ledger.ts";
import type { Report } from "./report.ts";
import { INSTANCES, type Stage, setStage } from "./stage.ts";
import { verdict } from "./verdict.ts";

export type ChaosOptions = {
  seed: number;
  minutes: number;
  /** A line every few seconds. */
  progress: (line: string) => void;
  /** Ends it at once. */
  signal?: AbortSignal;
};

export type Outcome = {
  report: Report;
  /** The folder with the database and the logs of a run that failed. */
  kept?: string;
};

const PROGRESS_MS = 5_000;
const START_MS = 60_000;
const DRAIN_MS = 400_000;
/** A message whose outcome is unknown waits for two minutes at most: what has not moved for longer is stuck. */
const STUCK_MS = 150_000;
/** Nothing is on its way any more; the lists are looked at once more, even when the site refused us for a while. */
const SILENT_MS = 40_000;
/** After the last message is recorded, a stray one might still come. */
const CALM_MS = 3_000;

/**
 * Lets several instances work while everything around them breaks, then stops breaking it, waits until all is delivered,
 * and counts. Nothing is left behind, but for what a run that failed was about.
 * @throws the signal's reason when it aborts
 */
export async function runChaos({ seed, minutes, progress, signal }: ChaosOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), `wishbell-chaos-${seed}-`));
  let isKept = false;
  try {
    await using stage = await setStage(seed, folder);
    const { cluster, telegram, telegramTrouble, nemesis, site, changes, people, reign, vitals } = stage;
    const say = narrator(stage, progress);
    const over = new AbortController();
    using cleanup = new DisposableStack();
    cleanup.defer(() => over.abort());
    const watching = Promise.all([reign.run(over.signal), vitals.run(over.signal)]);
    const telling = setInterval(say, PROGRESS_MS);
    cleanup.defer(() => clearInterval(telling));

    for (const { person, group } of stage.cast.places)
      telegram.say("/start", { from: person, ...(group && { chat: group }) });
    const isUp = () => cluster.running().length === INSTANCES && telegram.pending() === 0 && reign.holder() !== "";
    if (!(await until(isUp, START_MS, signal))) {
      const found = cluster.findings.map(({ what }) => what).slice(0, 3);
      throw new Error(["the instances are not up after a minute", ...found].join("\n"));
    }

    const end = AbortSignal.timeout(Math.round(minutes * 60_000));
    const storm = signal === undefined ? end : AbortSignal.any([end, signal]);
    telegramTrouble.begin();
    await Promise.all([nemesis, site, changes, people].map((lane) => lane.run(storm)));
    telegramTrouble.end();

    say("no more faults: waiting until all is told");
    const calm = performance.now();
    await sleep(CALM_MS, undefined, { signal });
    await hurry(stage);
    await until(draining(stage), DRAIN_MS, signal);
    const drainMs = Math.round(performance.now() - calm);
    await sleep(CALM_MS, undefined, { signal });
    say();
    over.abort();
    await watching;
    await cluster.close("SIGTERM");

    const report = await verdict(stage, { seed, minutes, drainMs });
    if (report.failures.length === 0) return { report };
    isKept = true;
    await keep(stage, folder);
    return { report, kept: folder };
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}

/** What had no answer twice waits for two minutes. Nothing fails any more: the run need not. */
async function hurry({ db }: Stage): Promise<void> {
  await db.for("chaos").run(sql`UPDATE outbox SET next_at = 0 WHERE state = 'pending' AND uncertain > 1`);
}

/** Whether all that is owed has arrived, or nothing more is to be expected. */
function draining({ db, people, wishes, follows, witness }: Stage): () => Promise<boolean> {
  let seen = "";
  let changedAt = performance.now();
  return async () => {
    const { owed, lookups } = await pending(db);
    const left = owed + lookups + people.waiting().length;
    const now = `${left} ${witness.told.length}`;
    if (now !== seen) changedAt = performance.now();
    seen = now;
    if (left > 0) return performance.now() - changedAt > STUCK_MS;
    const { lost } = balance({ wishes: wishes.all, follows, told: witness.told, rows: await readRows(db) });
    return lost.length === 0 || performance.now() - changedAt > SILENT_MS;
  };
}

/** Writes down what is needed to find out why. */
async function keep({ cluster, wishes, follows, witness, ...stage }: Stage, folder: string): Promise<void> {
  const { terms, takeovers } = stage.reign;
  const seen = { told: witness.told, sends: witness.sends(), unknowns: stage.unknowns };
  const history = {
    wishes: wishes.all,
    follows,
    ...seen,
    terms,
    takeovers,
    hits: stage.nemesis.hits,
    traces: stage.traces,
  };
  await writeFile(join(folder, "history.json"), JSON.stringify(history));
  await cluster.saveLogs(folder);
}

/** Tells in a line how far it is. */
function narrator(stage: Stage, progress: (line: string) => void): (remark?: string) => void {
  const { cluster, reign, nemesis, site, changes, people, witness, wishes, follows } = stage;
  const started = performance.now();
  return (remark) => {
    const time = new Date(performance.now() - started).toISOString().slice(14, 19);
    if (remark !== undefined) return progress(`${time}  ${remark}`);
    const { kills, stops, sigterms, stalls } = nemesis.counts;
    const { events, lost } = balance({ wishes: wishes.all, follows, told: witness.told, rows: [] });
    const leader = cluster.slots.find(({ instance }) => instance !== undefined && instance.id === reign.holder());
    const parts = [
      `term ${reign.epoch()}, ${leader === undefined ? "no leader" : `leader ${leader.n}`}, ${cluster.running().length}/${INSTANCES} run`,
      `${kills} kills, ${stops} stops, ${sigterms} sigterms, ${stalls} stalls, ${site.counts.site} troubles of the site`,
      `${changes.counts.changes} changes, ${witness.told.length} messages, ${events} events, ${lost.length} of them not told by name yet`,
      `${people.counts.answered}/${people.counts.asked} commands answered`,
    ];
    progress(`${time}  ${parts.join(" · ")}`);
  };
}

async function until(
  isDone: () => Promise<boolean> | boolean,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const late = performance.now() + ms; performance.now() < late; ) {
    if (await isDone()) return true;
    await sleep(250, undefined, { signal });
  }
  return false;
}
