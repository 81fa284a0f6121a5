import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { type LookNotes, recordSnapshot, type SnapshotItem } from "./snapshots.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";
import { readTopItems, type TopItem, topItems } from "./trackings.ts";
import { sleepUnwatched, wakeWatched } from "./users.ts";

/** A nickname that chats wait for. `attempts` counts the looks that failed for a passing reason. */
export type DueLookup = { source: string; key: string; nickname: string; attempts: number };

/** What a look came to, as the waiting message will say it. */
export type LookupOutcome =
  | "tracking"
  | "full"
  | "not_found"
  | "private"
  | "too_long"
  | "page_changed"
  | "partial"
  | "blocked"
  | "unreachable"
  | "gave_up"
  | "cancelled";

/** The looks that are owed, one for each nickname, taking turns between the chats that ask. */
export async function dueLookups(
  orm: Orm,
  { source, limit, running }: { source: string; limit: number; running: string[] },
): Promise<DueLookup[]> {
  return await orm.all<DueLookup>(sql`
    SELECT source, nickname_key AS "key", MIN(nickname) AS nickname, MAX(attempts) AS attempts
    FROM (
      SELECT *, ROW_NUMBER() OVER (PARTITION BY chat_id ORDER BY created_at) AS turn FROM lookups
      WHERE NOT done AND next_at <= ${NOW} AND source = ${source})
    WHERE nickname_key NOT IN (SELECT value FROM json_each(${JSON.stringify(running)}))
    GROUP BY nickname_key ORDER BY MIN(turn), MIN(created_at) LIMIT ${limit}`);
}

/**
 * Notes which message shows the looks of a chat, so that it can become their answer. From now on they may be made, and
 * answered: another chat's look may have found what this one asks for already.
 */
export async function noteLookupMessage(
  orm: Orm,
  chatId: number,
  wanted: { source: string; key: string }[],
  messageId: number,
): Promise<void> {
  const keys = JSON.stringify(wanted.map(({ source, key }) => `${source}:${key}`));
  await orm.run(sql`
    UPDATE lookups SET message_id = ${messageId}, answer_at = ${NOW},
      next_at = CASE attempts WHEN 0 THEN ${NOW} ELSE next_at END
    WHERE chat_id = ${chatId} AND message_id IS NULL AND source || ':' || nickname_key IN (SELECT value FROM json_each(${keys}))`);
}

/** What a profile page says of a streamer. */
export type FoundStreamer = {
  ownerId: string;
  nickname: string;
  /** The nickname folded. */
  key: string;
  name: string;
  url: string;
  avatarUrl?: string | undefined;
  description?: string | undefined;
};

/** Whether the owner's list is stored and kept up to date: then a new nickname of it needs no look. */
export async function isWatched(orm: Orm, source: string, ownerId: string): Promise<boolean> {
  const rows = await orm.all(sql`
    SELECT 1 FROM streamers
    WHERE source = ${source} AND owner_id = ${ownerId} AND baselined_at IS NOT NULL AND slept_at IS NULL`);
  return rows.length > 0;
}

/**
 * Stores a streamer that was looked for, its baseline, a tracking for every chat that waited, and what to tell them.
 * `items` is absent when the list is watched already. `key` is the nickname as asked for, which the
 * site may answer under another.
 */
export function recordFound(
  orm: Orm,
  { source, key }: { source: string; key: string },
  found: FoundStreamer,
  items: SnapshotItem[] | undefined,
  { maxTrackings, notes }: { maxTrackings: number; notes: LookNotes },
): Statement[] {
  const streamer = sql`SELECT id FROM streamers WHERE source = ${source} AND owner_id = ${found.ownerId}`;
  const waiting = sql`l.source = ${source} AND l.nickname_key = ${key} AND NOT l.done`;
  return [
    orm.run(sql`
      UPDATE streamers SET nickname_key = NULL
      WHERE source = ${source} AND nickname_key = ${found.key} AND owner_id <> ${found.ownerId}`),
    orm.run(sql`
      INSERT INTO streamers (source, owner_id, nickname, nickname_key, name, avatar_url, description, url, next_check_at, created_at)
      VALUES (${source}, ${found.ownerId}, ${found.nickname}, ${found.key}, ${found.name}, ${found.avatarUrl ?? null},
        ${found.description ?? null}, ${found.url}, ${NOW}, ${NOW})
      ON CONFLICT (source, owner_id) DO UPDATE SET nickname = excluded.nickname, nickname_key = excluded.nickname_key,
        name = excluded.name, avatar_url = excluded.avatar_url, description = excluded.description, url = excluded.url
      RETURNING id AS stored_streamer`),
    orm.run(sql`
      INSERT INTO user_streamers (user_id, streamer_id, thread_id, created_at)
      SELECT l.chat_id, (${streamer}), l.thread_id, ${NOW} FROM lookups l JOIN users u ON u.id = l.chat_id
      WHERE ${waiting} AND (SELECT COUNT(*) FROM user_streamers WHERE user_id = l.chat_id) < ${maxTrackings}
      ON CONFLICT DO NOTHING`),
    wakeWatched(orm, streamer),
    ...(items === undefined ? [] : recordSnapshot(orm, streamer, items, notes)),
    orm.run(sql`
      UPDATE lookups AS l SET streamer_id = (${streamer}), done = 1,
        outcome = CASE WHEN EXISTS (SELECT 1 FROM user_streamers us WHERE us.user_id = l.chat_id AND us.streamer_id = (${streamer}))
          THEN 'tracking' ELSE 'full' END
      WHERE ${waiting}`),
    // Nobody may be left who waited for it.
    sleepUnwatched(orm, streamer),
  ];
}

/** The id of the streamer that recordFound() has stored. */
export function readStreamerId(results: Result[]): number | undefined {
  const row = results.flatMap(({ rows }) => rows).find((row) => "stored_streamer" in row);
  return row === undefined ? undefined : Number(row.stored_streamer);
}

/** A look that failed for good: `outcome` is what to tell. */
export function recordLookupRefusal(
  orm: Orm,
  { source, key }: { source: string; key: string },
  outcome: LookupOutcome,
): Statement {
  return orm.run(sql`
    UPDATE lookups SET outcome = ${outcome}, done = 1
    WHERE source = ${source} AND nickname_key = ${key} AND NOT done`);
}

/** A look that failed and is made again after `retryMs`; who has waited for longer than `patienceMs` is told of the end. */
export function recordLookupFailure(
  orm: Orm,
  { source, key }: { source: string; key: string },
  { outcome, retryMs, patienceMs }: { outcome: LookupOutcome; retryMs: number; patienceMs: number },
): Statement {
  const isOver = sql`${NOW} - created_at > ${patienceMs}`;
  return orm.run(sql`
    UPDATE lookups SET outcome = CASE WHEN ${isOver} THEN 'gave_up' ELSE ${outcome} END, done = ${isOver},
      attempts = attempts + 1, next_at = ${NOW} + ${retryMs}
    WHERE source = ${source} AND nickname_key = ${key} AND NOT done`);
}

/** One line of a "looking…" message. `outcome` is absent while the look is owed. */
export type LookupLine = {
  /** The chat that asks for it. */
  chatId: number;
  source: string;
  key: string;
  nickname: string;
  outcome?: LookupOutcome | undefined;
  /** No further look will be made. */
  done: boolean;
  streamer?: { id: number; name: string; url: string; items: number; top: TopItem[] } | undefined;
};

/** A message whose answer has changed: `messageId` is absent when no message could be noted. */
export type LookupMessage = {
  /** Where it is shown: the chat that asks, or the private one from which that chat is managed. */
  chatId: number;
  threadId: number;
  messageId?: number | undefined;
  language: string;
  lines: LookupLine[];
};

/** The chat that shows the answer to a row of `lookups`; `row` is the table's name in the statement. */
const shownIn = (row: string) => sql.raw(`COALESCE(${row}.answer_chat_id, ${row}.chat_id)`);

/** The messages that do not show the outcome of a look yet, with all their lines. */
export async function staleLookupMessages(orm: Orm, limit: number): Promise<LookupMessage[]> {
  const rows = await orm.all<{
    chatId: number;
    asking: number;
    threadId: number;
    messageId: number | null;
    language: string;
    source: string;
    key: string;
    nickname: string;
    outcome: LookupOutcome | null;
    done: number;
    streamerId: number | null;
    name: string | null;
    url: string | null;
    items: number;
  }>(sql`
    SELECT ${shownIn("l")} AS "chatId", l.chat_id AS asking,
      CASE WHEN l.answer_chat_id IS NULL THEN l.thread_id ELSE 0 END AS "threadId", l.message_id AS "messageId",
      COALESCE(u.settings->>'language', l.language) AS language, l.source,
      l.nickname_key AS "key", l.nickname, l.outcome, l.done, s.id AS "streamerId", s.name, s.url,
      (SELECT COUNT(*) FROM wishlist_items wi WHERE wi.streamer_id = s.id AND wi.removed_at IS NULL) AS items
    FROM lookups l LEFT JOIN streamers s ON s.id = l.streamer_id LEFT JOIN users u ON u.id = ${shownIn("l")}
    WHERE (${shownIn("l")}, COALESCE(l.message_id, -l.rowid)) IN (
      SELECT ${shownIn("lookups")}, COALESCE(message_id, -rowid) FROM lookups
      WHERE outcome IS NOT shown AND outcome IS NOT NULL AND answer_at <= ${NOW} ORDER BY answer_at LIMIT ${limit})
    ORDER BY l.chat_id, l.created_at, l.rowid`);
  const tops = await topItemsOf(orm, [...new Set(rows.flatMap(({ streamerId }) => streamerId ?? []))]);
  const messages = new Map<string, LookupMessage>();
  for (const { chatId, asking, threadId, messageId, language, source, key, nickname, outcome, done, ...row } of rows) {
    const id = messageId === null ? `${chatId} ${asking} ${source} ${key}` : `${chatId} ${messageId}`;
    const message = messages.get(id) ?? { chatId, threadId, messageId: messageId ?? undefined, language, lines: [] };
    const { streamerId, name, url, items } = row;
    const streamer =
      streamerId === null || name === null || url === null
        ? undefined
        : { id: streamerId, name, url, items, top: tops.get(streamerId) ?? [] };
    message.lines.push({
      chatId: asking,
      source,
      key,
      nickname,
      outcome: outcome ?? undefined,
      done: Boolean(done),
      streamer,
    });
    messages.set(id, message);
  }
  return [...messages.values()];
}

async function topItemsOf(orm: Orm, streamerIds: number[]): Promise<Map<number, TopItem[]>> {
  const tops = await batch(
    orm,
    streamerIds.map((id) => topItems(orm, sql`SELECT ${id}`)),
  );
  return new Map(streamerIds.map((id, n) => [id, readTopItems(tops[n])]));
}

/**
 * These outcomes are told, or cannot be: finished looks are over, the others go on under the message `messageId` (absent:
 * under none yet).
 */
export function markLookupsShown(orm: Orm, message: LookupMessage, messageId: number | undefined): Statement[] {
  const finished = message.lines.every(({ done }) => done);
  return message.lines.map(({ chatId, source, key, outcome }) => {
    const row = sql`source = ${source} AND nickname_key = ${key} AND chat_id = ${chatId}`;
    return finished
      ? orm.run(sql`DELETE FROM lookups WHERE ${row} AND outcome IS ${outcome ?? null}`)
      : orm.run(sql`UPDATE lookups SET message_id = ${messageId ?? null}, shown = ${outcome ?? null} WHERE ${row}`);
  });
}

/** Telegram did not take the answer: it is tried again after `retryMs`. */
export function postponeLookupAnswer(orm: Orm, { lines }: LookupMessage, retryMs: number): Statement[] {
  return lines.map(({ chatId, source, key }) =>
    orm.run(sql`
      UPDATE lookups SET answer_at = ${NOW} + ${retryMs}
      WHERE source = ${source} AND nickname_key = ${key} AND chat_id = ${chatId}`),
  );
}

const KEEP_MS = 7 * 24 * 3_600_000;

/**
 * Drops looks that were finished long ago. Mostly a row goes with its message; one stays behind when all the others of its
 * message have gone on to another.
 */
export function pruneLookups(orm: Orm): Statement {
  return orm.run(sql`DELETE FROM lookups WHERE done AND created_at < ${NOW} - ${KEEP_MS}`);
}
