import { type Claim, isFree, open } from "./claims.ts";
import type { Orm } from "./client.ts";
import { seenChecks } from "./edits.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** The rows as they were claimed: whatever has happened to one since is left as it is. */
const claimedBy = (claim: Claim, ids: number[]) => sql`
  id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND ${isOf(claim)}`;

const isOf = ({ epoch, number }: Claim) =>
  sql`state = 'sending' AND claim_epoch = ${epoch} AND claim_number = ${number}`;

/** A message that Telegram took. */
export type Sent = {
  ids: number[];
  chatId: number;
  messageId: number;
  paceMs: number;
  /** How many checks of each streamer there had been when it was written, by id: a later one may have outdated it. */
  seen?: Record<number, number>;
};

/** Messages to different chats, two statements for all of them. Each chat's next message may follow after `paceMs`. */
export function markSent(orm: Orm, claim: Claim, ...messages: Sent[]): Statement[] {
  const sent = JSON.stringify(messages);
  const seen = seenChecks(sql`(m.value -> 'seen')`);
  return [
    orm.run(sql`
      UPDATE outbox SET state = 'sent', message_id = m.value ->> 'messageId', done_at = ${NOW}, last_error = NULL,
        is_outdated = COALESCE((SELECT checks FROM streamers s WHERE s.id = outbox.streamer_id) > ${seen}, 0)
      FROM json_each(${sent}) m JOIN json_each(m.value -> 'ids') row WHERE outbox.id = row.value AND ${isOf(claim)}`),
    orm.run(sql`
      UPDATE users SET suspect_since = NULL, held_until = ${heldAfter},
        next_send_at = MAX(next_send_at, ${NOW} + (m.value ->> 'paceMs'))
      FROM json_each(${sent}) m WHERE users.id = m.value ->> 'chatId'`),
  ];
}

/** What had piled up is told: what comes now goes by itself, once nothing is left from before. */
const heldAfter = sql`
  CASE WHEN held_until = 0 OR (${isFree("users")} AND NOT EXISTS (
    SELECT 1 FROM outbox p WHERE p.chat_id = users.id AND ${open("p")} AND p.created_at <= users.held_until)) THEN 0
  ELSE held_until END`;

/**
 * Nothing goes to the chat until `untilMs` of the database's clock; then what has piled up goes as one message.
 * Whatever has been changed in its `settings` since they were read may say otherwise: then this does nothing.
 */
export function holdChat(
  orm: Orm,
  { chatId, untilMs, settings }: { chatId: number; untilMs: number; settings: string },
): Statement {
  return orm.run(sql`UPDATE users SET held_until = ${untilMs} WHERE id = ${chatId} AND settings = ${settings}`);
}

/** What is held back is looked at anew, by the settings as they are now; if it may go, it goes as one message. */
export function releaseHeld(orm: Orm, chatId: number): Statement {
  return orm.run(sql`UPDATE users SET held_until = MIN(held_until, ${NOW}) WHERE id = ${chatId} AND held_until > 0`);
}

/** What an attempt taught: it was none after all, it may have arrived, only plain text will do, or another place. */
export type Lesson = {
  noAttempt?: boolean;
  uncertain?: boolean;
  plain?: boolean;
  /** Its topic takes no messages. */
  besideTopic?: boolean;
  /** Rows that have been owed for longer than this are given up instead. */
  expireMs?: number;
};

/** The rows go back to the queue for `delayMs`. */
export function postpone(
  orm: Orm,
  claim: Claim,
  { ids, delayMs, error }: { ids: number[]; delayMs: number; error: string },
  { noAttempt = false, uncertain = false, plain = false, besideTopic = false, expireMs }: Lesson = {},
): Statement {
  const expired = expireMs === undefined ? sql`false` : sql`created_at < ${NOW} - ${expireMs}`;
  return orm.run(sql`
    UPDATE outbox SET state = CASE WHEN ${expired} THEN 'parked' ELSE 'pending' END,
      done_at = CASE WHEN ${expired} THEN ${NOW} END, next_at = ${NOW} + ${delayMs}, last_error = ${error},
      uncertain = uncertain + ${uncertain ? 1 : 0}, attempts = attempts - ${noAttempt ? 1 : 0},
      plain = MAX(plain, ${plain ? 1 : 0}), beside_topic = MAX(beside_topic, ${besideTopic ? 1 : 0})
    WHERE ${claimedBy(claim, ids)}`);
}

/** The rows were claimed and not sent: they are as before, for whoever comes next. */
export function giveBack(orm: Orm, claim: Claim, ids: number[]): Statement {
  return orm.run(sql`UPDATE outbox SET state = 'pending', attempts = attempts - 1 WHERE ${claimedBy(claim, ids)}`);
}

/** Nothing goes to this chat for `delayMs`. */
export function pauseChat(orm: Orm, chatId: number, delayMs: number): Statement {
  return orm.run(sql`UPDATE users SET next_send_at = MAX(next_send_at, ${NOW} + ${delayMs}) WHERE id = ${chatId}`);
}

/** The message can never be delivered, or has nothing to say: it makes way for the next, and its reason is kept. */
export function setAside(
  orm: Orm,
  claim: Claim,
  { ids, state, error }: { ids: number[]; state: "parked" | "skipped"; error: string },
): Statement {
  return orm.run(sql`
    UPDATE outbox SET state = ${state}, last_error = ${error}, done_at = ${NOW} WHERE ${claimedBy(claim, ids)}`);
}

/** Telegram refused the chat in a way that may pass; the first time counts. */
export function suspectChat(orm: Orm, chatId: number): Statement {
  return orm.run(sql`UPDATE users SET suspect_since = COALESCE(suspect_since, ${NOW}) WHERE id = ${chatId}`);
}

/** How many messages are owed now, and how long the oldest has waited, in ms. */
export type OutboxState = { open: number; oldestMs: number };

export async function outboxState(orm: Orm): Promise<OutboxState> {
  const [row] = await orm.all<OutboxState>(sql`
    SELECT owed.open, COALESCE(${NOW} - o.created_at, 0) AS "oldestMs"
    FROM (SELECT COUNT(*) AS open, MIN(p.id) AS first FROM outbox p WHERE ${open("p")}) owed
    LEFT JOIN outbox o ON o.id = owed.first`);
  return row ?? { open: 0, oldestMs: 0 };
}

const DAY_MS = 24 * 3_600_000;
const KEEP_DAYS = { done: 30, parked: 90 };

/** Drops at most `limit` rows: what was sent or skipped more than 30 days ago, what was parked more than 90 days ago. */
export function pruneOutbox(orm: Orm, limit: number): Statement {
  const before = (days: number) => sql`${NOW} - ${days * DAY_MS}`;
  return orm.run(sql`
    DELETE FROM outbox WHERE id IN (
      SELECT id FROM outbox
      WHERE done_at < ${before(KEEP_DAYS.done)} AND (state <> 'parked' OR done_at < ${before(KEEP_DAYS.parked)})
      LIMIT ${limit})`);
}
