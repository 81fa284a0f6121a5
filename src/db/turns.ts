import { setImmediate } from "node:timers/promises";
import type { ResultSet, Transaction } from "@libsql/client";
import type { Statement } from "./statement.ts";

/** Statements run one after another for so long before everything else has its turn. */
const MOST_MS = 10;

/** Runs statements in an open transaction without holding up the event loop for longer than the longest of them takes. */
export async function runInTurns(transaction: Transaction, statements: Statement[]): Promise<ResultSet[]> {
  const results: ResultSet[] = [];
  let since = performance.now();
  for (const statement of statements) {
    results.push(await transaction.execute(statement));
    if (performance.now() - since < MOST_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  return results;
}
