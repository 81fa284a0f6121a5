import type { Budget, Purpose } from "./budget.ts";
import type { Canary } from "./canary.ts";
import type { Circuit } from "./circuit.ts";
import type { Planner } from "./planner.ts";
import type { Get, Source } from "./source.ts";

/** A source as the leader works with it: how to ask, how much and when, and whether to ask and to believe it at all. */
export type Site = {
  source: Source;
  budget: Budget;
  circuit: Circuit;
  canary: Canary;
  planner: Planner;
  /** Fetches within the budget, in the turn of its purpose. */
  get: (purpose: Purpose) => Get;
};

/** Counts the requests of one look. */
export function counting(get: Get): { get: Get; requests: () => number } {
  let requests = 0;
  return {
    get: (path, accept, signal) => {
      requests++;
      return get(path, accept, signal);
    },
    requests: () => requests,
  };
}
