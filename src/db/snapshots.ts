import type { Orm } from "./client.ts";
import { outdateTold } from "./edits.ts";
import { sql } from "./orm.ts";
import { NOW, type Result, type Statement } from "./sql.ts";
import { ASKS_FOR_FOUND } from "./wanted.ts";

/** One wish as a snapshot shows it; `price` in minor units of `currency`. */
export type SnapshotItem = {
  productId: string;
  externalId?: string | undefined;
  name: string;
  price?: number | undefined;
  currency?: string | undefined;
  imageUrl?: string | undefined;
  productUrl?: string | undefined;
  isPinned: boolean;
  isUnavailable: boolean;
};

/** A vanished wish explains a new one with the same external id for this long. */
const READDED_WITHIN_MS = 30 * 24 * 3_600_000;
/** Complete looks in a row that must miss an item before it counts as removed. */
const LOOKS_TO_REMOVE = 2;
/** The same when the list shrank by more than SHRINK_ITEMS items or SHRINK_PERCENT of them, which is more often the site's fault. */
const LOOKS_TO_SHRINK = 3;
const SHRINK_ITEMS = 20;
const SHRINK_PERCENT = 30;
/** A list that shows nothing at all must also stay empty for this long: sites answer "no items" while they are broken. */
const EMPTY_FOR_MS = 6 * 60_000;

/** What is noted of the look itself. */
export type LookNotes = {
  /** Until the next look; a baseline's comes after `phaseMs` instead, so that streamers added together part. */
  intervalMs: number;
  phaseMs: number;
  /** What the source will recognise this list by. */
  fingerprint?: string | undefined;
  /** Requests it took, averaged with those of earlier looks. */
  cost: number;
  /** News so far, with forgetting: what this look adds is counted on top. */
  news: number;
  /**
   * False while the site is not trusted, and for a look that was hurried: what is not shown is not missed then. The
   * looks that count lie at least one interval apart.
   */
  countMisses: boolean;
  /** About how many chats are to be told: so that telling very many does not hold up everything else. */
  subscribers?: number | undefined;
  /** The baseline was no good: this one takes its place. */
  rebaseline?: boolean | undefined;
};

/**
 * The statements that compare a complete snapshot with what is stored, and record it: events, items, the messages owed
 * to every subscriber, the next check. Run as one batch, they are safe to run again: a second run finds nothing new.
 * `streamer` selects the streamer's id. The next check is anchored on the planned time, not on now.
 * A baseline (the first look, or the first one after a sleep) stores without events and owes nobody anything.
 */
export function recordSnapshot(
  orm: Orm,
  streamer: ReturnType<typeof sql>,
  items: SnapshotItem[],
  notes: LookNotes,
): Statement[] {
  const id = sql`(${streamer})`;
  const ids = seenIds(items);
  const removals = [countMissed(orm, id, ids), recordRemovedEvents(orm, id), markRemoved(orm, id)];
  const anew = orm.run(sql`UPDATE streamers SET baselined_at = NULL WHERE id = ${id}`);
  return [
    ...(notes.rebaseline ? [anew] : []),
    pairReadded(orm, id, ids),
    ...portionsOf(items).flatMap((portion) => {
      const seen = seenItems(portion);
      return [recordSeenEvents(orm, id, seen), storeSeen(orm, id, seen)];
    }),
    ...(notes.countMisses ? removals : []),
    ...portionsOfChats(id, notes.subscribers ?? 0).map((isInPortion) => outdateTold(orm, id, isInPortion)),
    ...oweNews(orm, id, notes.subscribers),
    finishCheck(orm, id, notes),
  ];
}

/** Items of one statement at most: more would hold up everything else for too long. */
const PORTION = 1_000;

function portionsOf(items: SnapshotItem[]): SnapshotItem[][] {
  const count = Math.ceil(items.length / PORTION);
  return Array.from({ length: count }, (_, n) => items.slice(n * PORTION, (n + 1) * PORTION));
}

type Sql = ReturnType<typeof sql>;

/** What tells the items of the whole snapshot apart, as a table `seen`, in the order of the site. */
function seenIds(items: SnapshotItem[]): Sql {
  return sql`seen AS MATERIALIZED (
    SELECT j.key AS n, j.value->>0 AS product_id, j.value->>1 AS external_id
    FROM json_each(${JSON.stringify(items.map(({ productId, externalId }) => [productId, externalId]))}) j)`;
}

/** The columns of a portion, and the fields that they show. */
const SEEN = {
  product_id: "productId",
  external_id: "externalId",
  name: "name",
  price: "price",
  currency: "currency",
  image_url: "imageUrl",
  product_url: "productUrl",
  is_pinned: "isPinned",
  is_unavailable: "isUnavailable",
} as const;

/**
 * A portion of the snapshot as a table `seen`, in the order of the site: one JSON argument makes it one statement. Items
 * are arrays in it, which SQLite reads twice as fast as objects.
 */
function seenItems(items: SnapshotItem[]): Sql {
  const rows = items.map((item) => Object.values(SEEN).map((field) => item[field]));
  const columns = sql.raw(
    Object.keys(SEEN)
      .map((column, n) => `j.value->>${n} AS ${column}`)
      .join(),
  );
  return sql`seen AS MATERIALIZED (SELECT j.key AS n, ${columns} FROM json_each(${JSON.stringify(rows)}) j)`;
}

/**
 * A wish deleted and added again has a new id and the old external id. Each vanished wish explains one new one, the
 * newest first; a second wish for a product that is still listed, or more new ones than vanished, are news.
 */
function pairReadded(orm: Orm, id: Sql, seen: Sql): Statement {
  return orm.run(sql`
    WITH ${seen},
    fresh AS (
      SELECT product_id, external_id, ROW_NUMBER() OVER (PARTITION BY external_id ORDER BY n) AS pair FROM seen
      WHERE external_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM wishlist_items wi WHERE wi.streamer_id = ${id} AND wi.product_id = seen.product_id)),
    gone AS (
      SELECT wi.id, wi.external_id, ROW_NUMBER() OVER (PARTITION BY wi.external_id ORDER BY wi.id DESC) AS pair
      FROM wishlist_items wi
      WHERE wi.streamer_id = ${id} AND wi.replaced_by IS NULL AND wi.external_id IN (SELECT external_id FROM fresh)
        AND wi.product_id NOT IN (SELECT product_id FROM seen)
        AND COALESCE(wi.last_seen_at, ${NOW}) > ${NOW} - ${READDED_WITHIN_MS})
    UPDATE wishlist_items SET replaced_by = fresh.product_id
    FROM gone JOIN fresh ON fresh.external_id = gone.external_id AND fresh.pair = gone.pair
    WHERE wishlist_items.id = gone.id`);
}

function recordSeenEvents(orm: Orm, id: Sql, seen: Sql): Statement {
  return orm.run(sql`
    WITH ${seen},
    compared AS (
      SELECT s.checks + 1 AS check_number, seen.*, wi.id AS known, wi.removed_at IS NOT NULL AS was_removed,
        wi.price AS previous_price, wi.currency AS previous_currency, wi.is_pinned AS was_pinned,
        wi.is_unavailable AS was_unavailable,
        EXISTS (SELECT 1 FROM wishlist_items old WHERE old.streamer_id = s.id AND old.external_id = seen.external_id
          AND old.replaced_by = seen.product_id) AS readded
      FROM streamers s JOIN seen
      LEFT JOIN wishlist_items wi ON wi.streamer_id = s.id AND wi.product_id = seen.product_id
      WHERE s.id = ${id} AND s.baselined_at IS NOT NULL AND s.slept_at IS NULL
        AND (wi.id IS NULL OR wi.removed_at IS NOT NULL OR wi.price IS NOT seen.price
          OR wi.is_pinned IS NOT seen.is_pinned OR wi.is_unavailable IS NOT seen.is_unavailable))
    INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, external_id, name, price, previous_price,
      currency, image_url, product_url, at)
    SELECT ${id}, check_number, kinds.column1, product_id, external_id, name, price,
      CASE kinds.column1 WHEN 'price_changed' THEN previous_price END, currency, image_url, product_url, ${NOW}
    FROM compared JOIN (VALUES ('added'), ('returned'), ('price_changed'), ('unavailable'), ('available'), ('pinned'),
      ('unpinned')) kinds
    WHERE CASE kinds.column1
      WHEN 'added' THEN known IS NULL AND NOT readded
      WHEN 'returned' THEN (known IS NULL AND readded) OR was_removed
      WHEN 'price_changed' THEN previous_price <> price AND previous_currency = currency
      WHEN 'unavailable' THEN NOT was_unavailable AND is_unavailable
      WHEN 'available' THEN was_unavailable AND NOT is_unavailable
      WHEN 'pinned' THEN NOT was_pinned AND is_pinned
      WHEN 'unpinned' THEN was_pinned AND NOT is_pinned END
    ORDER BY n
    ON CONFLICT DO NOTHING RETURNING kind`);
}

/** How many new items a recorded snapshot had, from the results of its statements. */
export function countAdded(results: Result[]): number {
  return results.flatMap(({ rows }) => rows).filter(({ kind }) => kind === "added").length;
}

/** New rows are inserted, changed ones updated, unchanged ones not touched. */
function storeSeen(orm: Orm, id: Sql, seen: Sql): Statement {
  return orm.run(sql`
    WITH ${seen}
    INSERT INTO wishlist_items (streamer_id, product_id, external_id, name, price, currency, image_url, product_url,
      is_pinned, is_unavailable, first_seen_at)
    SELECT ${id}, product_id, external_id, name, price, currency, image_url, product_url, is_pinned, is_unavailable, ${NOW}
    FROM seen WHERE true ORDER BY n
    ON CONFLICT (streamer_id, product_id) DO UPDATE SET
      external_id = excluded.external_id, name = excluded.name, price = excluded.price, currency = excluded.currency,
      image_url = excluded.image_url, product_url = excluded.product_url, is_pinned = excluded.is_pinned,
      is_unavailable = excluded.is_unavailable, removed_at = NULL, missed_looks = 0, last_seen_at = NULL, replaced_by = NULL
    WHERE wishlist_items.missed_looks > 0 OR removed_at IS NOT NULL OR replaced_by IS NOT NULL
      OR name IS NOT excluded.name OR price IS NOT excluded.price OR currency IS NOT excluded.currency
      OR external_id IS NOT excluded.external_id OR image_url IS NOT excluded.image_url
      OR product_url IS NOT excluded.product_url OR is_pinned IS NOT excluded.is_pinned
      OR is_unavailable IS NOT excluded.is_unavailable`);
}

function countMissed(orm: Orm, id: Sql, seen: Sql): Statement {
  return orm.run(sql`
    WITH ${seen}
    UPDATE wishlist_items SET missed_looks = missed_looks + 1,
      last_seen_at = COALESCE(last_seen_at, (SELECT last_checked_at FROM streamers WHERE id = ${id}), first_seen_at)
    WHERE streamer_id = ${id} AND removed_at IS NULL AND product_id NOT IN (SELECT product_id FROM seen)`);
}

/** The missed items that are believed to be gone: see the constants above. */
const goneItems = (id: Sql) => sql`
  SELECT wi.id FROM wishlist_items wi, (
    SELECT COUNT(*) AS listed, COUNT(*) FILTER (WHERE missed_looks > 0) AS missing
    FROM wishlist_items WHERE streamer_id = ${id} AND removed_at IS NULL)
  WHERE wi.streamer_id = ${id} AND wi.removed_at IS NULL AND wi.missed_looks >= CASE
      WHEN missing > ${SHRINK_ITEMS} OR missing * 100 > listed * ${SHRINK_PERCENT} THEN ${LOOKS_TO_SHRINK}
      ELSE ${LOOKS_TO_REMOVE} END
    AND (missing < listed OR wi.last_seen_at <= ${NOW} - ${EMPTY_FOR_MS})`;

function recordRemovedEvents(orm: Orm, id: Sql): Statement {
  return orm.run(sql`
    INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, external_id, name, price, currency,
      image_url, product_url, at)
    SELECT streamer_id, (SELECT checks + 1 FROM streamers WHERE id = ${id}), 'removed', product_id, external_id, name,
      price, currency, image_url, product_url, ${NOW}
    FROM wishlist_items WHERE id IN (${goneItems(id)})
    ON CONFLICT DO NOTHING`);
}

function markRemoved(orm: Orm, id: Sql): Statement {
  return orm.run(sql`UPDATE wishlist_items SET removed_at = ${NOW} WHERE id IN (${goneItems(id)})`);
}

/**
 * One message for each active chat that tracks the streamer and asks for any of the kinds of events that this check
 * found. Whether anything is left of it is for the settings to say when it is sent.
 * @param subscribers about how many there are: one statement for so many thousands, and the last for all that are left
 */
export function oweNews(orm: Orm, id: Sql, subscribers = 0): Statement[] {
  return portionsOfChats(id, subscribers).map((isInPortion) =>
    orm.run(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      SELECT us.user_id, us.thread_id, found.streamer_id, found.check_number, ${NOW}
      FROM (${foundKinds(id)}) found
      CROSS JOIN user_streamers us ON us.streamer_id = found.streamer_id AND ${isInPortion(sql`us.user_id`)}
      CROSS JOIN users u ON u.id = us.user_id AND u.active
      WHERE ${ASKS_FOR_FOUND}
      ON CONFLICT DO NOTHING`),
  );
}

/** What this check found that anybody may want to hear of, as one row; none when it found nothing of the kind. */
const foundKinds = (id: Sql) => sql`
  SELECT e.streamer_id, e.check_number, MAX(e.kind = 'added') AS added, MAX(e.kind = 'unreadable') AS unreadable,
    MAX(e.kind = 'price_changed' AND e.price < e.previous_price) AS cheaper,
    MAX(e.kind IN ('available', 'returned')) AS available, MAX(e.kind IN ('unavailable', 'removed')) AS gone
  FROM wishlist_events e
  WHERE e.streamer_id = ${id} AND e.check_number = (SELECT checks + 1 FROM streamers WHERE id = ${id})
  GROUP BY e.streamer_id, e.check_number HAVING added OR unreadable OR cheaper OR available OR gone`;

/** Messages of one statement: they hold up everything else for about 10 ms. */
const CHATS = 5_000;

/** Divides the chats that track a streamer; each portion tells whether the chat of a column is in it. */
function portionsOfChats(id: Sql, subscribers: number): ((chatId: Sql) => Sql)[] {
  const at = (n: number) => sql`(
    SELECT user_id FROM user_streamers WHERE streamer_id = ${id} ORDER BY user_id LIMIT 1 OFFSET ${n * CHATS})`;
  const last = Math.max(Math.ceil(subscribers / CHATS) - 1, 0);
  return Array.from({ length: last + 1 }, (_, n) => (chatId) => {
    const from = n === 0 ? sql`true` : sql`${chatId} >= ${at(n)}`;
    const to = n === last ? sql`true` : sql`${chatId} < COALESCE(${at(n + 1)}, 9223372036854775807)`;
    return sql`${from} AND ${to}`;
  });
}

function finishCheck(orm: Orm, id: Sql, { intervalMs, phaseMs, fingerprint, cost, news }: LookNotes): Statement {
  const listed = sql`wi.streamer_id = ${id} AND wi.removed_at IS NULL`;
  const isBaseline = sql`(baselined_at IS NULL OR slept_at IS NOT NULL)`;
  return orm.run(sql`
    UPDATE streamers SET checks = checks + 1, last_checked_at = ${NOW}, failures = 0, failing_since = NULL, failure_told = 0,
      unchanged_looks = 0, listed = (SELECT COUNT(*) FROM wishlist_items wi WHERE ${listed}),
      fingerprint = CASE WHEN EXISTS (SELECT 1 FROM wishlist_items wi WHERE ${listed} AND wi.missed_looks > 0)
        THEN NULL ELSE ${fingerprint ?? null} END,
      cost = CASE WHEN ${isBaseline} THEN ${cost} ELSE cost + ${COST_SHARE} * (${cost} - cost) END,
      news = CASE WHEN ${isBaseline} THEN 0 ELSE ${news} + (
        SELECT COUNT(*) FROM wishlist_events e
        WHERE e.streamer_id = ${id} AND e.check_number = checks + 1 AND e.kind = 'added') END,
      news_at = ${NOW}, news_since = CASE WHEN ${isBaseline} THEN ${NOW} ELSE news_since END,
      next_check_at = CASE WHEN ${isBaseline} AND next_check_at IS NOT NULL THEN ${NOW} + ${phaseMs}
        ELSE ${nextPlanned(sql`${intervalMs}`)} END, planned_at = NULL,
      profile_at = CASE WHEN baselined_at IS NULL THEN ${NOW} ELSE profile_at END,
      baselined_at = COALESCE(baselined_at, ${NOW}), slept_at = CASE WHEN next_check_at IS NULL THEN slept_at END
    WHERE id = ${id}`);
}

/** How much the latest look counts in the average cost. */
const COST_SHARE = 0.2;

/**
 * The first planned time after now, whole intervals after the one that was due: a check that ran late is not a new
 * start. A look that an operator has hurried changes no plan. NULL (asleep) stays NULL; a look ahead of its time, or a
 * clock that jumped back, starts anew.
 */
export function nextPlanned(intervalMs: Sql): Sql {
  return sql`CASE WHEN next_check_at IS NOT NULL AND planned_at > ${NOW} THEN MIN(planned_at, ${NOW} + ${intervalMs})
    WHEN next_check_at > ${NOW} THEN ${NOW} + ${intervalMs}
    ELSE next_check_at + ${intervalMs} * (1 + (${NOW} - next_check_at) / ${intervalMs}) END`;
}
