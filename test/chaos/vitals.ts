import type { Cluster, Slot } from "./cluster.ts";
import { pause } from "./pause.ts";

export type Vitals = ReturnType<typeof createVitals>;

const SCRAPE_MS = 1_500;
const PATIENCE_MS = 1_000;

/** Asks each instance how it fares, as a monitoring system does. */
export function createVitals({ slots }: Cluster) {
  const worst = { loopDelayMs: 0, poisoned: 0, scrapes: 0 };
  /** Instances that have stood still since they were last asked: what they tell next is of that. */
  const disturbed = new WeakSet<object>();
  const delays = new WeakMap<object, Map<number, number>>();

  async function scrape({ instance, isFrozen }: Slot): Promise<void> {
    if (instance === undefined || isFrozen) return;
    const text = await fetch(`${instance.url}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) })
      .then((answer) => answer.text())
      .catch(() => undefined);
    if (text === undefined) return;
    const before = delays.get(instance);
    const now = delayCounts(text);
    delays.set(instance, now);
    if (disturbed.delete(instance)) return;
    worst.scrapes++;
    worst.loopDelayMs = Math.max(worst.loopDelayMs, worstDelayMs(before, now));
    worst.poisoned = Math.max(worst.poisoned, sample(text, "db_poison_total"));
  }

  return {
    worst,
    async run(signal: AbortSignal): Promise<void> {
      const note = setInterval(() => {
        for (const { instance, isFrozen } of slots) if (instance !== undefined && isFrozen) disturbed.add(instance);
      }, 50);
      try {
        while (!signal.aborted) {
          await Promise.all(slots.map(scrape));
          await pause(SCRAPE_MS, signal);
        }
      } finally {
        clearInterval(note);
      }
    },
  };
}

function sample(text: string, name: string): number {
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1] ?? 0);
}

/** How often the event loop was late by at most so many seconds. */
function delayCounts(text: string): Map<number, number> {
  const buckets = text.matchAll(/^event_loop_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm);
  return new Map(
    Array.from(buckets, ([, bound, count]) => [Number(bound === "+Inf" ? "Infinity" : bound), Number(count)]),
  );
}

/** The bound, in ms, that no delay since the last scrape exceeded. */
function worstDelayMs(before: Map<number, number> | undefined, now: Map<number, number>): number {
  const since = [...now].map(([bound, count]) => ({ bound, count: count - (before?.get(bound) ?? 0) }));
  const all = since.at(-1)?.count ?? 0;
  return 1_000 * (since.find(({ count }) => count === all)?.bound ?? 0);
}
