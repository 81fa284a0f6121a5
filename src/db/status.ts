import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW } from "./sql.ts";

/** Who leads; `instanceId` is "" when nobody does. Times are in ms, `since` and `now` of the database's clock. */
export type Tenure = { instanceId: string; epoch: number; since: number; heartbeatAgeMs: number; now: number };

export async function readTenure(orm: Orm): Promise<Tenure | undefined> {
  const [row] = await orm.all<Tenure>(sql`
    SELECT instance_id AS "instanceId", epoch, acquired_at AS since, ${NOW} - last_heartbeat AS "heartbeatAgeMs",
      ${NOW} AS now
    FROM scheduler_lock WHERE id = 1`);
  return row;
}

/** How much there is of everything; `watched` streamers are looked at, the others sleep. */
export type Totals = { streamers: number; watched: number; trackings: number; parked: number };

export async function readTotals(orm: Orm): Promise<Totals> {
  const [row] = await orm.all<Totals>(sql`
    SELECT (SELECT COUNT(*) FROM streamers) AS streamers,
      (SELECT COUNT(*) FROM streamers WHERE next_check_at IS NOT NULL) AS watched,
      (SELECT COUNT(*) FROM user_streamers) AS trackings,
      (SELECT COUNT(*) FROM outbox WHERE state = 'parked') AS parked`);
  return row ?? { streamers: 0, watched: 0, trackings: 0, parked: 0 };
}

/**
 * How large the database is, without what has not been brought into the file yet, and how much of it is free: what is
 * dropped leaves room for what comes, and the file as large as it was.
 */
export type DatabaseSize = { bytes: number; freeBytes: number };

/** Undefined where the database does not tell. Read from its first page: how much there is does not matter. */
export async function readSize(orm: Orm): Promise<DatabaseSize | undefined> {
  try {
    const [row] = await orm.all<DatabaseSize>(sql`
      SELECT page_count * page_size AS bytes, freelist_count * page_size AS "freeBytes"
      FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`);
    return row;
  } catch {
    return undefined;
  }
}
