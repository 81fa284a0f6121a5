import { open } from "./claims.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** Events are kept as they were for so long. */
const KEEP_MS = 400 * 24 * 3_600_000;
/** How many are looked through for such as can be folded, of each that is wanted: the others wait for a message. */
const LOOKED_THROUGH = 10;

/**
 * No message that is owed, or that may still be edited, tells of the event `e`. Whatever is owed is about the check of
 * the oldest message owed, or a later one, and both are numbered in the order in which they were recorded: no clock is
 * asked. Where the oldest is about nothing that is known, none is settled until it has gone. Left to itself, SQLite would
 * look for it among all that was ever sent: 40 ms for 300,000 messages.
 */
const IS_SETTLED = sql`
  e.id < (
    SELECT CASE WHEN first IS NULL THEN 9223372036854775807 ELSE COALESCE((
      SELECT MIN(told.id) FROM outbox o
      JOIN wishlist_events told ON told.streamer_id = o.streamer_id AND told.check_number = o.check_number
      WHERE o.id = first), 0) END
    FROM (SELECT MIN(p.id) AS first FROM outbox p INDEXED BY outbox_due WHERE ${open("p")}))
  AND NOT EXISTS (
    SELECT 1 FROM outbox o
    WHERE o.state = 'sent' AND o.streamer_id = e.streamer_id AND o.check_number = e.check_number)`;

/** The ids of at most `limit` events that are older than 400 days and of which nobody is to be told, the oldest first. */
export async function oldEvents(orm: Orm, limit: number): Promise<number[]> {
  const rows = await orm.all<{ id: number }>(sql`
    SELECT e.id FROM (
      SELECT * FROM wishlist_events WHERE at < ${NOW} - ${KEEP_MS} ORDER BY at, id LIMIT ${limit * LOOKED_THROUGH}) e
    WHERE ${IS_SETTLED} LIMIT ${limit}`);
  return rows.map(({ id }) => id);
}

/**
 * Adds events to what their items and streamers keep of the past, and drops them: one batch, all of it or nothing, and
 * nothing when it is run again. In whichever order and portions events are folded, the same is left in the end. Those
 * of which somebody is to be told after all are left as they are.
 */
export function foldEvents(orm: Orm, ids: number[]): Statement[] {
  const folded = sql`e.id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND ${IS_SETTLED}`;
  return [
    // What is not shown in the history leaves nothing behind.
    orm.run(sql`
      WITH past AS MATERIALIZED (
        SELECT streamer_id, product_id, COUNT(*) AS events, MAX(kind = 'added') AS added, MIN(at) AS first, MAX(at) AS last,
          MIN(MIN(price, COALESCE(previous_price, price))) FILTER (WHERE currency IS NOT NULL) AS lowest,
          MAX(MAX(price, COALESCE(previous_price, price))) FILTER (WHERE currency IS NOT NULL) AS highest,
          CASE COUNT(DISTINCT currency) FILTER (WHERE price IS NOT NULL)
            WHEN 0 THEN NULL WHEN 1 THEN MAX(currency) FILTER (WHERE price IS NOT NULL) ELSE '' END AS currency
        FROM wishlist_events e WHERE ${folded} AND kind NOT IN ('pinned', 'unpinned', 'unreadable')
        GROUP BY streamer_id, product_id)
      UPDATE wishlist_items AS wi SET
        past_events = past_events + past.events, past_added = MAX(past_added, past.added),
        past_from = MIN(COALESCE(past_from, past.first), past.first),
        past_to = MAX(COALESCE(past_to, past.last), past.last),
        past_lowest = CASE WHEN ${ONE_CURRENCY} THEN ${either("MIN", "lowest")} END,
        past_highest = CASE WHEN ${ONE_CURRENCY} THEN ${either("MAX", "highest")} END,
        past_currency = CASE WHEN ${ONE_CURRENCY} THEN COALESCE(past_currency, past.currency) ELSE '' END
      FROM past WHERE wi.streamer_id = past.streamer_id AND wi.product_id = past.product_id`),
    orm.run(sql`
      UPDATE streamers SET past_news_at = MAX(COALESCE(past_news_at, past.at), past.at)
      FROM (SELECT streamer_id, MAX(at) AS at FROM wishlist_events e WHERE ${folded} AND kind = 'added' GROUP BY 1) past
      WHERE streamers.id = past.streamer_id`),
    orm.run(sql`DELETE FROM wishlist_events AS e WHERE ${folded}`),
  ];
}

/** Prices of several currencies cannot be compared: then there is no lowest and no highest, and the currency is ''. */
const ONE_CURRENCY = sql.raw(
  "COALESCE(wi.past_currency, past.currency, '?') = COALESCE(past.currency, wi.past_currency, '?') AND COALESCE(past.currency, '?') <> ''",
);

/** Of the price so far and the new one, whichever there is. */
const either = (which: "MIN" | "MAX", column: "lowest" | "highest") =>
  sql.raw(`${which}(COALESCE(wi.past_${column}, past.${column}), COALESCE(past.${column}, wi.past_${column}))`);
