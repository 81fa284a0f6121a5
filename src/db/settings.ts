import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";
import { type Chat, meetUser, wakeWatched } from "./users.ts";

/** What of a wishlist's events is told; absent means the default, which is new items alone. */
export type Notify = {
  /** New items. Default true. */
  added?: boolean;
  /** An item is cheaper by at least so many percent. Absent: price drops are not told. */
  dropPercent?: number;
  /** An item's price has fallen to this or below, in minor units of its currency. Absent: not told. */
  priceBelow?: number;
  /** What was sold out can be bought again, or a wish that was taken off is back. Default false. */
  available?: boolean;
  /** An item was taken off or bought. Default false. */
  gone?: boolean;
};

/** A chat's own settings: `users.settings`. Absent fields are defaults. */
export type ChatSettings = {
  /** Chosen by hand; absent: each speaker's own, and for news that of the chat's first command. */
  language?: "ru" | "en";
  /** IANA name. Default Europe/Moscow. */
  timeZone?: string;
  /**
   * Minutes after midnight in `timeZone`; `from` may be after `to`, and is never equal to it. News within is held back
   * until `to`, or sent without a sound when `silent`.
   */
  quiet?: { from: number; to: number; silent?: boolean };
  /** Minutes after midnight in `timeZone`: all news of a day in one message then. Absent: at once. */
  digestAt?: number;
  /** In groups: everybody may change what it follows, not administrators alone. */
  everybody?: boolean;
  /** What is told of all streamers of this chat, where a tracking says nothing else. */
  notify?: Notify;
};

/** Settings of one tracking: `user_streamers.settings`. Absent fields are the chat's, or none. */
export type TrackingSettings = {
  /** Nothing is told until then, in ms of the database's clock; what happens meanwhile is not made up for. */
  mutedUntil?: number;
  notify?: Notify;
  /** Plain words, folded (lower case, trimmed): only items whose name contains one of `include`, and none of `exclude`. */
  include?: string[];
  exclude?: string[];
  /** Inclusive, in minor units of the item's currency; an item without a price passes. */
  minPrice?: number;
  maxPrice?: number;
};

export const DEFAULT_TIME_ZONE = "Europe/Moscow";
/** A mute without an end: the last moment that a date can hold (ECMA-262). */
export const FOREVER_MS = 8.64e15;

/** The language of a chat's news, and of all else that is not an answer to one person; `u` is the row of `users`. */
export const CHAT_LANGUAGE = sql.raw("COALESCE(u.settings->>'language', u.language)");

/** What is told of a streamer: a tracking's own choice takes the place of the chat's as a whole. */
export function notifyOf(chat: ChatSettings, tracking: TrackingSettings): Notify {
  return tracking.notify ?? chat.notify ?? {};
}

/** How a chat wants to be spoken to; only groups and channels have a title. */
export type KnownChat = {
  type: "private" | "group" | "supergroup" | "channel";
  title: string | null;
  language: string;
  settings: ChatSettings;
};

/** One statement; undefined for a chat that has never given a command that is kept. */
export async function readChat(orm: Orm, chatId: number): Promise<KnownChat | undefined> {
  const [row] = await orm.all<Omit<KnownChat, "settings"> & { settings: string }>(
    sql`SELECT type, title, language, settings FROM users WHERE id = ${chatId}`,
  );
  return row && { ...row, settings: readSettings<ChatSettings>(row.settings) };
}

/** What a raw statement gives of a column of settings. It is only ever written by us. */
export function readSettings<T extends ChatSettings | TrackingSettings>(json: unknown): T {
  return JSON.parse(String(json));
}

/** A chat that changes its settings is there, whatever was known of it; what it tracks is looked at. */
export function meetChat(orm: Orm, chat: Chat, language: string): Statement[] {
  const tracked = sql`SELECT streamer_id FROM user_streamers WHERE user_id = ${chat.id}`;
  return [meetUser(orm, chat, language), wakeWatched(orm, tracked)];
}

/** Changes some of a chat's settings; null takes one back to its default. Nothing happens for a chat that is not known. */
export function changeChatSettings(orm: Orm, chatId: number, changes: Nullable<ChatSettings>): Statement {
  return orm.run(
    sql`UPDATE users SET settings = json_patch(settings, ${JSON.stringify(changes)}) WHERE id = ${chatId}`,
  );
}

/** The same for one tracking; gives the number of rows, 0 when there is no such tracking. */
export async function changeTrackingSettings(
  orm: Orm,
  { chatId, streamerId }: { chatId: number; streamerId: number },
  changes: Nullable<TrackingSettings>,
): Promise<number> {
  const { rowsAffected } = (await orm.run(sql`
    UPDATE user_streamers SET settings = json_patch(settings, ${JSON.stringify(changes)})
    WHERE user_id = ${chatId} AND streamer_id = ${streamerId}`)) as unknown as Result;
  return rowsAffected;
}

/**
 * Mutes one tracking for so long from now, by the database's clock, and at most for ever; gives the number of rows.
 */
export async function muteTracking(
  orm: Orm,
  { chatId, streamerId }: { chatId: number; streamerId: number },
  forMs: number,
): Promise<number> {
  const { rowsAffected } = (await orm.run(sql`
    UPDATE user_streamers SET settings = json_set(settings, '$.mutedUntil', ${until(forMs)})
    WHERE user_id = ${chatId} AND streamer_id = ${streamerId}`)) as unknown as Result;
  return rowsAffected;
}

const until = (forMs: number) => sql`CAST(MIN(${NOW} + ${forMs}, ${FOREVER_MS}) AS INTEGER)`;

/** The same by nickname; `forMs` 0 ends a mute. Undefined when the chat does not track it. */
export async function muteNickname(
  orm: Orm,
  chatId: number,
  { source, key }: { source: string; key: string },
  forMs: number,
): Promise<{ name: string; url: string; mutedUntil: number | null; now: number } | undefined> {
  const settings =
    forMs === 0 ? sql`json_remove(settings, '$.mutedUntil')` : sql`json_set(settings, '$.mutedUntil', ${until(forMs)})`;
  const [, shown] = await batch(orm, [
    orm.run(sql`
      UPDATE user_streamers SET settings = ${settings}
      WHERE user_id = ${chatId} AND streamer_id = (
        SELECT id FROM streamers WHERE source = ${source} AND nickname_key = ${key})`),
    orm.run(sql`
      SELECT s.name, s.url, us.settings->>'mutedUntil' AS muted_until, ${NOW} AS now
      FROM streamers s JOIN user_streamers us ON us.streamer_id = s.id AND us.user_id = ${chatId}
      WHERE s.source = ${source} AND s.nickname_key = ${key}`),
  ]);
  const row = shown?.rows[0];
  if (row === undefined) return undefined;
  const mutedUntil = row.muted_until === null ? null : Number(row.muted_until);
  return { name: String(row.name), url: String(row.url), mutedUntil, now: Number(row.now) };
}

/** All news of a chat goes to this forum topic from now on; 0 for none. */
export function moveTrackings(orm: Orm, chatId: number, threadId: number): Statement {
  return orm.run(sql`UPDATE user_streamers SET thread_id = ${threadId} WHERE user_id = ${chatId}`);
}

/** The same for one streamer. */
export function moveTracking(orm: Orm, chatId: number, streamerId: number, threadId: number): Statement {
  return orm.run(sql`
    UPDATE user_streamers SET thread_id = ${threadId} WHERE user_id = ${chatId} AND streamer_id = ${streamerId}`);
}

/** How many of a chat's trackings there are, and how many of them write to this forum topic. */
export async function countInTopic(orm: Orm, chatId: number, threadId: number): Promise<{ all: number; here: number }> {
  const [row] = await orm.all<{ all: number; here: number }>(sql`
    SELECT COUNT(*) AS "all", COUNT(*) FILTER (WHERE thread_id = ${threadId}) AS here
    FROM user_streamers WHERE user_id = ${chatId}`);
  return row ?? { all: 0, here: 0 };
}

/** JSON merge patch (RFC 7396): null removes a member, objects within are merged in the same way. */
export type Nullable<T> = {
  [K in keyof T]?: T[K] | null | (T[K] extends object | undefined ? Nullable<NonNullable<T[K]>> : never);
};
