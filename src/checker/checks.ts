import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import { sql } from "../db/orm.ts";
import { countAdded, recordSnapshot } from "../db/snapshots.ts";
import { type DueStreamer, dueStreamers, recordFailedCheck } from "../db/streamers.ts";
import type { Leader } from "./leader.ts";
import type { Site } from "./site.ts";
import type { Failure, Look } from "./source.ts";

/** How one check went, for the log and the metrics. */
export type CheckReport = {
  source: string;
  streamerId: number;
  outcome: Look["outcome"];
  reason?: string | undefined;
  added: number;
  seconds: number;
  lateMs: number;
};

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

/** The longest wait between two looks at a streamer that fails by its own fault. */
const MAX_BACKOFF_MS = 24 * 3_600_000;

/** Looks at the streamers of one site as they fall due, until the leader's signal aborts; then finishes without recording. */
export async function runChecks(options: ChecksOptions, leader: Leader): Promise<void> {
  const { orm, site, intervalMs, concurrency, failed } = options;
  const running = new Map<number, Promise<void>>();
  const pollMs = Math.min(1_000, intervalMs / 4);
  while (!leader.signal.aborted) {
    const limit = site.circuit.isOpen() ? 1 - running.size : concurrency - running.size;
    if (limit > 0) {
      try {
        const query = { source: site.source.name, limit, running: [...running.keys()], intervalMs };
        for (const streamer of await dueStreamers(orm("loop_due_streamers"), query)) {
          if (!site.circuit.admits(performance.now())) break;
          const check = checkStreamer(options, leader, streamer)
            .catch((error: unknown) => {
              if (!leader.signal.aborted && !(error instanceof LockLost)) failed(error);
            })
            .finally(() => running.delete(streamer.id));
          running.set(streamer.id, check);
        }
      } catch (error) {
        failed(error);
      }
    }
    // A full house goes on with the first that ends; otherwise the next may fall due at any time.
    const turn = sleep(pollMs, undefined, { signal: leader.signal }).catch(() => undefined);
    await (running.size >= concurrency
      ? Promise.race([turn, ...running.values()])
      : Promise.race([turn, settled(running)]));
  }
  await Promise.all(running.values());
}

/** Resolves with the first of the running checks; never, when there is none. */
function settled(running: Map<number, Promise<void>>): Promise<void> {
  return running.size === 0 ? new Promise(() => undefined) : Promise.race(running.values());
}

async function checkStreamer(options: ChecksOptions, leader: Leader, streamer: DueStreamer): Promise<void> {
  const { site, intervalMs, report, owed } = options;
  const start = performance.now();
  const first = streamer.isBaseline;
  const look = await site.source.look(site.get("check"), streamer.ownerId, { first }, leader.signal);
  const added = await recordLook(look);
  const seconds = (performance.now() - start) / 1000;
  const reason = "reason" in look ? look.reason : undefined;
  const { id: streamerId, lateMs } = streamer;
  report({ source: site.source.name, streamerId, outcome: look.outcome, reason, added, seconds, lateMs });
  if (added > 0) owed();

  async function recordLook(look: Look): Promise<number> {
    switch (look.outcome) {
      case "complete":
      case "empty": {
        site.circuit.succeeded();
        return countAdded(
          await leader.write("loop_record_check", (orm) =>
            recordSnapshot(orm, sql`SELECT ${streamer.id}`, look.items, intervalMs),
          ),
        );
      }
      default:
        await recordFailure(look);
        return 0;
    }
  }

  async function recordFailure(failure: Failure): Promise<void> {
    // While nothing else works either, it is the site that fails, and no streamer waits longer for it.
    const own = site.circuit.works();
    site.circuit.failed();
    if (failure.retryAfterMs !== undefined) await site.budget.pause(failure.retryAfterMs);
    const factor = own ? 2 ** Math.min(streamer.failures, 20) : 1;
    await leader.write("loop_record_failure", (orm) => [
      recordFailedCheck(orm, streamer.id, {
        intervalMs: Math.max(intervalMs, Math.min(intervalMs * factor, MAX_BACKOFF_MS)),
        own,
      }),
    ]);
  }
}
