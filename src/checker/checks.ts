import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import { type DueStreamer, dueStreamers } from "../db/streamers.ts";
import { type CheckReport, createCheck } from "./check.ts";
import type { Leader } from "./leader.ts";
import type { Site } from "./site.ts";

export type ChecksOptions = {
  orm: (query: string) => Orm;
  site: Site;
  intervalMs: number;
  /** Looks at a time. */
  concurrency: number;
  report: (check: CheckReport) => void;
  /** Something is owed now: the sender need not wait for its next turn. */
  owed: () => void;
  failed: (error: unknown) => void;
};

/** A check that cannot be written stays due: while a disk is full, it would fail hundreds of times a second. */
const UNRECORDED_REST_MS = 5_000;
/** The next look begins while the last one is recorded: checks under way at most, those being recorded included. */
const mostChecks = (concurrency: number) => 3 * concurrency;

/** Looks at the streamers of one site as they fall due, until the leader's signal aborts; then finishes without recording. */
export async function runChecks(options: ChecksOptions, leader: Leader): Promise<void> {
  const { orm, site, intervalMs, concurrency, report, owed, failed } = options;
  const { source, circuit, planner } = site;
  const check = createCheck(site, leader);
  const running = new Map<number, Promise<void>>();
  let freed = Promise.withResolvers<void>();
  const looking = new Set<number>();
  const mostNow = () => Math.min(concurrency - looking.size, mostChecks(concurrency) - running.size);
  const pollMs = Math.min(1_000, intervalMs / 4);
  let due: DueStreamer[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  /** Read as many at once as there are looks at a time: a query for each would cost as much as the look. */
  async function nextDue(count: number): Promise<DueStreamer[]> {
    if (due.length === 0 || performance.now() - readAt > pollMs) {
      readAt = performance.now();
      const [limit, longestMs] = [concurrency, 2 * planner.longestMs()];
      const query = { source: source.name, limit, running: [...running.keys()], longestMs };
      due = await dueStreamers(orm("loop_due_streamers"), query);
    }
    return due.splice(0, count);
  }

  while (!leader.signal.aborted) {
    const limit = circuit.isOpen() ? 1 - running.size : mostNow();
    if (limit > 0) {
      try {
        await planner.refresh();
        for (const streamer of await nextDue(limit)) {
          if (!circuit.admits(performance.now())) break;
          looking.add(streamer.id);
          const looked = () => {
            looking.delete(streamer.id);
            freed.resolve();
          };
          const ended = check(streamer, looked)
            .then((done) => {
              report(done);
              if (done.added > 0) owed();
            })
            .catch(async (error: unknown) => {
              if (leader.signal.aborted || error instanceof LockLost) return;
              failed(error);
              await sleep(UNRECORDED_REST_MS, undefined, { signal: leader.signal }).catch(() => undefined);
            })
            .finally(() => {
              running.delete(streamer.id);
              looked();
            });
          running.set(streamer.id, ended);
        }
      } catch (error) {
        failed(error);
      }
    }
    // A full house goes on with the first that ends; otherwise the next may fall due at any time.
    const turn = sleep(pollMs, undefined, { signal: leader.signal }).catch(() => undefined);
    await Promise.race([turn, freed.promise]);
    freed = Promise.withResolvers();
  }
  await Promise.all(running.values());
}
