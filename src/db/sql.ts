import type { BatchItem } from "drizzle-orm/batch";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";

/** The database's clock in ms, read when the statement runs: instances may disagree about the time, one database cannot. */
export const NOW = sql.raw("CAST(unixepoch('subsec') * 1000 AS INTEGER)");

/** A statement that is part of a batch. */
export type Statement = BatchItem<"sqlite">;

/** What a raw statement of a batch gives back. */
export type Result = { rows: Record<string, unknown>[]; rowsAffected: number };

/** Runs statements in one transaction: all of them or none. Nothing else can come in between. */
export async function batch(orm: Orm, statements: Statement[]): Promise<Result[]> {
  const [first, ...rest] = statements;
  return first === undefined ? [] : ((await orm.batch([first, ...rest])) as unknown as Result[]);
}
