import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "./checker/leader.ts";
import type { Orm } from "./db/client.ts";
import { LockLost } from "./db/lock.ts";
import { outboxState, pruneOutbox } from "./db/outbox.ts";
import { pruneUntracked } from "./db/trackings.ts";
import { countActiveUsers } from "./db/users.ts";

/** How often the gauges that need a query are refreshed, and how often old rows are dropped, in ms. */
const GAUGES_MS = 15_000;
const PRUNE_MS = 600_000;
/** At a time: more would stand still for too long. When as many were there, the next are dropped with the next gauges. */
const PRUNE_ROWS = 500;
const KEEP_UNTRACKED_MS = 24 * 3_600_000;

export type HousekeepingOptions = {
  orm: (query: string) => Orm;
  counted: (state: { activeUsers: number; owed: number }) => void;
  failed: (error: unknown) => void;
};

/** Counts what the metrics tell, and drops what nobody needs any more, until the leader's signal aborts. */
export async function keepHouse(
  { orm, counted, failed }: HousekeepingOptions,
  { signal, write }: Leader,
): Promise<void> {
  let pruneAt = performance.now() + PRUNE_MS;
  while (!signal.aborted) {
    try {
      const { open } = await outboxState(orm("loop_outbox_state"));
      counted({ activeUsers: await countActiveUsers(orm("loop_active_users")), owed: open });
      if (performance.now() >= pruneAt) {
        pruneAt = performance.now() + PRUNE_MS;
        const [dropped] = await write("loop_prune", (db) => [
          pruneOutbox(db, PRUNE_ROWS),
          pruneUntracked(db, KEEP_UNTRACKED_MS),
        ]);
        if (dropped?.rowsAffected === PRUNE_ROWS) pruneAt = performance.now();
      }
    } catch (error) {
      if (error instanceof LockLost) return;
      failed(error);
    }
    await sleep(GAUGES_MS, undefined, { signal }).catch(() => undefined);
  }
}
