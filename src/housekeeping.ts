import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "./checker/leader.ts";
import { pruneBroadcasts } from "./db/broadcasts.ts";
import type { Orm } from "./db/client.ts";
import { LockLost } from "./db/lock.ts";
import { outboxState, pruneOutbox } from "./db/outbox.ts";
import { pruneUntracked } from "./db/trackings.ts";
import { countActiveUsers } from "./db/users.ts";
import { checkLagMs, countBlockedChats, oldestOwedMs } from "./db/vitals.ts";

/** How often the gauges that need a query are refreshed, and how often old rows are dropped, in ms. */
const GAUGES_MS = 15_000;
const PRUNE_MS = 600_000;
/** At a time: more would stand still for too long. When as many were there, the next are dropped with the next gauges. */
const PRUNE_ROWS = 500;
const KEEP_UNTRACKED_MS = 24 * 3_600_000;

/** Of all chats and messages together; how late the latest check of each source is. */
export type Counts = {
  activeUsers: number;
  blockedChats: number;
  owed: number;
  oldestOwedMs: number;
  lagsMs: Map<string, number>;
};

export type HousekeepingOptions = {
  orm: (query: string) => Orm;
  sources: string[];
  counted: (counts: Counts) => void;
  failed: (error: unknown) => void;
};

/** Counts what the metrics tell, and drops what nobody needs any more, until the leader's signal aborts. */
export async function keepHouse(
  { orm, sources, counted, failed }: HousekeepingOptions,
  { signal, write }: Leader,
): Promise<void> {
  let pruneAt = performance.now() + PRUNE_MS;
  while (!signal.aborted) {
    try {
      counted(await count(orm, sources));
      if (performance.now() >= pruneAt) {
        pruneAt = performance.now() + PRUNE_MS;
        const [dropped] = await write("loop_prune", (db) => [
          pruneOutbox(db, PRUNE_ROWS),
          pruneUntracked(db, KEEP_UNTRACKED_MS),
          ...pruneBroadcasts(db, PRUNE_ROWS),
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

async function count(orm: HousekeepingOptions["orm"], sources: string[]): Promise<Counts> {
  const { open: owed } = await outboxState(orm("loop_outbox_state"));
  const lagsMs = new Map<string, number>();
  for (const source of sources) lagsMs.set(source, await checkLagMs(orm("loop_check_lag"), source));
  return {
    activeUsers: await countActiveUsers(orm("loop_active_users")),
    blockedChats: await countBlockedChats(orm("loop_blocked_chats")),
    owed,
    oldestOwedMs: await oldestOwedMs(orm("loop_oldest_owed")),
    lagsMs,
  };
}
