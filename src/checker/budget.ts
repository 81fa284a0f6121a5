import type { SpentBudget } from "../db/budgets.ts";

/** A little more than the minute of the promise: requests do not arrive in the very rhythm in which they are granted. */
const WINDOW_MS = 61_000;

export type Purpose = "lookup" | "check";

export type BudgetOptions = {
  perMinute: number;
  /** What earlier leaders have spent. */
  spent: SpentBudget;
  /** Notes what has been spent, before the requests go out: a crash must not make us forget them. */
  save: (spent: SpentBudget) => Promise<void>;
  now?: () => number;
};

/**
 * The politeness budget of one site: at most `perMinute` requests over any sliding minute, kept across leaders. Users'
 * first looks go first, and a part of the budget, max(3, 5 %) but never more than half, is theirs alone.
 */
export function createBudget({ perMinute, spent, save, now = () => performance.now() }: BudgetOptions) {
  const reserve = Math.min(Math.max(3, Math.ceil(perMinute / 20)), Math.floor(perMinute / 2));
  const granted: { at: number; count: number }[] = spent.requests
    .map(({ ageMs, count }) => ({ at: now() - ageMs, count }))
    .sort((a, b) => a.at - b.at);
  let pausedUntil = now() + spent.pausedMs;
  const waiting: Record<Purpose, Waiter[]> = { lookup: [], check: [] };
  let timer: NodeJS.Timeout | undefined;
  let saving = false;

  const used = () => {
    const since = now() - WINDOW_MS;
    while (granted[0] !== undefined && granted[0].at <= since) granted.shift();
    return granted.reduce((sum, { count }) => sum + count, 0);
  };
  const limitOf = (purpose: Purpose) => (purpose === "lookup" ? perMinute : perMinute - reserve);
  const state = (): SpentBudget => ({
    requests: granted.map(({ at, count }) => ({ ageMs: now() - at, count })),
    pausedMs: Math.max(pausedUntil - now(), 0),
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

  async function pump() {
    clearTimeout(timer);
    if (saving) return;
    saving = true;
    try {
      for (let admitted = admit(); admitted.length > 0; admitted = admit()) {
        granted.push({ at: now(), count: admitted.length });
        try {
          await save(state());
          for (const waiter of admitted) waiter.resolve();
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
    return Math.max(pausedUntil - now(), free, 5);
  }

  return {
    /**
     * Waits until one request may go out, and counts it.
     * @throws the signal's reason when aborted, and what noting it threw: then it may not go out
     */
    take(purpose: Purpose, signal: AbortSignal): Promise<void> {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const waiter = { resolve: settle(resolve), reject: settle(reject) };
        const cancel = () => {
          waiting[purpose] = waiting[purpose].filter((other) => other !== waiter);
          reject(signal.reason);
        };
        function settle<T>(how: (value: T) => void) {
          return (value: T) => {
            signal.removeEventListener("abort", cancel);
            how(value);
          };
        }
        signal.addEventListener("abort", cancel);
        waiting[purpose].push(waiter as Waiter);
        void pump();
      });
    },
    /** The site asked for silence. */
    async pause(ms: number): Promise<void> {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      await save(state());
    },
    /** For the metrics: requests in the last minute, and how long the site is still left alone. */
    state: () => ({ used: used(), pausedMs: Math.max(pausedUntil - now(), 0) }),
  };
}

type Waiter = { resolve: () => void; reject: (error: unknown) => void };

export type Budget = ReturnType<typeof createBudget>;
