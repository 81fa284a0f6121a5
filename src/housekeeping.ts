import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "./checker/leader.ts";
import { pruneBroadcasts } from "./db/broadcasts.ts";
import type { Orm } from "./db/client.ts";
import { LockLost } from "./db/lock.ts";
import { pruneLookups } from "./db/lookups.ts";
import { foldEvents, oldEvents } from "./db/old-events.ts";
import { outboxState, pruneOutbox } from "./db/outbox.ts";
import { forgetClosed, longClosed } from "./db/person.ts";
import { type DatabaseSize, readSize } from "./db/status.ts";
import { pruneUntracked } from "./db/trackings.ts";
import { countActiveUsers } from "./db/users.ts";
import { checkLagMs, countBlockedChats, oldestOwedMs } from "./db/vitals.ts";

/** How often the gauges that need a query are refreshed, and how often old rows are dropped, in ms. */
const GAUGES_MS = 15_000;
const PRUNE_MS = 600_000;
/**
 * At a time: more would stand still for too long. When as many rows were dropped, the next are dropped with the next
 * gauges. Nothing else is in such a hurry, so that a clock which is wrong for an hour folds 3,000 events too early, and
 * not the whole history.
 */
const PRUNE_ROWS = 500;
const FORGET_CHATS = 10;
const KEEP_UNTRACKED_MS = 24 * 3_600_000;

/** Of all chats and messages together; how late the latest check of each source is; how large the database is, if it tells. */
export type Counts = {
  activeUsers: number;
  blockedChats: number;
  owed: number;
  oldestOwedMs: number;
  lagsMs: Map<string, number>;
  size: DatabaseSize | undefined;
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
  let roundAt = performance.now() + PRUNE_MS;
  let hasMore = false;
  while (!signal.aborted) {
    try {
      counted(await count(orm, sources));
      const isRound = performance.now() >= roundAt;
      if (isRound) roundAt = performance.now() + PRUNE_MS;
      if (isRound || hasMore) hasMore = await dropOld(write);
      if (isRound) await foldOld(orm, write);
    } catch (error) {
      if (error instanceof LockLost) return;
      failed(error);
    }
    await sleep(GAUGES_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Drops a piece of what has had its time; gives whether as much again may be left. */
export async function dropOld(write: Leader["write"]): Promise<boolean> {
  const [dropped] = await write("loop_prune", (db) => [
    pruneOutbox(db, PRUNE_ROWS),
    pruneUntracked(db, KEEP_UNTRACKED_MS),
    pruneLookups(db),
    ...pruneBroadcasts(db, PRUNE_ROWS),
  ]);
  return dropped?.rowsAffected === PRUNE_ROWS;
}

/** Folds a piece of the history that is too old to be kept, and forgets some chats that have been closed for as long. */
export async function foldOld(orm: HousekeepingOptions["orm"], write: Leader["write"]): Promise<void> {
  const events = await oldEvents(orm("loop_old_events"), PRUNE_ROWS);
  if (events.length > 0) await write("loop_fold", (db) => foldEvents(db, events));
  const chats = await longClosed(orm("loop_long_closed"), FORGET_CHATS);
  if (chats.length > 0) await write("loop_forget", (db) => chats.flatMap((id) => forgetClosed(db, id)));
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
    size: await readSize(orm("loop_database_size")),
  };
}
