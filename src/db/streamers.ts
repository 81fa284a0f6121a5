import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { nextPlanned } from "./snapshots.ts";
import { NOW, type Statement } from "./sql.ts";

/** A streamer whose check is due. `lateMs` is how long it has been due. */
export type DueStreamer = {
  id: number;
  ownerId: string;
  nickname: string;
  failures: number;
  lastCheckedAt: number | null;
  isBaseline: boolean;
  lateMs: number;
};

/**
 * The streamers of a source whose time has come, the longest due first. A sleeping one has no next check. After a jump
 * of the clock into the past the planned times lie too far ahead: these are due as well.
 */
export async function dueStreamers(
  orm: Orm,
  { source, limit, running, intervalMs }: { source: string; limit: number; running: number[]; intervalMs: number },
): Promise<DueStreamer[]> {
  const rows = await orm.all<Omit<DueStreamer, "isBaseline"> & { isBaseline: number }>(sql`
    SELECT id, owner_id AS "ownerId", nickname, failures, last_checked_at AS "lastCheckedAt",
      baselined_at IS NULL OR slept_at IS NOT NULL AS "isBaseline", ${NOW} - next_check_at AS "lateMs"
    FROM streamers
    WHERE (next_check_at <= ${NOW} OR (failures = 0 AND next_check_at > ${NOW} + ${2 * intervalMs})) AND source = ${source}
      AND id NOT IN (SELECT value FROM json_each(${JSON.stringify(running)}))
    ORDER BY next_check_at LIMIT ${limit}`);
  return rows.map((row) => ({ ...row, isBaseline: Boolean(row.isBaseline) }));
}

/** A look that gave nothing to compare: only the schedule changes. `own`: it is this streamer's fault, not the site's. */
export function recordFailedCheck(
  orm: Orm,
  streamerId: number,
  { intervalMs, own }: { intervalMs: number; own: boolean },
): Statement {
  return orm.run(sql`
    UPDATE streamers SET next_check_at = ${nextPlanned(intervalMs)}, failures = failures + ${own ? 1 : 0}
    WHERE id = ${streamerId}`);
}
