import type { SpentBudget } from "../db/source-states.ts";

/** A little more than the minute of the promise: requests do not arrive in the very rhythm in which they are granted. */
const WINDOW_MS = 61_000;
/** The rate is halved at most so often, down to 1/8, and doubled again after so long without a refusal: 9 min from 1/8. */
const SLOW_AGAIN_MS = 60_000;
const SLOWEST = 8;
const RECOVER_MS = 180_000;
/** What is noted ahead may be spent within this; who reads the notes counts it as spent at its end. */
const AHEAD_MS = 1_000;

export type Purpose = "lookup" | "check";

export type BudgetOptions = {
  perMinute: number;
  /** What earlier leaders have spent. */
  spent: SpentBudget;
  /** Notes what has been spent, before the requests go out: a crash must not make us forget them. */
  save: (spent: SpentBudget) => Promise<void>;
  now?: () => number;
};

/** What users' first looks have of the budget for themselves: max(3, 5 %), but never more than half. */
export function reserveOf(perMinute: number): number {
  return Math.min(Math.max(3, Math.ceil(perMinute / 20)), Math.floor(perMinute / 2));
}

/**
 * The politeness budget of one site: at most `perMinute` requests over any sliding minute, kept across leaders. Users'
 * first looks go first, and a part of the budget is theirs alone. A site that refuses us is asked half as often, and
 * left alone for as long as it says.
 */
export function createBudget({ perMinute, spent, save, now = () => performance.now() }: BudgetOptions) {
  const granted: { at: number; count: number }[] = spent.requests
    .map(({ ageMs, count }) => ({ at: now() - ageMs, count }))
    .sort((a, b) => a.at - b.at);
  let pausedUntil = now() + spent.pausedMs;
  let slowness = spent.slowness;
  let slowedAt = now() - spent.slowedAgoMs;
  let changedAt = slowedAt;
  let ahead = { left: 0, until: 0 };
  const waiting: Record<Purpose, Waiter[]> = { lookup: [], check: [] };
  let timer: NodeJS.Timeout | undefined;
  let saving = false;

  let counted = granted.reduce((sum, { count }) => sum + count, 0);
  const grant = (count: number) => {
    granted.push({ at: now(), count });
    counted += count;
  };
  const used = () => {
    const since = now() - WINDOW_MS;
    while (granted[0] !== undefined && granted[0].at <= since) counted -= granted.shift()?.count ?? 0;
    return counted;
  };
  /** Requests a minute now. */
  const rate = () => {
    while (slowness > 1 && now() - changedAt >= RECOVER_MS) {
      slowness /= 2;
      changedAt += RECOVER_MS;
    }
    return Math.max(Math.floor(perMinute / slowness), 1);
  };
  const limitOf = (purpose: Purpose) => rate() - (purpose === "lookup" ? 0 : reserveOf(rate()));
  const state = (more = 0): SpentBudget => ({
    requests: [...granted, { at: now(), count: more }].map(({ at, count }) => ({ ageMs: now() - at, count })),
    pausedMs: Math.max(pausedUntil - now(), 0),
    slowness,
    slowedAgoMs: now() - changedAt,
  });

  /** Those who may go now: lookups first, each kind up to its limit. */
  function admit(): Waiter[] {
    if (now() < pausedUntil) return [];
    let spentNow = used();
    const admitted: Waiter[] = [];
    for (const purpose of ["lookup", "check"] as const) {
      const free = Math.max(limitOf(purpose) - spentNow, 0);
      const taken = waiting[purpose].splice(0, free);
      spentNow += taken.length;
      admitted.push(...taken);
    }
    return admitted;
  }

  /** Notes the newest grants, and a second's worth ahead: then the next ones need not be noted one by one. */
  async function note(count: number): Promise<void> {
    if (count <= ahead.left && now() < ahead.until) {
      ahead.left -= count;
      return;
    }
    const more = Math.max(Math.floor(rate() / 60) - count, 0);
    ahead = { left: 0, until: now() + AHEAD_MS };
    await save(state(more));
    ahead.left = more;
  }

  async function pump() {
    clearTimeout(timer);
    if (saving) return;
    saving = true;
    try {
      for (let admitted = admit(); admitted.length > 0; admitted = admit()) {
        grant(admitted.length);
        try {
          await note(admitted.length);
          // The site may have asked for silence meanwhile: then they have had their turn, and wait for another.
          if (now() < pausedUntil) for (const waiter of admitted.reverse()) waiting[waiter.purpose].unshift(waiter);
          else for (const waiter of admitted) waiter.resolve();
        } catch (error) {
          for (const waiter of admitted) waiter.reject(error);
        }
      }
    } finally {
      saving = false;
    }
    if (waiting.lookup.length + waiting.check.length > 0) timer = setTimeout(() => void pump(), untilNextMs());
  }

  function untilNextMs(): number {
    const oldest = granted[0];
    const free = oldest === undefined ? 0 : oldest.at + WINDOW_MS - now();
    return Math.max(pausedUntil - now(), Math.min(free, RECOVER_MS), 5);
  }

  return {
    /**
     * Waits until one request may go out, and counts it.
     * @throws the signal's reason when aborted, and what noting it threw: then it may not go out
     */
    take(purpose: Purpose, signal: AbortSignal): Promise<void> {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const cancel = () => {
          signal.removeEventListener("abort", cancel);
          waiting[purpose] = waiting[purpose].filter((other) => other !== waiter);
          reject(signal.reason);
        };
        const settled = () => signal.removeEventListener("abort", cancel);
        const waiter: Waiter = {
          purpose,
          resolve() {
            settled();
            resolve();
          },
          reject(error) {
            settled();
            reject(error);
          },
        };
        signal.addEventListener("abort", cancel);
        waiting[purpose].push(waiter);
        void pump();
      });
    },
    /** The site refused us (429, a captcha): half the rate, and silence for as long as it asked for, in ms. */
    async refused(retryAfterMs = 0): Promise<void> {
      rate();
      if (slowness === 1 || now() - slowedAt >= SLOW_AGAIN_MS) {
        slowness = Math.min(slowness * 2, SLOWEST);
        slowedAt = now();
      }
      changedAt = now();
      pausedUntil = Math.max(pausedUntil, now() + retryAfterMs);
      await save(state());
    },
    /** Requests that checks may make, a ms: what the schedule plans with. */
    checksPerMs: () => limitOf("check") / WINDOW_MS,
    /** For the metrics: requests in the last minute and allowed now, how long the site is left alone, by what the rate is divided. */
    state: () => ({ used: used(), perMinute: rate(), pausedMs: Math.max(pausedUntil - now(), 0), slowness }),
  };
}

type Waiter = { purpose: Purpose; resolve: () => void; reject: (error: unknown) => void };

export type Budget = ReturnType<typeof createBudget>;
