import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Result, type Statement } from "./sql.ts";

/** The next row of one chat and topic; it may be sent in `waitMs`. */
export type Head = { id: number; chatId: number; waitMs: number };

/** Rows that are owed: those of the index `outbox_open`. `row` is the table's name in the statement. */
export const open = (row: string) => sql.raw(`${row}.state IN ('pending', 'sending')`);

/**
 * Rows that nobody is sending: those that wait, and orphans, whose claim is so old that its send is surely over,
 * whichever way the clock has jumped since.
 */
const unclaimed = (row: string, orphanMs: number) =>
  sql`(${sql.raw(row)}.state = 'pending' OR ABS(${NOW} - ${sql.raw(row)}.claimed_at) >= ${orphanMs})`;

/**
 * The heads of the active chats and topics: what may be sent now before what must wait, and the chat that was written to
 * longest ago first, so that a long queue of one chat delays nobody else. Only a hint, since nothing is claimed yet; it
 * reads every open row (from an index), which takes 15 ms for 100,000 of them.
 */
export async function dueHeads(orm: Orm, { limit, orphanMs }: { limit: number; orphanMs: number }): Promise<Head[]> {
  return await orm.all<Head>(sql`
    SELECT o.id, o.chat_id AS "chatId", MAX(0, MAX(u.next_send_at, o.next_at) - ${NOW}) AS "waitMs"
    FROM (SELECT MIN(p.id) AS id FROM outbox p WHERE ${open("p")} GROUP BY p.chat_id, p.thread_id) head
    CROSS JOIN outbox o ON o.id = head.id
    CROSS JOIN users u ON u.id = o.chat_id AND u.active
    WHERE ${unclaimed("o", orphanMs)}
    ORDER BY "waitMs", u.next_send_at, o.id LIMIT ${limit}`);
}

/** One claimed row of the outbox; `ageMs` is how long it has been owed. */
export type Claimed = {
  id: number;
  chatId: number;
  threadId: number;
  streamerId: number;
  checkNumber: number;
  attempts: number;
  uncertain: number;
  plain: boolean;
  ageMs: number;
};

/** Checks that become one message, at most; those left over make the next one. */
const MERGED_MOST = 100;

/**
 * Claims those of the rows `ids` that are still the heads of their chat and topic and may be sent now, each with
 * whatever else is owed about the same streamer there: that becomes one message. A row that was sent without an answer
 * goes again only with those it was sent with, and one that goes as plain text goes alone, so that no row is given up
 * for another's sake. The result is for readClaimed().
 * Left to itself, SQLite reads a chat's whole queue for one streamer's rows: 50 ms for 50,000 of them.
 */
export function claim(orm: Orm, epoch: number, ids: number[], orphanMs: number): Statement {
  const due = (row: string) => sql`${open(row)} AND ${sql.raw(row)}.next_at <= ${NOW} AND ${unclaimed(row, orphanMs)}`;
  return orm.run(sql`
    UPDATE outbox SET state = 'sending', claim_epoch = ${epoch}, claimed_at = ${NOW}, attempts = attempts + 1
    WHERE id IN (
      SELECT s.id FROM json_each(${JSON.stringify(ids)}) j
      CROSS JOIN outbox o ON o.id = j.value
      CROSS JOIN users u ON u.id = o.chat_id AND u.active AND u.next_send_at <= ${NOW}
      CROSS JOIN outbox s ON s.id IN (
        SELECT m.id FROM outbox m INDEXED BY outbox_dedupe
        WHERE m.chat_id = o.chat_id AND m.thread_id = o.thread_id AND m.streamer_id = o.streamer_id AND ${due("m")}
          AND (m.id = o.id OR (NOT m.plain AND NOT o.plain AND m.uncertain = o.uncertain))
        ORDER BY m.id LIMIT ${MERGED_MOST})
      WHERE ${due("o")} AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.chat_id = o.chat_id AND p.thread_id = o.thread_id AND p.id < o.id AND ${open("p")}))
    RETURNING id, chat_id, thread_id, streamer_id, check_number, attempts, uncertain, plain, ${NOW} - created_at AS age_ms`);
}

/** The rows that claim() claimed, in the order they were owed. */
export function readClaimed(result: Result | undefined): Claimed[] {
  const rows = (result?.rows ?? []).map((row) => ({
    id: Number(row.id),
    chatId: Number(row.chat_id),
    threadId: Number(row.thread_id),
    streamerId: Number(row.streamer_id),
    checkNumber: Number(row.check_number),
    attempts: Number(row.attempts),
    uncertain: Number(row.uncertain),
    plain: Number(row.plain) === 1,
    ageMs: Number(row.age_ms),
  }));
  return rows.sort((a, b) => a.id - b.id);
}
