import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Result, type Statement } from "./sql.ts";

/** How many requests went to a source, by age in whole ms at the time of reading; and how long it must still be left alone. */
export type SpentBudget = { requests: { ageMs: number; count: number }[]; pausedMs: number };

export async function readBudget(orm: Orm, source: string): Promise<SpentBudget> {
  const { rows } = (await orm.run(sql`
    SELECT requests, ${NOW} AS now, paused_until - ${NOW} AS paused FROM source_budgets WHERE source = ${source}`)) as unknown as Result;
  const row = rows[0];
  if (row === undefined) return { requests: [], pausedMs: 0 };
  const requests = JSON.parse(String(row.requests)) as [number, number][];
  return {
    // A second's requests count from its end; a stamp from the future (the clock has jumped) counts as now.
    requests: requests.map(([second, count]) => ({ ageMs: Math.max(Number(row.now) - (second + 1) * 1000, 0), count })),
    pausedMs: Math.max(Number(row.paused), 0),
  };
}

/** Notes what has been spent: the ages of requests in ms, with their counts, and the pause that the site asked for. */
export function writeBudget(orm: Orm, source: string, { requests, pausedMs }: SpentBudget): Statement {
  const ages = JSON.stringify(requests.map(({ ageMs, count }) => [Math.round(ageMs), count]));
  return orm.run(sql`
    INSERT INTO source_budgets (source, requests, paused_until)
    SELECT ${source}, json_group_array(json_array(second, requests)), ${NOW} + ${Math.round(pausedMs)} FROM (
      SELECT (${NOW} - (value->>0)) / 1000 AS second, SUM(value->>1) AS requests FROM json_each(${ages}) GROUP BY 1)
    WHERE true
    ON CONFLICT (source) DO UPDATE SET requests = excluded.requests, paused_until = excluded.paused_until`);
}
