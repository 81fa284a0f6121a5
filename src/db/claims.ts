import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { type ChatSettings, readSettings } from "./settings.ts";
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
 * Until when chats are held back at most, for quiet hours or a digest. What lies further ahead was set by a clock that
 * has jumped back since.
 */
const HELD_MOST_MS = 50 * 3_600_000;
/** The chat is not held back; `row` is the name of `users` in the statement. */
export const isFree = (row: string) =>
  sql`(${sql.raw(row)}.held_until <= ${NOW} OR ${sql.raw(row)}.held_until > ${NOW} + ${HELD_MOST_MS})`;

/** All that a chat and topic is owed becomes one message: it was held back, or is wanted as a digest. */
const isDigest = sql.raw("(u.held_until > 0 OR u.settings->>'digestAt' IS NOT NULL)");

/**
 * The heads of the active chats and topics that are not held back: what may be sent now before what must wait, and the
 * chat that was written to longest ago first, so that a long queue of one chat delays nobody else. Only a hint, since
 * nothing is claimed yet; it reads every open row (from an index), which takes 15 ms for 100,000 of them.
 */
export async function dueHeads(orm: Orm, { limit, orphanMs }: { limit: number; orphanMs: number }): Promise<Head[]> {
  return await orm.all<Head>(sql`
    SELECT o.id, o.chat_id AS "chatId", MAX(0, MAX(u.next_send_at, o.next_at) - ${NOW}) AS "waitMs"
    FROM (SELECT MIN(p.id) AS id FROM outbox p WHERE ${open("p")} GROUP BY p.chat_id, p.thread_id) head
    CROSS JOIN outbox o ON o.id = head.id
    CROSS JOIN users u ON u.id = o.chat_id AND u.active AND ${isFree("u")}
    WHERE ${unclaimed("o", orphanMs)}
    ORDER BY "waitMs", u.next_send_at, o.id LIMIT ${limit}`);
}

/**
 * Who claimed: the term, and a number that the term never uses twice. A statement that the database runs only after we
 * gave it up finds its claim no more once somebody has claimed anew.
 */
export type Claim = { epoch: number; number: number };

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
  besideTopic: boolean;
  ageMs: number;
};

/** Checks that become one message, at most; those left over make the next one. */
const MERGED_MOST = 100;

/**
 * Claims those of the rows `ids` that are still the heads of their chat and topic and may be sent now, each with
 * whatever else is owed about the same streamer there, or about all of them in a digest: that becomes one message.
 * A row that was sent without an answer goes again only with those it was sent with, and one that goes as plain text
 * goes alone, so that no row is given up for another's sake. The result is for readClaimed().
 * Left to itself, SQLite reads a chat's whole queue for one streamer's rows: 50 ms for 50,000 of them.
 */
export function claim(orm: Orm, by: Claim, ids: number[], orphanMs: number): Statement {
  const due = (row: string) => sql`${open(row)} AND ${sql.raw(row)}.next_at <= ${NOW} AND ${unclaimed(row, orphanMs)}`;
  const together = (row: string) => {
    const m = sql.raw(row);
    return sql`${m}.chat_id = o.chat_id AND ${m}.thread_id = o.thread_id AND ${due(row)}
      AND (${m}.id = o.id OR (NOT ${m}.plain AND NOT o.plain AND ${m}.uncertain = o.uncertain
        AND ${m}.beside_topic = o.beside_topic))`;
  };
  return orm.run(sql`
    UPDATE outbox SET state = 'sending', claim_epoch = ${by.epoch}, claim_number = ${by.number}, claimed_at = ${NOW},
      attempts = attempts + 1
    WHERE id IN (
      SELECT s.id FROM json_each(${JSON.stringify(ids)}) j
      CROSS JOIN outbox o ON o.id = j.value
      CROSS JOIN users u ON u.id = o.chat_id AND u.active AND u.next_send_at <= ${NOW} AND ${isFree("u")}
      CROSS JOIN outbox s ON s.id IN (
        SELECT id FROM (
          SELECT m.id FROM outbox m INDEXED BY outbox_dedupe
          WHERE NOT ${isDigest} AND m.streamer_id = o.streamer_id AND ${together("m")} ORDER BY m.id LIMIT ${MERGED_MOST})
        UNION ALL SELECT id FROM (
          SELECT d.id FROM outbox d INDEXED BY outbox_open
          WHERE ${isDigest} AND ${together("d")} ORDER BY d.id LIMIT ${MERGED_MOST}))
      WHERE ${due("o")} AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.chat_id = o.chat_id AND p.thread_id = o.thread_id AND p.id < o.id AND ${open("p")}))
    RETURNING id, chat_id, thread_id, streamer_id, check_number, attempts, uncertain, plain, beside_topic,
      ${NOW} - created_at AS age_ms`);
}

/** How a chat wants to get what was claimed for it. Times are in ms of the database's clock. */
export type ChatPlan = {
  chatId: number;
  /** As they are stored, for whoever must know whether they have been changed. */
  storedSettings: string;
  settings: ChatSettings;
  /** All that was claimed for one topic is one message. */
  isDigest: boolean;
  now: number;
  /** When the oldest of what may be sent now was owed; of a chat without a daily digest it does not matter. */
  owedSince: number;
};

/** The chats of the rows `ids`, in the batch that has claimed them. The result is for readPlans(). */
export function planChats(orm: Orm, ids: number[]): Statement {
  return orm.run(sql`
    SELECT u.id, u.settings, ${isDigest} AS is_digest, ${NOW} AS now,
      CASE WHEN u.settings->>'digestAt' IS NULL THEN 0 ELSE (
        SELECT MIN(p.created_at) FROM outbox p WHERE p.chat_id = u.id AND ${open("p")} AND p.next_at <= ${NOW}) END AS since
    FROM users u WHERE u.id IN (
      SELECT o.chat_id FROM json_each(${JSON.stringify(ids)}) j CROSS JOIN outbox o ON o.id = j.value)`);
}

export function readPlans(result: Result | undefined): Map<number, ChatPlan> {
  const plans = (result?.rows ?? []).map((row) => ({
    chatId: Number(row.id),
    storedSettings: String(row.settings),
    settings: readSettings<ChatSettings>(row.settings),
    isDigest: Number(row.is_digest) === 1,
    now: Number(row.now),
    owedSince: Number(row.since),
  }));
  return new Map(plans.map((plan) => [plan.chatId, plan]));
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
    besideTopic: Number(row.beside_topic) === 1,
    ageMs: Number(row.age_ms),
  }));
  return rows.sort((a, b) => a.id - b.id);
}
