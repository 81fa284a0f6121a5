import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** Lines of the log that say the same: that something did not go as it should. */
export type Incident = { level: "warn" | "error"; what: string; detail: string; count: number };

const BUCKET_MS = 10 * 60_000;
const KEEP_MS = 3 * 24 * 3_600_000;
/** The order in which they are told. */
const WORST_FIRST = sql.raw("level = 'error' DESC, count DESC, what, detail");

/** Adds to what has been counted in these ten minutes. */
export async function noteIncidents(orm: Orm, incidents: Incident[]): Promise<void> {
  const rows = JSON.stringify(incidents.map(({ level, what, detail, count }) => [level, what, detail, count]));
  await orm.run(sql`
    INSERT INTO incidents (at, level, what, detail, count, untold, untold_since)
    SELECT ${NOW} / ${BUCKET_MS} * ${BUCKET_MS}, value->>0, value->>1, value->>2, value->>3, value->>3, ${NOW}
    FROM json_each(${rows}) WHERE true
    ON CONFLICT DO UPDATE SET count = count + excluded.count, untold = untold + excluded.untold,
      untold_since = CASE WHEN untold > 0 THEN untold_since ELSE excluded.untold_since END`);
}

/** What went wrong within the last hour, the worst first. Ten minutes count as a whole. */
export async function lastHour(orm: Orm): Promise<Incident[]> {
  return await orm.all<Incident>(sql`
    SELECT level, what, detail, SUM(count) AS count FROM incidents WHERE at > ${NOW} - 3600000
    GROUP BY level, what, detail ORDER BY ${WORST_FIRST}`);
}

/** What the operators have not been told yet, the worst first; `since` is when it began, by the database's clock. */
export type Untold = { incidents: Incident[]; since: number; now: number };

/** Undefined when they know everything. */
export async function untoldIncidents(orm: Orm): Promise<Untold | undefined> {
  const rows = await orm.all<Incident & { since: number; now: number }>(sql`
    SELECT level, what, detail, SUM(untold) AS count, MIN(untold_since) AS since, ${NOW} AS now FROM incidents
    WHERE untold > 0 GROUP BY level, what, detail ORDER BY ${WORST_FIRST}`);
  const [first] = rows;
  if (first === undefined) return undefined;
  return { incidents: rows, since: Math.min(...rows.map(({ since }) => since)), now: first.now };
}

/** The operators know what was untold at `now`, and what has repeated it within the same ten minutes. */
export function markIncidentsTold(orm: Orm, { now }: Untold): Statement {
  return orm.run(sql`UPDATE incidents SET untold = 0 WHERE untold > 0 AND untold_since <= ${now}`);
}

export function pruneIncidents(orm: Orm): Statement {
  return orm.run(sql`DELETE FROM incidents WHERE at < ${NOW} - ${KEEP_MS}`);
}
