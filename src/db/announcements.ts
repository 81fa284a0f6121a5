import { QUIET_HOURS } from "./broadcasts.ts";
import { isFree, open } from "./claims.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { CHAT_LANGUAGE, type ChatSettings, readSettings } from "./settings.ts";
import { NOW, type Result, type Statement } from "./sql.ts";

/** A message of a broadcast that may go to its chat now, and how that wants to be written to. */
export type DueAnnouncement = {
  chatId: number;
  threadId: number;
  attempts: number;
  uncertain: number;
  chatType: string;
  language: string;
  settings: ChatSettings;
  /** By the database's clock. */
  now: number;
};

/** Rows that nobody is sending, as in claims.ts. */
const isUnclaimed = (orphanMs: number) => sql`
  (m.state = 'pending' OR (m.state = 'sending' AND ABS(${NOW} - m.claimed_at) >= ${orphanMs})) AND m.next_at <= ${NOW}`;

/**
 * What may be sent, the longest due first. News goes first: a chat that waits for some now is left out, and so is one
 * that has just been written to. A rehearsal writes to nobody, and waits for nothing. Only a hint: nothing is claimed.
 */
export async function dueAnnouncements(
  orm: Orm,
  broadcast: { id: number; isRehearsal: boolean },
  { limit, orphanMs }: { limit: number; orphanMs: number },
): Promise<DueAnnouncement[]> {
  const isRested = sql`u.next_send_at <= ${NOW} AND NOT EXISTS (
    SELECT 1 FROM outbox p WHERE p.chat_id = m.chat_id AND ${open("p")}
      AND (p.state = 'sending' OR (p.next_at <= ${NOW} AND ${isFree("u")})))`;
  const rows = await orm.all<Omit<DueAnnouncement, "settings"> & { settings: string }>(sql`
    SELECT m.chat_id AS "chatId", m.thread_id AS "threadId", m.attempts, m.uncertain, u.type AS "chatType",
      ${CHAT_LANGUAGE} AS language, u.settings, ${NOW} AS now
    FROM broadcast_messages m INDEXED BY broadcast_messages_open
    CROSS JOIN users u ON u.id = m.chat_id AND u.active
    WHERE m.broadcast_id = ${broadcast.id} AND m.state IN ('pending', 'sending') AND ${isUnclaimed(orphanMs)}
      AND (${broadcast.isRehearsal ? 1 : 0} OR (${isRested}))
    ORDER BY m.next_at, m.chat_id LIMIT ${limit}`);
  return rows.map((row) => ({ ...row, settings: readSettings<ChatSettings>(row.settings) }));
}

/** Rows of a broadcast that a term of the lock has claimed. */
export type Rows = { epoch: number; id: number };

/** Claims the messages to these chats that are still to be sent, unless the broadcast has been stopped. */
export function claimAnnouncements(orm: Orm, { epoch, id }: Rows, chatIds: number[], orphanMs: number): Statement {
  return orm.run(sql`
    UPDATE broadcast_messages AS m
    SET state = 'sending', claim_epoch = ${epoch}, claimed_at = ${NOW}, attempts = attempts + 1
    WHERE m.broadcast_id = ${id} AND m.chat_id IN (SELECT value FROM json_each(${JSON.stringify(chatIds)}))
      AND ${isUnclaimed(orphanMs)}
      AND EXISTS (SELECT 1 FROM broadcasts b WHERE b.id = ${id} AND b.state IN ('rehearsing', 'sending'))
    RETURNING chat_id`);
}

/** The chats whose messages claimAnnouncements() claimed. */
export function readClaimedChats(result: Result | undefined): Set<number> {
  return new Set((result?.rows ?? []).map((row) => Number(row.chat_id)));
}

/** The rows as they were claimed: whatever has happened to one since is left as it is. */
const claimedBy = ({ epoch, id }: Rows, chatIds: number[]) => sql`
  broadcast_id = ${id} AND chat_id IN (SELECT value FROM json_each(${JSON.stringify(chatIds)}))
  AND state = 'sending' AND claim_epoch = ${epoch}`;

/** Telegram took it. `note`: what a rehearsal has to remark. */
export function markAnnounced(orm: Orm, rows: Rows, chatId: number, note: string | null = null): Statement {
  return orm.run(sql`
    UPDATE broadcast_messages SET state = 'sent', last_error = ${note} WHERE ${claimedBy(rows, [chatId])}`);
}

/** It goes again after `delayMs`. `isUncertain`: it may have arrived; `besideTopic`: its topic does not take it. */
export function postponeAnnouncement(
  orm: Orm,
  rows: Rows,
  chatId: number,
  {
    delayMs,
    error,
    isUncertain,
    besideTopic,
  }: { delayMs: number; error: string; isUncertain: boolean; besideTopic: boolean },
): Statement {
  return orm.run(sql`
    UPDATE broadcast_messages SET state = 'pending', next_at = ${NOW} + ${delayMs}, last_error = ${error},
      uncertain = uncertain + ${isUncertain ? 1 : 0}, thread_id = CASE WHEN ${besideTopic ? 1 : 0} THEN 0 ELSE thread_id END
    WHERE ${claimedBy(rows, [chatId])}`);
}

/** It cannot be delivered. */
export function parkAnnouncement(orm: Orm, rows: Rows, chatId: number, error: string): Statement {
  return orm.run(sql`
    UPDATE broadcast_messages SET state = 'parked', last_error = ${error} WHERE ${claimedBy(rows, [chatId])}`);
}

/** They were claimed and not sent. */
export function giveBackAnnouncements(orm: Orm, rows: Rows, chatIds: number[]): Statement {
  return orm.run(sql`
    UPDATE broadcast_messages SET state = 'pending', attempts = attempts - 1 WHERE ${claimedBy(rows, chatIds)}`);
}

/** Nobody sends these before `untilMs` of the database's clock, when the quiet hours of their chats end. */
export function holdAnnouncements(
  orm: Orm,
  id: number,
  held: { chatId: number; untilMs: number }[],
  orphanMs: number,
): Statement {
  const values = JSON.stringify(held.map(({ chatId, untilMs }) => [chatId, untilMs]));
  return orm.run(sql`
    UPDATE broadcast_messages AS m SET state = 'pending', next_at = h.value->>1, last_error = ${QUIET_HOURS}
    FROM json_each(${values}) h
    WHERE m.broadcast_id = ${id} AND m.chat_id = h.value->>0 AND ${isUnclaimed(orphanMs)}`);
}
