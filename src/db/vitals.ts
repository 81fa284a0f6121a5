import { isFree, open } from "./claims.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW } from "./sql.ts";

/** Chats that take no messages any more; what they tracked is kept. */
export async function countBlockedChats(orm: Orm): Promise<number> {
  const [row] = await orm.all<{ chats: number }>(sql`SELECT COUNT(*) AS chats FROM users WHERE NOT active`);
  return row?.chats ?? 0;
}

/**
 * How long the oldest message owed has waited to be sent, in ms; 0 when none does. What a chat holds back counts from
 * the end of that. What stands behind a refusal of its own chat (of the kinds 400 and 403) does not count: it is asked
 * about once a day, and says nothing of the others.
 */
export async function oldestOwedMs(orm: Orm): Promise<number> {
  const heldUntil = sql`CASE WHEN u.held_until <= ${NOW} THEN u.held_until ELSE 0 END`;
  const [row] = await orm.all<{ ms: number }>(sql`
    SELECT COALESCE(MAX(${NOW} - MAX(o.created_at, ${heldUntil})), 0) AS ms
    FROM (SELECT MIN(p.id) AS id FROM outbox p WHERE ${open("p")} GROUP BY p.chat_id, p.thread_id) head
    CROSS JOIN outbox o ON o.id = head.id AND COALESCE(o.last_error, '') NOT LIKE '400 %'
      AND COALESCE(o.last_error, '') NOT LIKE '403 %'
    CROSS JOIN users u ON u.id = o.chat_id AND u.active AND ${isFree("u")}`);
  return row?.ms ?? 0;
}

/** How long the check of a source that is latest has been due, in ms; 0 when none is. */
export async function checkLagMs(orm: Orm, source: string): Promise<number> {
  // The + keeps SQLite from looking through all that the source has.
  const [row] = await orm.all<{ ms: number }>(sql`
    SELECT ${NOW} - next_check_at AS ms FROM streamers
    WHERE next_check_at <= ${NOW} AND +source = ${source} ORDER BY next_check_at LIMIT 1`);
  return row?.ms ?? 0;
}
