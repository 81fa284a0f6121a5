import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

type Sql = ReturnType<typeof sql>;

const HOUR_MS = 3_600_000;
/** For how long a message is kept true after it was sent. */
const KEPT_TRUE_MS = 48 * HOUR_MS;
/** The oldest events that such a message can be about: what cannot be delivered is given up after a week. */
const TOLD_OF_MS = KEPT_TRUE_MS + 7 * 24 * HOUR_MS;

/**
 * Messages that tell of an item which this check found gone, or there again, are to be changed; only those of the chats
 * for whose column `isMeant` holds. The history is looked through only when the check found any.
 */
export function outdateTold(orm: Orm, id: Sql, isMeant: (chatId: Sql) => Sql): Statement {
  const turned = sql`
    SELECT e.product_id FROM wishlist_events e
    WHERE e.streamer_id = ${id} AND e.check_number = (SELECT checks + 1 FROM streamers WHERE id = ${id})
      AND e.kind IN ('removed', 'unavailable', 'returned', 'available')`;
  return orm.run(sql`
    UPDATE outbox SET is_outdated = 1
    WHERE state = 'sent' AND streamer_id = ${id} AND message_id IS NOT NULL
      AND done_at > ${NOW} - ${KEPT_TRUE_MS} AND ${isMeant(sql`chat_id`)} AND check_number IN (
        SELECT told.check_number FROM wishlist_events told
        WHERE told.streamer_id = (SELECT ${id} WHERE EXISTS (${turned}))
          AND told.kind IN ('added', 'price_changed', 'available', 'returned') AND told.at > ${NOW} - ${TOLD_OF_MS}
          AND told.product_id IN (${turned}))`);
}

/** A message that may not say how things are; after two days, or when its chat is closed, it stays as it is. */
export type OutdatedMessage = { chatId: number; messageId: number; isOver: number };

/**
 * Messages that are to be changed now, one for each chat, the longest outdated first; none to chats in `resting`, or
 * to one that is being written to.
 */
export async function outdatedMessages(
  orm: Orm,
  { limit, resting }: { limit: number; resting: number[] },
): Promise<OutdatedMessage[]> {
  return await orm.all<OutdatedMessage>(sql`
    SELECT chat_id AS "chatId", message_id AS "messageId", is_over AS "isOver" FROM (
      SELECT o.id, o.chat_id, o.message_id,
        u.id IS NULL OR NOT u.active OR o.done_at <= ${NOW} - ${KEPT_TRUE_MS} AS is_over
      FROM outbox o LEFT JOIN users u ON u.id = o.chat_id
      WHERE o.is_outdated AND o.chat_id NOT IN (SELECT value FROM json_each(${JSON.stringify(resting)}))
        AND (is_over OR (u.next_send_at <= ${NOW} AND NOT EXISTS (
          SELECT 1 FROM outbox p WHERE p.chat_id = o.chat_id AND p.state = 'sending')))
      ORDER BY o.id LIMIT ${limit * ROWS_EACH})
    GROUP BY chat_id ORDER BY MIN(id) LIMIT ${limit}`);
}

/** Rows that one chat may have outdated at once, about: more of them only make a round smaller. */
const ROWS_EACH = 10;

/** What a message tells of: checks of streamers, oldest first. `isPlain`: it was sent as plain text. */
export type Told = { checks: { streamerId: number; checkNumber: number }[]; isPlain: boolean };

export async function readTold(orm: Orm, { chatId, messageId }: OutdatedMessage): Promise<Told> {
  const rows = await orm.all<{ streamerId: number; checkNumber: number; plain: number }>(sql`
    SELECT streamer_id AS "streamerId", check_number AS "checkNumber", plain FROM outbox
    WHERE chat_id = ${chatId} AND message_id = ${messageId} AND state = 'sent' ORDER BY id`);
  return { checks: rows, isPlain: rows.some(({ plain }) => plain === 1) };
}

/**
 * The message says how things are, or cannot be made to. `seen`: how many checks of each streamer there had been, by id,
 * when that was read; a message that a later one has outdated stays so. Absent: whatever happens.
 */
export function settleMessage(
  orm: Orm,
  { chatId, messageId }: { chatId: number; messageId: number },
  seen: Record<number, number> = {},
): Statement {
  const checks = sql`(SELECT checks FROM streamers s WHERE s.id = outbox.streamer_id)`;
  return orm.run(sql`
    UPDATE outbox SET is_outdated = 0
    WHERE is_outdated AND chat_id = ${chatId} AND message_id = ${messageId}
      AND ${checks} <= COALESCE(${seenChecks(sql`${JSON.stringify(seen)}`)}, ${checks})`);
}

/** How many checks of a row's streamer had been seen; `seen` is JSON: the numbers by the streamers' ids. */
export const seenChecks = (seen: Sql) => sql`(${seen} ->> ('$."' || outbox.streamer_id || '"'))`;
