import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { type ChatSettings, readSettings, type TrackingSettings } from "./settings.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";
import { sleepUnwatched } from "./users.ts";

/** All that is stored of a chat, for whoever asks for it. Times are ISO 8601, in UTC. */
export type ExportedChat = {
  chat: {
    id: number;
    type: string;
    title?: string;
    language: string;
    settings: ChatSettings;
    since: string;
  };
  trackings: {
    source: string;
    nickname: string;
    name: string;
    url: string;
    since: string;
    thread?: number;
    settings: TrackingSettings;
  }[];
  /** Streamers that are still looked for. */
  lookingFor: { source: string; nickname: string; since: string }[];
  /** Trackings that have been ended just now and can still be restored. */
  ended: { source: string; nickname: string; endedAt: string }[];
  /** Groups and channels that this person manages from the private chat. */
  manages: { id: number; title: string; since: string }[];
  /** Messages owed or sent, by their state: they hold what the streamers' lists show, and nothing else. */
  messages: Record<string, number>;
  /** The same for what the operators have announced to all chats. */
  announcements: Record<string, number>;
};

/** Undefined when nothing is stored. One transaction, so that it is of one moment. */
export async function exportChat(orm: Orm, chatId: number): Promise<ExportedChat | undefined> {
  const [chat, trackings, lookups, ended, manages, messages, announcements] = await batch(orm, [
    orm.run(sql`SELECT type, title, language, settings, created_at FROM users WHERE id = ${chatId}`),
    orm.run(sql`
      SELECT s.source, s.nickname, s.name, s.url, us.created_at, us.thread_id, us.settings
      FROM user_streamers us JOIN streamers s ON s.id = us.streamer_id WHERE us.user_id = ${chatId} ORDER BY us.created_at`),
    orm.run(sql`SELECT source, nickname, created_at FROM lookups WHERE chat_id = ${chatId} AND NOT done`),
    orm.run(sql`
      SELECT s.source, s.nickname, ut.untracked_at FROM untracked ut JOIN streamers s ON s.id = ut.streamer_id
      WHERE ut.user_id = ${chatId}`),
    orm.run(sql`
      SELECT m.chat_id, u.title, m.created_at FROM managers m JOIN users u ON u.id = m.chat_id WHERE m.person_id = ${chatId}`),
    orm.run(sql`SELECT state, COUNT(*) AS count FROM outbox WHERE chat_id = ${chatId} GROUP BY state`),
    orm.run(sql`SELECT state, COUNT(*) AS count FROM broadcast_messages WHERE chat_id = ${chatId} GROUP BY state`),
  ]);
  const row = chat?.rows[0];
  if (row === undefined) return undefined;
  return {
    chat: {
      id: chatId,
      type: String(row.type),
      ...(row.title !== null && { title: String(row.title) }),
      language: String(row.language),
      settings: readSettings<ChatSettings>(row.settings),
      since: iso(row.created_at),
    },
    trackings: each(trackings, (one) => ({
      ...addressOf(one),
      name: String(one.name),
      url: String(one.url),
      since: iso(one.created_at),
      ...(Number(one.thread_id) !== 0 && { thread: Number(one.thread_id) }),
      settings: readSettings<TrackingSettings>(one.settings),
    })),
    lookingFor: each(lookups, (one) => ({ ...addressOf(one), since: iso(one.created_at) })),
    ended: each(ended, (one) => ({ ...addressOf(one), endedAt: iso(one.untracked_at) })),
    manages: each(manages, (one) => ({
      id: Number(one.chat_id),
      title: String(one.title ?? ""),
      since: iso(one.created_at),
    })),
    messages: countsOf(messages),
    announcements: countsOf(announcements),
  };
}

const each = <T>(result: Result | undefined, read: (row: Record<string, unknown>) => T): T[] =>
  (result?.rows ?? []).map(read);
const addressOf = ({ source, nickname }: Record<string, unknown>) => ({
  source: String(source),
  nickname: String(nickname),
});
const countsOf = (result: Result | undefined) =>
  Object.fromEntries(each(result, ({ state, count }) => [String(state), Number(count)]));
const iso = (ms: unknown) => new Date(Number(ms)).toISOString();

/**
 * Forgets a chat: every row that bears its id, in one transaction. What it tracked goes to sleep unless others track it.
 * A message that is being sent at this moment may still arrive.
 */
export async function eraseChat(orm: Orm, chatId: number): Promise<void> {
  await batch(orm, erase(orm, sql`${chatId}`));
}

/** `chat` is the id; nothing is erased when it is NULL. */
function erase(orm: Orm, chat: ReturnType<typeof sql>): Statement[] {
  const tracked = sql`SELECT streamer_id FROM user_streamers WHERE user_id = ${chat}`;
  return [
    orm.run(sql`UPDATE users SET active = 0 WHERE id = ${chat}`),
    sleepUnwatched(orm, tracked),
    orm.run(sql`DELETE FROM outbox WHERE chat_id = ${chat}`),
    orm.run(sql`DELETE FROM broadcast_messages WHERE chat_id = ${chat}`),
    orm.run(sql`UPDATE broadcasts SET chat_id = NULL, message_id = NULL WHERE chat_id = ${chat}`),
    orm.run(sql`DELETE FROM lookups WHERE chat_id = ${chat}`),
    orm.run(sql`UPDATE lookups SET answer_chat_id = NULL, message_id = NULL WHERE answer_chat_id = ${chat}`),
    orm.run(sql`DELETE FROM managers WHERE ${chat} IN (person_id, chat_id)`),
    orm.run(sql`DELETE FROM untracked WHERE user_id = ${chat}`),
    orm.run(sql`DELETE FROM user_streamers WHERE user_id = ${chat}`),
    orm.run(sql`DELETE FROM users WHERE id = ${chat}`),
  ];
}

/** Who has refused our messages for so long does not come back for the same list. */
const FORGET_AFTER_MS = 400 * 24 * 3_600_000;

/** The ids of at most `limit` chats that have been closed for more than 400 days. */
export async function longClosed(orm: Orm, limit: number): Promise<number[]> {
  const rows = await orm.all<{ id: number }>(sql`
    SELECT id FROM users WHERE closed_at < ${NOW} - ${FORGET_AFTER_MS} ORDER BY closed_at LIMIT ${limit}`);
  return rows.map(({ id }) => id);
}

/** Forgets a chat as eraseChat() does, unless it is there again. */
export function forgetClosed(orm: Orm, chatId: number): Statement[] {
  return erase(orm, sql`(SELECT id FROM users WHERE id = ${chatId} AND closed_at IS NOT NULL)`);
}
