import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW } from "./sql.ts";

/** One wish as a chat is shown it; the price is in minor units of its currency. */
export type ShownItem = {
  id: number;
  name: string;
  price: number | null;
  currency: string | null;
  imageUrl: string | null;
  productUrl: string | null;
  isUnavailable: boolean;
  firstSeenAt: number;
  /** It was on the list when the bot first looked: nobody knows since when. */
  isBaseline: boolean;
};

/** The streamer that a screen is about, as the chat tracks it. */
export type ShownStreamer = { id: number; name: string; url: string; lastCheckedAt: number | null };

/** Some of a streamer's rows, of which there are `total`. */
export type Page<T> = { streamer: ShownStreamer; rows: T[]; total: number; page: number };

/** The orders a wishlist can be shown in; a button's number is the index. */
export const ITEM_ORDERS = ["newest", "cheapest", "dearest"] as const;
export type ItemOrder = (typeof ITEM_ORDERS)[number];

const ORDERS: Record<ItemOrder, ReturnType<typeof sql>> = {
  newest: sql.raw("wi.first_seen_at DESC, wi.id"),
  cheapest: sql.raw("wi.price IS NULL, wi.price, wi.id"),
  dearest: sql.raw("wi.price IS NULL, wi.price DESC, wi.id"),
};

type StreamerColumns = { streamerId: number; streamerName: string; url: string; lastCheckedAt: number | null };
const STREAMER = sql.raw(`s.id AS "streamerId", s.name AS "streamerName", s.url, s.last_checked_at AS "lastCheckedAt"`);
const streamerOf = ({ streamerId, streamerName, url, lastCheckedAt }: StreamerColumns): ShownStreamer => ({
  id: streamerId,
  name: streamerName,
  url,
  lastCheckedAt,
});

const tracked = (chatId: number, streamerId: number) =>
  sql`streamers s JOIN user_streamers us ON us.streamer_id = s.id AND us.user_id = ${chatId} AND s.id = ${streamerId}`;

/**
 * What is on a wishlist now, in one statement; a page that is not there is the last one. Undefined when the chat does
 * not track the streamer.
 */
export async function wishlistPage(
  orm: Orm,
  {
    chatId,
    streamerId,
    page,
    size,
    order,
  }: { chatId: number; streamerId: number; page: number; size: number; order: ItemOrder },
): Promise<Page<ShownItem> | undefined> {
  const rows = await orm.all<StreamerColumns & Nullable<ShownItem> & { total: number; page: number }>(sql`
    WITH listed AS (
      SELECT COUNT(wi.id) AS total FROM wishlist_items wi WHERE wi.streamer_id = ${streamerId} AND wi.removed_at IS NULL),
    shown AS (SELECT total, ${turnedTo(page, size)} AS page FROM listed)
    SELECT ${STREAMER}, total, page, wi.id, wi.name, wi.price, wi.currency, wi.image_url AS "imageUrl",
      wi.product_url AS "productUrl", wi.is_unavailable AS "isUnavailable", wi.first_seen_at AS "firstSeenAt",
      wi.first_seen_at <= COALESCE(s.baselined_at, wi.first_seen_at) AS "isBaseline"
    FROM shown CROSS JOIN ${tracked(chatId, streamerId)}
    LEFT JOIN wishlist_items wi ON wi.id IN (
      SELECT wi.id FROM wishlist_items wi WHERE wi.streamer_id = ${streamerId} AND wi.removed_at IS NULL
      ORDER BY ${ORDERS[order]} LIMIT ${size} OFFSET (SELECT page FROM shown) * ${size})
    ORDER BY ${ORDERS[order]}`);
  const [first] = rows;
  if (first === undefined) return undefined;
  const items = rows.flatMap((row) => (row.id === null ? [] : [toItem(row as ShownItem)]));
  return { streamer: streamerOf(first), rows: items, total: first.total, page: first.page };
}

/** The page of a list of `total` rows that a request for `page` leads to. */
const turnedTo = (page: number, size: number) => sql`MAX(0, MIN(${page}, (total - 1) / ${size}))`;

function toItem({
  id,
  name,
  price,
  currency,
  imageUrl,
  productUrl,
  isUnavailable,
  firstSeenAt,
  isBaseline,
}: ShownItem) {
  const flags = { isUnavailable: Boolean(isUnavailable), isBaseline: Boolean(isBaseline) };
  return { id, name, price, currency, imageUrl, productUrl, firstSeenAt, ...flags };
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

/** One item of a streamer that the chat tracks, whether or not it is still on the list. */
export async function shownItem(
  orm: Orm,
  chatId: number,
  itemId: number,
): Promise<{ streamer: ShownStreamer; item: ShownItem; isRemoved: boolean } | undefined> {
  const [row] = await orm.all<StreamerColumns & ShownItem & { isRemoved: number }>(sql`
    SELECT ${STREAMER}, wi.id, wi.name, wi.price, wi.currency, wi.image_url AS "imageUrl", wi.product_url AS "productUrl",
      wi.is_unavailable AS "isUnavailable", wi.first_seen_at AS "firstSeenAt", wi.removed_at IS NOT NULL AS "isRemoved",
      wi.first_seen_at <= COALESCE(s.baselined_at, wi.first_seen_at) AS "isBaseline"
    FROM wishlist_items wi JOIN streamers s ON s.id = wi.streamer_id
    JOIN user_streamers us ON us.streamer_id = s.id AND us.user_id = ${chatId}
    WHERE wi.id = ${itemId}`);
  return row && { streamer: streamerOf(row), item: toItem(row), isRemoved: Boolean(row.isRemoved) };
}

/** An item that was news, and whose it is. */
export type NewItem = {
  streamerName: string;
  streamerUrl: string;
  name: string;
  price: number | null;
  currency: string | null;
  productUrl: string | null;
  isUnavailable: boolean;
  at: number;
};

/** What was added within `withinMs` to the lists that a chat tracks and is still there, the newest first. */
export async function recentItems(
  orm: Orm,
  { chatId, withinMs, page, size }: { chatId: number; withinMs: number; page: number; size: number },
): Promise<{ rows: NewItem[]; total: number; page: number }> {
  const rows = await orm.all<NewItem & { total: number; page: number }>(sql`
    WITH recent AS MATERIALIZED (
      SELECT e.id, wi.id AS item FROM user_streamers us
      CROSS JOIN wishlist_events e ON e.streamer_id = us.streamer_id AND e.kind = 'added' AND e.at > ${NOW} - ${withinMs}
      CROSS JOIN wishlist_items wi
        ON wi.streamer_id = e.streamer_id AND wi.product_id = e.product_id AND wi.removed_at IS NULL
      WHERE us.user_id = ${chatId}),
    shown AS (SELECT COUNT(*) AS total, MAX(0, MIN(${page}, (COUNT(*) - 1) / ${size})) AS page FROM recent)
    SELECT s.name AS "streamerName", s.url AS "streamerUrl", wi.name, wi.price, wi.currency,
      wi.product_url AS "productUrl", wi.is_unavailable AS "isUnavailable", e.at, total, page
    FROM (SELECT * FROM recent ORDER BY id DESC LIMIT ${size} OFFSET (SELECT page FROM shown) * ${size}) r
    CROSS JOIN shown JOIN wishlist_events e ON e.id = r.id JOIN wishlist_items wi ON wi.id = r.item
    JOIN streamers s ON s.id = e.streamer_id
    ORDER BY e.id DESC`);
  const [first] = rows;
  const items = rows.map(({ total: _, page: __, isUnavailable, ...item }) => ({
    ...item,
    isUnavailable: Boolean(isUnavailable),
  }));
  return { rows: items, total: first?.total ?? 0, page: first?.page ?? 0 };
}

/** Something that happened to a wishlist. */
export type ShownEvent = {
  kind: "added" | "returned" | "removed" | "price_changed" | "unavailable" | "available";
  name: string;
  price: number | null;
  previousPrice: number | null;
  currency: string | null;
  at: number;
};

/**
 * What is left of an item's history from before its events were folded: how many there were, from when to when, and
 * between which prices; null when there were none, or of several currencies.
 */
export type PastOfItem = {
  kind: "past";
  name: string;
  events: number;
  from: number;
  to: number;
  lowest: number | null;
  highest: number | null;
  currency: string | null;
  /** All that happened then is that it was added. */
  isAddedOnly: boolean;
  isRemoved: boolean;
};

export type HistoryPage = Page<ShownEvent | PastOfItem> & { now: number };

type HistoryColumns = StreamerColumns &
  Nullable<Omit<ShownEvent, "kind">> &
  Nullable<Pick<PastOfItem, "events" | "from" | "to">> &
  Pick<PastOfItem, "lowest" | "highest"> & {
    kind: ShownEvent["kind"] | "past" | null;
    isAddedOnly: number | null;
    isRemoved: number | null;
    total: number;
    page: number;
    now: number;
  };

/**
 * The history of a streamer that the chat tracks, the latest first: events, then what is left of older ones, an item
 * each. Undefined when it tracks no such streamer.
 */
export async function historyPage(
  orm: Orm,
  { chatId, streamerId, page, size }: { chatId: number; streamerId: number; page: number; size: number },
): Promise<HistoryPage | undefined> {
  const told = sql`e.streamer_id = ${streamerId} AND e.kind NOT IN ('pinned', 'unpinned', 'unreadable')`;
  const past = sql`p.streamer_id = ${streamerId} AND p.past_events > 0`;
  const before = sql`(SELECT page FROM shown) * ${size}`;
  const rows = await orm.all<HistoryColumns>(sql`
    WITH counted AS (
      SELECT events, events + (SELECT COUNT(*) FROM wishlist_items p WHERE ${past}) AS total
      FROM (SELECT COUNT(*) AS events FROM wishlist_events e WHERE ${told})),
    shown AS (SELECT events, total, ${turnedTo(page, size)} AS page FROM counted)
    SELECT ${STREAMER}, total, page, ${NOW} AS now, r.*
    FROM shown CROSS JOIN ${tracked(chatId, streamerId)}
    LEFT JOIN (
      SELECT * FROM (
        SELECT e.kind, e.name, e.price, e.previous_price AS "previousPrice", e.currency, e.at, 0 AS events, 0 AS "from",
          0 AS "to", NULL AS lowest, NULL AS highest, 0 AS "isAddedOnly", 0 AS "isRemoved", -e.check_number AS place, e.id AS nth
        FROM wishlist_events e WHERE ${told} ORDER BY e.check_number DESC, e.id LIMIT ${size} OFFSET ${before})
      UNION ALL SELECT * FROM (
        SELECT 'past', p.name, NULL, NULL, p.past_currency, p.past_to, p.past_events, p.past_from, p.past_to,
          p.past_lowest, p.past_highest, p.past_events = 1 AND p.past_added, p.removed_at IS NOT NULL, 0,
          ROW_NUMBER() OVER (ORDER BY p.past_to DESC, p.id)
        FROM wishlist_items p WHERE ${past} ORDER BY p.past_to DESC, p.id
        LIMIT (SELECT MAX(0, MIN(${size}, (page + 1) * ${size} - events)) FROM shown)
        OFFSET (SELECT MAX(0, page * ${size} - events) FROM shown))) r
    ORDER BY r.kind = 'past', place, nth`);
  const [first] = rows;
  if (first === undefined) return undefined;
  const { total, page: shownPage, now } = first;
  return { streamer: streamerOf(first), rows: rows.flatMap(toHistory), total, page: shownPage, now };
}

function toHistory(row: HistoryColumns): (ShownEvent | PastOfItem)[] {
  const { kind, name, price, previousPrice, currency, at, events, from, to, lowest, highest } = row;
  if (kind === null || name === null || at === null) return [];
  if (kind !== "past") return [{ kind, name, price, previousPrice, currency, at }];
  const [isAddedOnly, isRemoved] = [Boolean(row.isAddedOnly), Boolean(row.isRemoved)];
  const period = { events: events ?? 0, from: from ?? at, to: to ?? at };
  return [{ kind, name, ...period, lowest, highest, currency, isAddedOnly, isRemoved }];
}

/** The id of a streamer that the chat tracks, by its nickname. */
export async function trackedStreamer(
  orm: Orm,
  chatId: number,
  { source, key }: { source: string; key: string },
): Promise<number | undefined> {
  const [row] = await orm.all<{ id: number }>(sql`
    SELECT s.id FROM streamers s JOIN user_streamers us ON us.streamer_id = s.id
    WHERE us.user_id = ${chatId} AND s.source = ${source} AND s.nickname_key = ${key}`);
  return row?.id;
}
