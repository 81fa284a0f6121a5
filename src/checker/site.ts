import type { Budget, Purpose } from "./budget.ts";
import type { Circuit } from "./circuit.ts";
import type { Get, Source } from "./source.ts";

/** A source as the leader works with it: how to ask, how much, and whether it is worth asking at all. */
export type Site = {
  source: Source;
  budget: Budget;
  circuit: Circuit;
  /** Fetches within the budget, in the turn of its purpose. */
  get: (purpose: Purpose) => Get;
};
