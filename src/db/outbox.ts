import { open } from "./claims.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** The rows as they were claimed: whatever has happened to one since is left as it is. */
const claimedBy = (epoch: number, ids: number[]) =>
  sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND state = 'sending' AND claim_epoch = ${epoch}`;

/** Telegram took the message. The chat's next one may follow after `paceMs`. */
export function markSent(
  orm: Orm,
  epoch: number,
  { ids, chatId, messageId, paceMs }: { ids: number[]; chatId: number; messageId: number; paceMs: number },
): Statement[] {
  return [
    orm.run(sql`
      UPDATE outbox SET state = 'sent', message_id = ${messageId}, done_at = ${NOW}, last_error = NULL
      WHERE ${claimedBy(epoch, ids)}`),
    orm.run(sql`UPDATE users SET suspect_since = NULL WHERE id = ${chatId}`),
    pauseChat(orm, chatId, paceMs),
  ];
}

/** What an attempt taught: it was none after all, it may have arrived, only plain text will do. */
export type Lesson = {
  noAttempt?: boolean;
  uncertain?: boolean;
  plain?: boolean;
  /** Rows that have been owed for longer than this are given up instead. */
  expireMs?: number;
};

/** The rows go back to the queue for `delayMs`. */
export function postpone(
  orm: Orm,
  epoch: number,
  { ids, delayMs, error }: { ids: number[]; delayMs: number; error: string },
  { noAttempt = false, uncertain = false, plain = false, expireMs }: Lesson = {},
): Statement {
  const expired = expireMs === undefined ? sql`false` : sql`created_at < ${NOW} - ${expireMs}`;
  return orm.run(sql`
    UPDATE outbox SET state = CASE WHEN ${expired} THEN 'parked' ELSE 'pending' END,
      done_at = CASE WHEN ${expired} THEN ${NOW} END, next_at = ${NOW} + ${delayMs}, last_error = ${error},
      uncertain = uncertain + ${uncertain ? 1 : 0}, attempts = attempts - ${noAttempt ? 1 : 0},
      plain = MAX(plain, ${plain ? 1 : 0})
    WHERE ${claimedBy(epoch, ids)}`);
}

/** The rows were claimed and not sent: they are as before, for whoever comes next. */
export function giveBack(orm: Orm, epoch: number, ids: number[]): Statement {
  return orm.run(sql`UPDATE outbox SET state = 'pending', attempts = attempts - 1 WHERE ${claimedBy(epoch, ids)}`);
}

/** Nothing goes to this chat for `delayMs`. */
export function pauseChat(orm: Orm, chatId: number, delayMs: number): Statement {
  return orm.run(sql`UPDATE users SET next_send_at = MAX(next_send_at, ${NOW} + ${delayMs}) WHERE id = ${chatId}`);
}

/** The message can never be delivered, or has nothing to say: it makes way for the next, and its reason is kept. */
export function setAside(
  orm: Orm,
  epoch: number,
  { ids, state, error }: { ids: number[]; state: "parked" | "skipped"; error: string },
): Statement {
  return orm.run(sql`
    UPDATE outbox SET state = ${state}, last_error = ${error}, done_at = ${NOW} WHERE ${claimedBy(epoch, ids)}`);
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
