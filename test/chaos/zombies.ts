import type { Finding } from "./history.ts";
import type { Hit } from "./nemesis.ts";

/** What an instance logged of a term: work that was recorded, or that it has lost the lock. */
export type Trace = { kind: "work" | "lost"; instance: number; term: number; at: number };

export type Zombies = {
  /** From waking until the old leader says that it leads no more, at most, in ms. */
  stepDownMs: number;
  /** What leaders recorded that woke when another led. */
  commits: Finding[];
};

/** Stopped while others kept the database from it: what it logs as recorded when it wakes, it has written since. */
export const AMBUSH = "stop while it waits to write";

/** How leaders behaved that stood still until another led. `terms`: when each began. */
export function zombies(hits: Hit[], traces: Trace[], terms: { epoch: number; at: number }[]): Zombies {
  const result: Zombies = { stepDownMs: 0, commits: [] };
  for (const { what, instance, wasLeader, term, at, until } of hits) {
    if (!wasLeader || until === undefined) continue;
    if (!terms.some((next) => next.epoch > term && next.at < until)) continue;
    const after = traces.filter((trace) => trace.instance === instance && trace.term === term && trace.at >= until);
    const lost = after.find(({ kind }) => kind === "lost");
    if (lost !== undefined) result.stepDownMs = Math.max(result.stepDownMs, lost.at - until);
    if (what !== AMBUSH) continue;
    for (const { at: workedAt } of after.filter(({ kind }) => kind === "work")) {
      result.commits.push({ what: `instance ${instance}, stopped at ${at}, recorded in term ${term}`, at: workedAt });
    }
  }
  return result;
}
