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
  /** Another instance leads; unless its heartbeat goes on, it may be followed in `untilMs`. */
  | { kind: "held"; by: string; epoch: number; untilMs: number }
  | { kind: "lost"; term: Term; reason: string }
  | { kind: "released"; term: Term }
  | { kind: "heartbeat_failed"; error: unknown }
  | { kind: "release_failed"; error: unknown }
  /** A stand-by could not read or take the lock. */
  | { kind: "unreachable"; error: unknown };

export type LeadOptions = {
  orm: (query: string) => Orm;
  /** New for each process: a term is never mistaken for that of an earlier one. */
  instanceId: string;
  heartbeatMs: number;
  staleMs: number;
  /** How long the work may go on after its signal has aborted, in ms. */
  finishMs: number;
  tell: (event: LeaderEvent) => void;
  /** Told whenever the row has been seen: how old its heartbeat was, in ms. */
  seen?: (ageMs: number) => void;
};

type Work = (leader: Leader) => Promise<void>;

/** How often a stand-by looks at the lock, in ms: a graceful stop is noticed within this. */
const STANDBY_POLL_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
/** A release that fails is tried again within this: a lock that is given back spares everybody the wait for it to go stale. */
const RELEASE_MS = 2_000;
const RELEASE_RETRY_MS = 250;

/**
 * Stands by until the lock is free or stale, then runs `work` as the leader, for ever, until the signal aborts.
 * `work` ends when its signal aborts, after whatever it must finish; the lock is released after it.
 * @throws what `work` throws, and an Error when it does not end in time; the lock is released before
 */
export async function lead(options: LeadOptions, work: Work, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const taken = await standBy(options, signal);
    if (taken !== undefined) await serve(options, taken, work, signal);
  }
}

type Taken = { term: Term; since: number };

async function standBy(options: LeadOptions, signal: AbortSignal): Promise<Taken | undefined> {
  const { orm, instanceId, heartbeatMs, staleMs, tell, seen } = options;
  const db = orm("loop_standby");
  let watched: { row: LockRow; at: number } | undefined;
  while (!signal.aborted) {
    try {
      const now = performance.now();
      const row = await readLock(db);
      seen?.(row.ageMs);
      // Our own: a term that was lost without a release, or taken by a write whose answer never came.
      const isFree = row.instanceId === "" || row.instanceId === instanceId;
      if (watched?.row.epoch !== row.epoch || watched.row.lastHeartbeat !== row.lastHeartbeat) {
        if (!isFree && watched?.row.epoch !== row.epoch) {
          const untilMs = Math.max(staleMs - Math.abs(row.ageMs), 1.25 * heartbeatMs);
          tell({ kind: "held", by: row.instanceId, epoch: row.epoch, untilMs });
        }
        watched = { row, at: performance.now() };
      }
      // A clock that jumped makes a living leader look stale, or a dead one fresh; but a living one changes its row.
      const unchangedMs = now - watched.at;
      const isDead = unchangedMs >= staleMs;
      const isStale = Math.abs(row.ageMs) >= staleMs && unchangedMs >= 1.25 * heartbeatMs;
      if (isFree || isDead || isStale) {
        const term = await acquireLock(db, instanceId, row, isDead ? 0 : staleMs);
        if (term !== undefined) return { term, since: now };
      }
    } catch (error) {
      tell({ kind: "unreachable", error });
    }
    await pause(Math.min(STANDBY_POLL_MS, heartbeatMs / 2), signal);
  }
  return undefined;
}

async function serve(options: LeadOptions, { term, since }: Taken, work: Work, signal: AbortSignal): Promise<void> {
  const { orm, heartbeatMs, staleMs, finishMs, tell, seen } = options;
  const over = new AbortController();
  const done = new AbortController();
  let trustedUntil = since + trustMs(staleMs);
  const isServing = () => !over.signal.aborted && !done.signal.aborted;
  const trusted = () => isServing() && performance.now() < trustedUntil;
  const lose = (reason: string) => {
    if (!isServing()) return;
    over.abort(new LockLost(reason));
    tell({ kind: "lost", term, reason });
  };
  const write: Leader["write"] = async (query, build) => {
    if (!trusted()) {
      lose("no heartbeat succeeded within the trust window");
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
    for (let failures = 0; isServing(); ) {
      await pause(
        failures === 0 ? heartbeatMs : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), heartbeatMs),
        done.signal,
      );
      if (!isServing()) return;
      const start = performance.now();
      try {
        await write("loop_heartbeat", () => []);
        trustedUntil = start + trustMs(staleMs);
        failures = 0;
        seen?.(0);
      } catch (error) {
        failures++;
        if (isServing()) tell({ kind: "heartbeat_failed", error });
      }
    }
  };
  // Runs late after a pause of the whole process, which is when it matters: trusted() is asked besides.
  const watch = async () => {
    while (isServing()) {
      await pause(Math.max(trustedUntil - performance.now(), 10), done.signal);
      if (performance.now() >= trustedUntil) lose("no heartbeat succeeded within the trust window");
    }
  };
  const release = async () => {
    for (const start = performance.now(); ; await sleep(RELEASE_RETRY_MS)) {
      try {
        if (await releaseLock(orm("loop_release"), term)) tell({ kind: "released", term });
        return;
      } catch (error) {
        if (performance.now() - start < RELEASE_MS) continue;
        // That only costs time: the lock goes stale by itself.
        tell({ kind: "release_failed", error });
        return;
      }
    }
  };

  tell({ kind: "acquired", term });
  seen?.(0);
  const keeping = Promise.all([beat(), watch()]);
  const ending = AbortSignal.any([signal, over.signal]);
  try {
    await endingInTime(work({ term, signal: ending, trusted, write }), ending, finishMs);
  } finally {
    done.abort();
    await Promise.all([release(), keeping]);
  }
}

/** A leader stops trusting its lease a quarter of it before anybody else may take it. */
const trustMs = (staleMs: number) => (staleMs * 3) / 4;

/** Work that hangs after its signal would neither lead nor stand by, for ever: it is an error, and a new process the cure. */
async function endingInTime(work: Promise<void>, signal: AbortSignal, finishMs: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer = setTimeout(
      () => late.reject(new Error(`the leader's work went on ${finishMs} ms after its end`)),
      finishMs,
    );
  };
  if (signal.aborted) begin();
  else signal.addEventListener("abort", begin, { once: true });
  try {
    await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener("abort", begin);
    clearTimeout(timer);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
