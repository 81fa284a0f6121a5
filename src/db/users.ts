import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";

/** A Telegram chat as an update shows it. `title` is of groups and channels only. */
export type Chat = { id: number; type: "private" | "group" | "supergroup" | "channel"; title?: string | undefined };

/** A chat that gives a command is there again, whatever was known of it. Its language stays that of its first command. */
export function meetUser(orm: Orm, chat: Chat, language: string): Statement {
  return orm.run(sql`
    INSERT INTO users (id, type, title, language, created_at)
    VALUES (${chat.id}, ${chat.type}, ${chat.title ?? null}, ${language}, ${NOW})
    ON CONFLICT (id) DO UPDATE SET type = excluded.type, title = excluded.title, active = 1, closed_at = NULL,
      suspect_since = NULL`);
}

/** Streamers whose last active chat is gone go to sleep: they are not looked at. `which` selects their ids. */
export function sleepUnwatched(orm: Orm, which: ReturnType<typeof sql>): Statement {
  return orm.run(sql`
    UPDATE streamers SET slept_at = COALESCE(slept_at, ${NOW}), next_check_at = NULL
    WHERE next_check_at IS NOT NULL AND id IN (${which}) AND NOT EXISTS (
      SELECT 1 FROM user_streamers us JOIN users u ON u.id = us.user_id WHERE us.streamer_id = streamers.id AND u.active)`);
}

/** Sleeping streamers that an active chat tracks again are due at once. `slept_at` stays: the next look is a baseline. */
export function wakeWatched(orm: Orm, which: ReturnType<typeof sql>): Statement {
  return orm.run(sql`
    UPDATE streamers SET next_check_at = ${NOW}
    WHERE next_check_at IS NULL AND id IN (${which}) AND EXISTS (
      SELECT 1 FROM user_streamers us JOIN users u ON u.id = us.user_id WHERE us.streamer_id = streamers.id AND u.active)`);
}

const trackedBy = (chatId: number) => sql`SELECT streamer_id FROM user_streamers WHERE user_id = ${chatId}`;

/**
 * Telegram will not take messages for this chat (blocked, kicked, deleted): it costs nothing from now on. Its trackings
 * stay, what it was owed does not.
 */
export function closeChat(orm: Orm, chatId: number, reason: string): Statement[] {
  return [
    orm.run(sql`
      UPDATE users SET active = 0, closed_at = COALESCE(closed_at, ${NOW}), suspect_since = NULL WHERE id = ${chatId}`),
    orm.run(sql`
      UPDATE outbox SET state = 'skipped', last_error = ${reason}, done_at = ${NOW}
      WHERE chat_id = ${chatId} AND state IN ('pending', 'sending')`),
    orm.run(sql`
      UPDATE broadcast_messages SET state = 'skipped', last_error = ${reason}
      WHERE chat_id = ${chatId} AND state IN ('pending', 'sending')`),
    orm.run(sql`DELETE FROM lookups WHERE chat_id = ${chatId}`),
    // What was to be answered there for another chat is answered in that one.
    orm.run(sql`UPDATE lookups SET answer_chat_id = NULL, message_id = NULL WHERE answer_chat_id = ${chatId}`),
    sleepUnwatched(orm, trackedBy(chatId)),
  ];
}

/** The chat takes messages again. What appeared while everybody was away is not announced. */
export function reopenChat(orm: Orm, chatId: number): Statement[] {
  return [
    orm.run(
      sql`UPDATE users SET active = 1, closed_at = NULL, suspect_since = NULL, next_send_at = 0 WHERE id = ${chatId}`,
    ),
    wakeWatched(orm, trackedBy(chatId)),
  ];
}

/**
 * A group became a supergroup: everything of the old id moves to the new one, and where the new one has the same
 * already, the old is dropped. Safe to run twice.
 */
export function migrateChat(orm: Orm, from: number, to: number): Statement[] {
  const move = (table: string, column: string) => [
    orm.run(sql`UPDATE OR IGNORE ${sql.raw(table)} SET ${sql.raw(column)} = ${to} WHERE ${sql.raw(column)} = ${from}`),
    orm.run(sql`DELETE FROM ${sql.raw(table)} WHERE ${sql.raw(column)} = ${from}`),
  ];
  return [
    orm.run(sql`
      INSERT INTO users (id, type, title, language, settings, active, created_at)
      SELECT ${to}, 'supergroup', title, language, settings, 1, created_at FROM users WHERE id = ${from}
      ON CONFLICT (id) DO UPDATE SET active = 1, closed_at = NULL`),
    ...move("user_streamers", "user_id"),
    ...move("untracked", "user_id"),
    ...move("managers", "chat_id"),
    // Messages are numbered anew there: what had this number may be another message's.
    orm.run(sql`UPDATE lookups SET message_id = NULL WHERE chat_id = ${from}`),
    orm.run(
      sql`UPDATE outbox SET message_id = NULL, is_outdated = 0 WHERE chat_id = ${from} AND message_id IS NOT NULL`,
    ),
    ...move("lookups", "chat_id"),
    ...move("outbox", "chat_id"),
    ...move("broadcast_messages", "chat_id"),
    orm.run(sql`DELETE FROM users WHERE id = ${from}`),
    wakeWatched(orm, trackedBy(to)),
  ];
}

/** Writes what an update tells of a chat, in one transaction. */
export async function writeAll(orm: Orm, statements: Statement[]): Promise<void> {
  await batch(orm, statements);
}

/** How many active chats track at least one streamer. */
export async function countActiveUsers(orm: Orm): Promise<number> {
  const { rows } = (await orm.run(sql`
    SELECT COUNT(*) AS users FROM users u
    WHERE u.active AND EXISTS (SELECT 1 FROM user_streamers us WHERE us.user_id = u.id)`)) as unknown as Result;
  return Number(rows[0]?.users ?? 0);
}
