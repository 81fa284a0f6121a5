import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Result } from "./sql.ts";

/** What operators can halt: looks at wishlists, and what is sent without being an answer to anybody. */
export const PARTS = ["checks", "delivery"] as const;
export type Part = (typeof PARTS)[number];

/** A part that is halted, and for how long already, in ms. */
export type Halt = { part: Part; sinceMs: number };

export async function readHalts(orm: Orm): Promise<Halt[]> {
  return await orm.all<Halt>(sql`SELECT part, ${NOW} - since AS "sinceMs" FROM halts ORDER BY part`);
}

/** Gives the parts that were not halted before. */
export async function halt(orm: Orm, parts: readonly Part[]): Promise<Part[]> {
  const { rows } = (await orm.run(sql`
    INSERT INTO halts (part, since) SELECT value, ${NOW} FROM json_each(${JSON.stringify(parts)}) WHERE true
    ON CONFLICT DO NOTHING RETURNING part`)) as unknown as Result;
  return rows.map(({ part }) => part as Part);
}

/** Gives the parts that were halted until now. */
export async function resume(orm: Orm, parts: readonly Part[]): Promise<Part[]> {
  const { rows } = (await orm.run(sql`
    DELETE FROM halts WHERE part IN (SELECT value FROM json_each(${JSON.stringify(parts)}))
    RETURNING part`)) as unknown as Result;
  return rows.map(({ part }) => part as Part);
}
