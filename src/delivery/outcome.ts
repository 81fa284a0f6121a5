import type { Claim } from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import { markSent, type Sent } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import type { Build } from "./record.ts";

/** What became of a message: it was taken, or anything else. */
export type Outcome = { claim: Claim; sent: Sent } | Build;

/** Messages that were taken cost two statements for all of them that were claimed together. */
export function recordOutcomes(orm: Orm, outcomes: Outcome[]): Statement[] {
  const taken = outcomes.filter((outcome) => typeof outcome !== "function");
  const claims = [...Map.groupBy(taken, ({ claim }) => claim)];
  return [
    ...claims.flatMap(([claim, messages]) => markSent(orm, claim, ...messages.map(({ sent }) => sent))),
    ...outcomes.flatMap((outcome) => (typeof outcome === "function" ? outcome(orm) : [])),
  ];
}
