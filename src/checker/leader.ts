import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { acquireLock, fencedBatch, LockLost, type LockRow, readLock, releaseLock, type Term } from "../db/lock.ts";
import type { Result, Statement } from "../db/sql.ts";

/** What the work of a leader needs to know of its leadership. */
export type Leader = {
  term: Term;
  /** Aborted when the process stops or the lock is lost: begin nothing new. */
  signal: AbortSignal;
  /** True while nobody else can have taken over: to be asked right before anything that cannot be taken back. */
  trusted(): boolean;
  /**
   * Writes in one transaction in the name of the term; `query` labels it in the metrics.
   * @throws {LockLost} when the term is over; nothing was written then
   */
  write(query: string, build: (orm: Orm) => Statement[]): Promise<Result[]>;
};

export type LeaderEvent =
  | { kind: "acquired"; term: Term }
  | { kind: "held"; by: string; untilMs: number }
  | { kind: "lost"; term: Term; reason: string }
  | { kind: "released"; term: Term }
  | { kind: "heartbeat_failed"; error: unknown }
  | { kind: "unreadable"; error: unknown };

export type LeadOptions = {
  orm: (query: string) => Orm;
  instanceId: string;
  heartbeatMs: number;
  staleMs: number;
  tell: (event: LeaderEvent) => void;
  /** Told whenever the row has been seen: how old its heartbeat was, in ms. */
  seen?: (ageMs: number) => void;
};

/** How often a stand-by looks at the lock, in ms: a graceful stop is noticed within this. */
const STANDBY_POLL_MS = 1_000;

/**
 * Stands by until the lock is free or stale, then runs `work` as the leader, for ever, until the signal aborts.
 * `work` ends when its signal aborts, after whatever it must finish; the lock is released after it. When it ends by
 * throwing, the lock is released and the error passed on.
 */
export async function lead(options: LeadOptions, work: (leader: Leader) => Promise<void>, signal: AbortSignal) {
  while (!signal.aborted) {
    const taken = await standBy(options, signal);
    if (taken !== undefined) await serve(options, taken, work, signal);
  }
}

type Taken = { term: Term; since: number };

async function standBy({ orm, instanceId, heartbeatMs, staleMs, tell, seen }: LeadOptions, signal: AbortSignal) {
  const db = orm("loop_standby");
  let watched: { row: LockRow; since: number } | undefined;
  while (!signal.aborted) {
    try {
      const since = performance.now();
      const row = await readLock(db);
      seen?.(row.ageMs);
      if (watched?.row.epoch !== row.epoch || watched.row.lastHeartbeat !== row.lastHeartbeat) {
        if (row.instanceId !== "" && (watched === undefined || watched.row.epoch !== row.epoch)) {
          tell({
            kind: "held",
            by: row.instanceId,
            untilMs: Math.max(staleMs - Math.abs(row.ageMs), 1.25 * heartbeatMs),
          });
        }
        watched = { row, since };
      }
      // A clock that jumped makes a living leader look stale; one whose row does not change is dead by any clock.
      const stale = Math.abs(row.ageMs) >= staleMs && since - watched.since >= 1.25 * heartbeatMs;
      if (row.instanceId === "" || stale) {
        const term = await acquireLock(db, instanceId, row, staleMs);
        if (term !== undefined) return { term, since };
      }
    } catch (error) {
      tell({ kind: "unreadable", error });
    }
    await pause(Math.min(STANDBY_POLL_MS, heartbeatMs / 2), signal);
  }
  return undefined;
}

async function serve(
  { orm, heartbeatMs, staleMs, tell, seen }: LeadOptions,
  { term, since }: Taken,
  work: (leader: Leader) => Promise<void>,
  signal: AbortSignal,
) {
  const over = new AbortController();
  const done = new AbortController();
  let trustedUntil = since + trustMs(staleMs);
  const trusted = () => !over.signal.aborted && !done.signal.aborted && performance.now() < trustedUntil;
  const lose = (reason: string) => {
    if (over.signal.aborted) return;
    over.abort(new LockLost(reason));
    tell({ kind: "lost", term, reason });
  };
  const write: Leader["write"] = async (query, build) => {
    if (!trusted()) {
      if (!done.signal.aborted) lose("no heartbeat succeeded within the trust window");
      throw new LockLost(`term ${term.epoch} is not trusted any more`);
    }
    const db = orm(query);
    try {
      return await fencedBatch(db, term, build(db));
    } catch (error) {
      if (error instanceof LockLost) lose("another instance holds the lock");
      throw error;
    }
  };

  const beat = async () => {
    let failures = 0;
    while (!done.signal.aborted && !over.signal.aborted) {
      await pause(failures === 0 ? heartbeatMs : Math.min(1_000 * 2 ** (failures - 1), heartbeatMs), done.signal);
      if (done.signal.aborted || over.signal.aborted) return;
      const start = performance.now();
      try {
        await write("loop_heartbeat", () => []);
        trustedUntil = start + trustMs(staleMs);
        failures = 0;
        seen?.(0);
      } catch (error) {
        failures++;
        if (!(error instanceof LockLost)) tell({ kind: "heartbeat_failed", error });
      }
    }
  };
  // Runs late after a pause of the whole process, which is when it matters: trusted() is asked besides.
  const watch = async () => {
    while (!done.signal.aborted && !over.signal.aborted) {
      await pause(Math.max(trustedUntil - performance.now(), 10), done.signal);
      if (performance.now() >= trustedUntil) lose("no heartbeat succeeded within the trust window");
    }
  };

  tell({ kind: "acquired", term });
  const watching = Promise.all([beat(), watch()]);
  try {
    await work({ term, signal: AbortSignal.any([signal, over.signal, done.signal]), trusted, write });
  } finally {
    done.abort();
    await watching;
    if (!over.signal.aborted) {
      // Failing here only costs time: the lock goes stale by itself.
      await releaseLock(orm("loop_release"), term).then(
        () => tell({ kind: "released", term }),
        (error: unknown) => tell({ kind: "heartbeat_failed", error }),
      );
    }
  }
}

/** A leader stops trusting its lease a quarter of it before anybody else may take it. */
const trustMs = (staleMs: number) => (staleMs * 3) / 4;

async function pause(ms: number, signal: AbortSignal) {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
