import type { Orm } from "./client.ts";
import { and, desc, eq, isNull, sql } from "./orm.ts";
import { streamers, userStreamers, users, wishlistItems } from "./schema.ts";
import type { KnownChat } from "./settings.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";
import { type Chat, meetUser, sleepUnwatched, wakeWatched } from "./users.ts";

export type ListedStreamer = {
  id: number;
  name: string;
  url: string;
  trackedAt: number;
  items: number;
  /** When an item was last added to its list; null when that has not happened yet. */
  newsAt: number | null;
  isMuted: boolean;
  /** Its last looks have failed, and it is the list's own fault. */
  isUnreadable: boolean;
};

/**
 * What a chat tracks, latest first, and how it wants to be spoken to; no chat when it has never given a command that is
 * kept. `now` is the database's clock.
 */
export type ListedTrackings = { chat: KnownChat | undefined; tracked: ListedStreamer[]; now: number };

/** Failed looks in a row after which a list counts as unreadable: fewer are a passing trouble. */
const UNREADABLE_LOOKS = 3;

/** `failures` is the column. */
export const isUnreadable = (failures: ReturnType<typeof sql>) => sql`COALESCE(${failures} >= ${UNREADABLE_LOOKS}, 0)`;

/** When an item was last added to the list of the streamer `id`; read from the end of an index, or of what is folded. */
export const newsAt = (id: ReturnType<typeof sql>) => sql<number | null>`COALESCE((
  SELECT e.at FROM wishlist_events e WHERE e.streamer_id = ${id} AND e.kind = 'added'
  ORDER BY e.check_number DESC LIMIT 1), (SELECT past_news_at FROM streamers past WHERE past.id = ${id}))`;

/**
 * In one statement. Grouping by the key of `user_streamers` streams in the order of its index; grouping by
 * `s.id, us.created_at` gives the same rows through a sort of every item (docs/performance.md).
 */
export async function listTrackings(orm: Orm, chatId: number): Promise<ListedTrackings> {
  const query = prepared.get(orm) ?? listTrackingsQuery(orm, sql.placeholder("chatId")).prepare();
  prepared.set(orm, query);
  const rows = await query.execute({ chatId });
  const [first] = rows;
  const tracked = rows.flatMap(({ id, name, url, trackedAt, items, newsAt, isMuted, isUnreadable }) =>
    id === null || name === null || url === null || trackedAt === null
      ? []
      : [{ id, name, url, trackedAt, items, newsAt, isMuted: isMuted === 1, isUnreadable: isUnreadable === 1 }],
  );
  return { chat: first?.chat, tracked, now: first?.now ?? 0 };
}

/** Of each database: to put its SQL together takes drizzle a tenth of the time that a /list takes in all. */
const prepared = new WeakMap<Orm, ReturnType<ReturnType<typeof listTrackingsQuery>["prepare"]>>();

export function listTrackingsQuery(orm: Orm, chatId: number | ReturnType<typeof sql.placeholder>) {
  return orm
    .select({
      chat: { type: users.type, title: users.title, language: users.language, settings: users.settings },
      id: streamers.id,
      name: streamers.name,
      url: streamers.url,
      trackedAt: userStreamers.createdAt,
      items: sql<number>`COUNT(${wishlistItems.id})`,
      newsAt: newsAt(sql`${streamers.id}`),
      isMuted: sql<number>`COALESCE(${userStreamers.settings}->>'mutedUntil', 0) > ${NOW}`,
      isUnreadable: sql<number>`${isUnreadable(sql`${streamers.failures}`)}`,
      now: sql<number>`${NOW}`,
    })
    .from(users)
    .leftJoin(userStreamers, eq(userStreamers.userId, users.id))
    .leftJoin(streamers, eq(streamers.id, userStreamers.streamerId))
    .leftJoin(wishlistItems, and(eq(wishlistItems.streamerId, streamers.id), isNull(wishlistItems.removedAt)))
    .where(eq(users.id, chatId))
    .groupBy(userStreamers.userId, userStreamers.streamerId)
    .orderBy(desc(userStreamers.createdAt), desc(streamers.id));
}

/** An address to track: `key` is the folded nickname. */
export type Wanted = { source: string; nickname: string; key: string };

/**
 * What became of one address of a /track:
 * - `tracking`: known, and tracked since just now · `already`: was tracked before
 * - `looking`: unknown; a look is owed and no message shows it yet · `waiting`: one is owed and its message is there
 * - `full`: the chat's limit of trackings is reached · `busy`: too many looks are waiting for this chat
 */
export type TrackResult =
  | { kind: "tracking" | "already"; streamer: TrackedStreamer }
  | { kind: "looking" | "waiting" | "full" | "busy" };

export type TrackedStreamer = { id: number; name: string; url: string; items: number; top: TopItem[] };
export type TopItem = { name: string; price?: number | undefined; currency?: string | undefined };

export type TrackRequest = {
  chat: Chat;
  language: string;
  threadId: number;
  wanted: Wanted[];
  maxTrackings: number;
  /** Most looks that may wait for one chat. */
  maxWaiting: number;
  /** How long a look waits for its "looking…" message to be noted, in ms; then it is answered by a new one. */
  graceMs: number;
  /** Where the answers to looks are shown when not in the chat itself. */
  answerChatId?: number | undefined;
};

/** Tracks what is known and owes a look for what is not; safe to run twice with the same update. */
export async function track(orm: Orm, request: TrackRequest): Promise<TrackResult[]> {
  const { chat, language } = request;
  const perAddress = request.wanted.map((wanted) => trackOne(orm, request, wanted));
  // All that the chat tracks, and not only what it asks for now: it may have been given up for closed until just now.
  const woken = wakeWatched(orm, sql`SELECT streamer_id FROM user_streamers WHERE user_id = ${chat.id}`);
  const [, ...results] = await batch(orm, [meetUser(orm, chat, language), ...perAddress.flat(), woken]);
  return perAddress.map((statements, n) => {
    const [added, , state, top] = results.slice(n * statements.length);
    return outcome(request, added, state, top);
  });
}

function trackOne(
  orm: Orm,
  { chat, language, threadId, maxTrackings, maxWaiting, graceMs, answerChatId = chat.id }: TrackRequest,
  wanted: Wanted,
) {
  const { source, nickname, key } = wanted;
  const known = sql`SELECT id FROM streamers WHERE source = ${source} AND nickname_key = ${key} AND baselined_at IS NOT NULL`;
  const tracked = sql`(SELECT COUNT(*) FROM user_streamers WHERE user_id = ${chat.id})`;
  const waiting = sql`(SELECT COUNT(*) FROM lookups WHERE chat_id = ${chat.id} AND NOT done)`;
  const over = sql.raw("done AND (outcome = 'cancelled' OR outcome IS shown)");
  return [
    orm.run(sql`
      INSERT INTO user_streamers (user_id, streamer_id, thread_id, created_at)
      SELECT ${chat.id}, id, ${threadId}, ${NOW} FROM (${known}) WHERE ${tracked} + ${waiting} < ${maxTrackings}
      ON CONFLICT DO NOTHING RETURNING streamer_id`),
    // Once its answer has been shown, or is not wanted any more, the same may be asked again in a message of its own.
    orm.run(sql`
      INSERT INTO lookups (source, nickname_key, chat_id, answer_chat_id, nickname, thread_id, language, next_at, answer_at,
        created_at)
      SELECT ${source}, ${key}, ${chat.id}, NULLIF(${answerChatId}, ${chat.id}), ${nickname}, ${threadId}, ${language},
        ${NOW} + ${graceMs}, ${NOW} + ${graceMs}, ${NOW}
      WHERE NOT EXISTS (${known}) AND ${tracked} + ${waiting} < ${maxTrackings} AND ${waiting} < ${maxWaiting}
      ON CONFLICT DO UPDATE SET outcome = NULL, shown = NULL, done = 0, attempts = 0, message_id = NULL, streamer_id = NULL,
        answer_chat_id = excluded.answer_chat_id, nickname = excluded.nickname, thread_id = excluded.thread_id, language = excluded.language,
        next_at = excluded.next_at, answer_at = excluded.answer_at, created_at = excluded.created_at
      WHERE ${over}`),
    orm.run(sql`
      SELECT s.id, s.name, s.url, us.user_id IS NOT NULL AS tracked, l.nickname_key IS NOT NULL AS waiting,
        l.message_id IS NOT NULL AS shown, ${waiting} >= ${maxWaiting} AS busy,
        (SELECT COUNT(*) FROM wishlist_items wi WHERE wi.streamer_id = s.id AND wi.removed_at IS NULL) AS items
      FROM (SELECT 1)
      LEFT JOIN streamers s ON s.id = (${known})
      LEFT JOIN user_streamers us ON us.streamer_id = s.id AND us.user_id = ${chat.id}
      LEFT JOIN (SELECT * FROM lookups WHERE NOT (${over})) l
        ON l.source = ${source} AND l.nickname_key = ${key} AND l.chat_id = ${chat.id}`),
    topItems(orm, known),
  ] satisfies Statement[];
}

function outcome(request: TrackRequest, added?: Result, state?: Result, top?: Result): TrackResult {
  const row = state?.rows[0];
  if (row === undefined) throw new Error(`no answer to /track in chat ${request.chat.id}`);
  if (row.tracked) {
    const kind = (added?.rows.length ?? 0) > 0 ? "tracking" : "already";
    const streamer = { id: Number(row.id), name: String(row.name), url: String(row.url), items: Number(row.items) };
    return { kind, streamer: { ...streamer, top: readTopItems(top) } };
  }
  if (row.waiting) return { kind: row.shown ? "waiting" : "looking" };
  return { kind: row.busy ? "busy" : "full" };
}

/** The first items of a list as its page shows them: pinned ones, then the newest; a baseline keeps the site's order. */
export function topItems(orm: Orm, streamer: ReturnType<typeof sql>): Statement {
  return orm.run(sql`
    SELECT name, price, currency FROM wishlist_items WHERE streamer_id = (${streamer}) AND removed_at IS NULL
    ORDER BY is_pinned DESC, first_seen_at DESC, id LIMIT 3`);
}

export function readTopItems(result: Result | undefined): TopItem[] {
  return (result?.rows ?? []).map((row) => ({
    name: String(row.name),
    price: row.price === null ? undefined : Number(row.price),
    currency: row.currency === null ? undefined : String(row.currency),
  }));
}

export type UntrackResult = { id: number; name: string; url: string; isMuted: boolean };

const described = sql`
  SELECT s.id, s.name, s.url, COALESCE(us.settings->>'mutedUntil', 0) > ${NOW} AS muted
  FROM streamers s JOIN user_streamers us ON us.streamer_id = s.id`;

/** Ends a tracking and keeps it for Undo. `which` selects the streamer's id; the first statement gives the streamer. */
function untrack(orm: Orm, chatId: number, which: ReturnType<typeof sql>): Statement[] {
  return [
    orm.run(sql`
      ${described} WHERE us.user_id = ${chatId} AND s.id IN (${which})`),
    orm.run(sql`
      INSERT OR REPLACE INTO untracked (user_id, streamer_id, thread_id, settings, created_at, untracked_at)
      SELECT user_id, streamer_id, thread_id, settings, created_at, ${NOW} FROM user_streamers
      WHERE user_id = ${chatId} AND streamer_id IN (${which})`),
    orm.run(sql`DELETE FROM user_streamers WHERE user_id = ${chatId} AND streamer_id IN (${which})`),
    // What was owed for it and not sent yet is no longer wanted.
    orm.run(sql`
      UPDATE outbox SET state = 'skipped', last_error = 'untracked', done_at = ${NOW}
      WHERE chat_id = ${chatId} AND state = 'pending' AND streamer_id IN (${which})`),
    sleepUnwatched(orm, which),
  ];
}

function readStreamer(result: Result | undefined): UntrackResult | undefined {
  const row = result?.rows[0];
  if (row === undefined) return undefined;
  return { id: Number(row.id), name: String(row.name), url: String(row.url), isMuted: Boolean(row.muted) };
}

/** Ends a tracking; gives undefined when there was none. */
export async function untrackStreamer(
  orm: Orm,
  chatId: number,
  streamerId: number,
): Promise<UntrackResult | undefined> {
  const [streamer] = await batch(orm, untrack(orm, chatId, sql`SELECT ${streamerId}`));
  return readStreamer(streamer);
}

/**
 * Ends the tracking of a nickname; a look that is still owed for it is called off, which counts as `cancelled`, and the
 * message that shows it will say so.
 */
export async function untrackNickname(
  orm: Orm,
  chatId: number,
  { source, key }: Wanted,
): Promise<UntrackResult | "cancelled" | undefined> {
  const owed = sql`source = ${source} AND nickname_key = ${key} AND chat_id = ${chatId} AND NOT done`;
  const which = sql`SELECT id FROM streamers WHERE source = ${source} AND nickname_key = ${key}`;
  const [shown, unshown, streamer] = await batch(orm, [
    orm.run(sql`
      UPDATE lookups SET outcome = 'cancelled', done = 1 WHERE ${owed} AND message_id IS NOT NULL RETURNING 1`),
    orm.run(sql`DELETE FROM lookups WHERE ${owed} RETURNING 1`),
    ...untrack(orm, chatId, which),
  ]);
  const isCancelled = [shown, unshown].some((result) => (result?.rows.length ?? 0) > 0);
  return readStreamer(streamer) ?? (isCancelled ? "cancelled" : undefined);
}

export type UndoResult = { kind: "restored" | "already"; streamer: UntrackResult } | { kind: "full" | "late" };

/**
 * Restores a tracking that this chat ended less than `withinMs` ago, as it was: for its streamer the pause never
 * happened. Hostile input can only restore what the chat itself ended.
 */
export async function undoUntrack(
  orm: Orm,
  chatId: number,
  streamerId: number,
  { withinMs, maxTrackings }: { withinMs: number; maxTrackings: number },
): Promise<UndoResult> {
  const mine = sql`user_id = ${chatId} AND streamer_id = ${streamerId}`;
  const kept = sql`SELECT * FROM untracked WHERE ${mine} AND untracked_at > ${NOW} - ${withinMs}`;
  const room = sql`(SELECT COUNT(*) FROM user_streamers WHERE user_id = ${chatId}) < ${maxTrackings}`;
  const [keptRow, , restored, , , state] = await batch(orm, [
    orm.run(kept),
    orm.run(sql`
      UPDATE streamers SET slept_at = NULL WHERE id = ${streamerId} AND ${room}
        AND slept_at >= (SELECT untracked_at FROM (${kept}))`),
    orm.run(sql`
      INSERT INTO user_streamers (user_id, streamer_id, thread_id, settings, created_at)
      SELECT user_id, streamer_id, thread_id, settings, created_at FROM (${kept}) WHERE ${room}
      ON CONFLICT DO NOTHING RETURNING 1`),
    orm.run(sql`
      UPDATE outbox SET state = 'pending', last_error = NULL, done_at = NULL
      WHERE chat_id = ${chatId} AND streamer_id = ${streamerId} AND state = 'skipped' AND last_error = 'untracked'
        AND EXISTS (SELECT 1 FROM user_streamers WHERE ${mine}) AND done_at >= (SELECT untracked_at FROM (${kept}))`),
    wakeWatched(orm, sql`SELECT ${streamerId}`),
    orm.run(sql`
      ${described} WHERE us.user_id = ${chatId} AND s.id = ${streamerId}`),
    orm.run(sql`DELETE FROM untracked WHERE ${mine} AND EXISTS (SELECT 1 FROM user_streamers WHERE ${mine})`),
  ]);
  const streamer = readStreamer(state);
  if (streamer === undefined) return { kind: (keptRow?.rows.length ?? 0) > 0 ? "full" : "late" };
  return { kind: (restored?.rows.length ?? 0) > 0 ? "restored" : "already", streamer };
}

/** Drops what can no longer be undone. */
export function pruneUntracked(orm: Orm, olderThanMs: number): Statement {
  return orm.run(sql`DELETE FROM untracked WHERE untracked_at < ${NOW} - ${olderThanMs}`);
}
