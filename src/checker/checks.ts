import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import { dueStreamers } from "../db/streamers.ts";
import { type CheckReport, createCheck } from "./check.ts";
import type { Leader } from "./leader.ts";
import type { Site } from "./site.ts";

export type ChecksOptions = {
  orm: (query: string) => Orm;
  site: Site;
  intervalMs: number;
  concurrency: number;
  report: (check: CheckReport) => void;
  /** Something is owed now: the sender need not wait for its next turn. */
  owed: () => void;
  failed: (error: unknown) => void;
};

/** A check that cannot be written stays due: while a disk is full, it would fail hundreds of times a second. */
const UNRECORDED_REST_MS = 5_000;

/** Looks at the streamers of one site as they fall due, until the leader's signal aborts; then finishes without recording. */
export async function runChecks(options: ChecksOptions, leader: Leader): Promise<void> {
  const { orm, site, intervalMs, concurrency, report, owed, failed } = options;
  const { source, circuit, planner } = site;
  const check = createCheck(site, leader);
  const running = new Map<number, Promise<void>>();
  const pollMs = Math.min(1_000, intervalMs / 4);
  while (!leader.signal.aborted) {
    const limit = circuit.isOpen() ? 1 - running.size : concurrency - running.size;
    if (limit > 0) {
      try {
        await planner.refresh();
        const query = { source: source.name, limit, running: [...running.keys()], longestMs: 2 * planner.longestMs() };
        for (const streamer of await dueStreamers(orm("loop_due_streamers"), query)) {
          if (!circuit.admits(performance.now())) break;
          const ended = check(streamer)
            .then((done) => {
              report(done);
              if (done.added > 0) owed();
            })
            .catch(async (error: unknown) => {
              if (leader.signal.aborted || error instanceof LockLost) return;
              failed(error);
              await sleep(UNRECORDED_REST_MS, undefined, { signal: leader.signal }).catch(() => undefined);
            })
            .finally(() => running.delete(streamer.id));
          running.set(streamer.id, ended);
        }
      } catch (error) {
        failed(error);
      }
    }
    // A full house goes on with the first that ends; otherwise the next may fall due at any time.
    const turn = sleep(pollMs, undefined, { signal: leader.signal }).catch(() => undefined);
    await Promise.race([turn, ...running.values()]);
  }
  await Promise.all(running.values());
}
