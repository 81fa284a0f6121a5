import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** One claimed row of the outbox and what is needed to write to its chat. */
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
  chatType: string;
  language: string;
  streamerName: string;
  streamerUrl: string;
};

/**
 * Claims the head of up to `limit` chats and topics, and whatever else is pending for the same streamer there: that
 * becomes one message. The chat that was written to longest ago comes first, so that a long queue of one chat delays
 * nobody else. A row that another term left `sending` is taken over after `orphanMs`, when that send is surely over.
 * The last statement gives the claimed rows. `claim` numbers the claims of a term: none is given out twice.
 */
export function claimHeads(
  orm: Orm,
  { epoch, claim }: { epoch: number; claim: number },
  { limit, orphanMs }: { limit: number; orphanMs: number },
): Statement[] {
  const take = sql`
    UPDATE outbox SET state = 'sending', claim_epoch = ${epoch}, claim_number = ${claim}, claimed_at = ${NOW},
      attempts = attempts + 1`;
  const taken = sql`state = 'sending' AND claim_epoch = ${epoch} AND claim_number = ${claim}`;
  return [
    orm.run(sql`${take} WHERE id IN (
      SELECT o.id FROM outbox o JOIN users u ON u.id = o.chat_id
      WHERE o.state IN ('pending', 'sending') AND o.next_at <= ${NOW} AND u.active AND u.next_send_at <= ${NOW}
        AND (o.state = 'pending' OR (o.claim_epoch <> ${epoch} AND o.claimed_at <= ${NOW} - ${orphanMs}))
        AND NOT EXISTS (
          SELECT 1 FROM outbox p WHERE p.chat_id = o.chat_id AND p.thread_id = o.thread_id AND p.id < o.id
            AND p.state IN ('pending', 'sending'))
      ORDER BY u.next_send_at, o.id LIMIT ${limit})`),
    orm.run(sql`${take} WHERE state = 'pending' AND NOT plain AND (chat_id, thread_id, streamer_id) IN (
      SELECT chat_id, thread_id, streamer_id FROM outbox WHERE ${taken} AND NOT plain)`),
    orm.run(sql`
      SELECT o.id, o.chat_id AS "chatId", o.thread_id AS "threadId", o.streamer_id AS "streamerId",
        o.check_number AS "checkNumber", o.attempts, o.uncertain, o.plain, ${NOW} - o.created_at AS "ageMs",
        u.type AS "chatType", u.language, s.name AS "streamerName", s.url AS "streamerUrl"
      FROM outbox o JOIN users u ON u.id = o.chat_id JOIN streamers s ON s.id = o.streamer_id
      WHERE ${taken} ORDER BY o.id`),
  ];
}

/** An item that a notification tells of. */
export type NewsItem = {
  productId: string;
  name: string;
  price: number | null;
  currency: string | null;
  imageUrl: string | null;
  productUrl: string | null;
};

/** What one check of one streamer found: the first `limit` items in the site's order, and how many there were in all. */
export async function newsOf(
  orm: Orm,
  { streamerId, checkNumber }: { streamerId: number; checkNumber: number },
  limit: number,
): Promise<{ items: NewsItem[]; total: number }> {
  const rows = await orm.all<NewsItem & { total: number }>(sql`
    SELECT product_id AS "productId", name, price, currency, image_url AS "imageUrl", product_url AS "productUrl",
      COUNT(*) OVER () AS total
    FROM wishlist_events WHERE streamer_id = ${streamerId} AND check_number = ${checkNumber} AND kind = 'added'
    ORDER BY id LIMIT ${limit}`);
  return { items: rows.map(({ total: _, ...item }) => item), total: rows[0]?.total ?? 0 };
}

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
    orm.run(sql`UPDATE users SET next_send_at = ${NOW} + ${paceMs}, suspect_since = NULL WHERE id = ${chatId}`),
  ];
}

/** The rows go back to the queue for `delayMs`; `change` tells what was learned from the attempt. */
export function postpone(
  orm: Orm,
  epoch: number,
  { ids, delayMs, error }: { ids: number[]; delayMs: number; error: string },
  change: { uncertain?: boolean; plain?: boolean; noAttempt?: boolean } = {},
): Statement {
  return orm.run(sql`
    UPDATE outbox SET state = 'pending', next_at = ${NOW} + ${delayMs}, last_error = ${error},
      uncertain = uncertain + ${change.uncertain ? 1 : 0}, attempts = attempts - ${change.noAttempt ? 1 : 0},
      plain = MAX(plain, ${change.plain ? 1 : 0})
    WHERE ${claimedBy(epoch, ids)}`);
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

/** When Telegram first refused the chat in a way that may pass; NULL until then. */
export async function suspectForMs(orm: Orm, chatId: number): Promise<number | undefined> {
  const [row] = await orm.all<{ ms: number | null }>(
    sql`SELECT ${NOW} - suspect_since AS ms FROM users WHERE id = ${chatId}`,
  );
  return row?.ms ?? undefined;
}

export function suspectChat(orm: Orm, chatId: number): Statement {
  return orm.run(sql`UPDATE users SET suspect_since = COALESCE(suspect_since, ${NOW}) WHERE id = ${chatId}`);
}

/** What is owed now: how many messages, how long the oldest has waited, and how many were given up. */
export type OutboxState = { open: number; oldestMs: number; parked: number };

export async function outboxState(orm: Orm): Promise<OutboxState> {
  const [row] = await orm.all<OutboxState>(sql`
    SELECT COUNT(*) AS open, COALESCE(${NOW} - MIN(created_at), 0) AS "oldestMs",
      (SELECT COUNT(*) FROM outbox WHERE done_at IS NOT NULL AND state = 'parked') AS parked
    FROM outbox WHERE state IN ('pending', 'sending')`);
  return row ?? { open: 0, oldestMs: 0, parked: 0 };
}

/** Drops what was sent or skipped more than 30 days ago, and what was parked more than 90 days ago. */
export function pruneOutbox(orm: Orm, limit: number): Statement {
  return orm.run(sql`
    DELETE FROM outbox WHERE id IN (
      SELECT id FROM outbox
      WHERE done_at < ${NOW} - CASE state WHEN 'parked' THEN 90 ELSE 30 END * 86400000 LIMIT ${limit})`);
}
