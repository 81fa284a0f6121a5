import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Result, type Statement } from "./sql.ts";

/** What is known of the requests to a site: how many by age in ms, for how long it is left alone, how it is slowed. */
export type SpentBudget = {
  requests: { ageMs: number; count: number }[];
  pausedMs: number;
  /** The rate is divided by this since `slowedAgoMs`. */
  slowness: number;
  slowedAgoMs: number;
};

export async function readBudget(orm: Orm, source: string): Promise<SpentBudget> {
  const { rows } = (await orm.run(sql`
    SELECT requests, ${NOW} AS now, paused_until - ${NOW} AS paused, slowness, ${NOW} - slowed_at AS slowed
    FROM source_states WHERE source = ${source}`)) as unknown as Result;
  const row = rows[0];
  if (row === undefined) return { requests: [], pausedMs: 0, slowness: 1, slowedAgoMs: 0 };
  const requests = JSON.parse(String(row.requests)) as [number, number][];
  return {
    // What was noted in a second may have gone out until a second after it; a stamp from the future counts as now.
    requests: requests.map(([second, count]) => ({ ageMs: Math.max(Number(row.now) - (second + 2) * 1000, 0), count })),
    pausedMs: Math.max(Number(row.paused), 0),
    slowness: Number(row.slowness),
    slowedAgoMs: Math.max(Number(row.slowed), 0),
  };
}

export function writeBudget(orm: Orm, source: string, spent: SpentBudget): Statement {
  const ages = JSON.stringify(spent.requests.map(({ ageMs, count }) => [Math.round(ageMs), count]));
  return orm.run(sql`
    INSERT INTO source_states (source, requests, paused_until, slowness, slowed_at)
    SELECT ${source}, json_group_array(json_array(second, requests)), ${NOW} + ${Math.round(spent.pausedMs)},
      ${spent.slowness}, ${NOW} - ${Math.round(spent.slowedAgoMs)}
    FROM (SELECT (${NOW} - (value->>0)) / 1000 AS second, SUM(value->>1) AS requests FROM json_each(${ages}) GROUP BY 1)
    WHERE true
    ON CONFLICT (source) DO UPDATE SET requests = excluded.requests, paused_until = excluded.paused_until,
      slowness = excluded.slowness, slowed_at = excluded.slowed_at`);
}

/** The site is not trusted any more, since now; safe to say again. */
export function distrustSource(orm: Orm, source: string): Statement {
  return orm.run(sql`
    INSERT INTO source_states (source, requests, distrusted_since) VALUES (${source}, '[]', ${NOW})
    ON CONFLICT (source) DO UPDATE SET distrusted_since = COALESCE(distrusted_since, excluded.distrusted_since)`);
}

export function trustSource(orm: Orm, source: string): Statement {
  return orm.run(sql`
    UPDATE source_states SET distrusted_since = NULL, distrust_told = 0
    WHERE source = ${source} AND distrusted_since IS NOT NULL`);
}

/** A site that is not trusted, and for how long already; `told`: the operators know. */
export type Distrust = { sinceMs: number; told: boolean };

export async function readDistrust(orm: Orm, source: string): Promise<Distrust | undefined> {
  const [row] = await orm.all<{ ms: number; told: number }>(sql`
    SELECT ${NOW} - distrusted_since AS ms, distrust_told AS told FROM source_states
    WHERE source = ${source} AND distrusted_since IS NOT NULL`);
  return row && { sinceMs: row.ms, told: Boolean(row.told) };
}

export function markDistrustTold(orm: Orm, source: string): Statement {
  return orm.run(sql`UPDATE source_states SET distrust_told = 1 WHERE source = ${source}`);
}
