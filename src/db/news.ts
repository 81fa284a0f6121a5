import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { batch, NOW } from "./sql.ts";

/** An item that a notification tells of. */
export type NewsItem = {
  productId: string;
  name: string;
  price: number | null;
  currency: string | null;
  imageUrl: string | null;
  productUrl: string | null;
};

/** What one or more checks of a streamer found, and what is needed to tell it to one chat. */
export type News = {
  chatType: string;
  language: string;
  /** Since when Telegram has refused the chat in a way that may pass, in ms; absent when it has not. */
  suspectMs?: number | undefined;
  streamerId: number;
  streamerName: string;
  streamerUrl: string;
  /** The first items, those of the newest check in front, each check's in the site's order; `total` counts all. */
  items: NewsItem[];
  total: number;
  /** The list could not be read for days: what its looks came to. */
  unreadable?: string | undefined;
};

/** The news of some checks for a chat, with at most `limit` items; undefined when the chat does not want them any more. */
export async function newsFor(
  orm: Orm,
  { chatId, streamerId, checkNumbers }: { chatId: number; streamerId: number; checkNumbers: number[] },
  limit: number,
): Promise<News | undefined> {
  const checks = sql`check_number IN (SELECT value FROM json_each(${JSON.stringify(checkNumbers)}))`;
  const [told, found, failed] = await batch(orm, [
    orm.run(sql`
      SELECT u.type, u.language, ${NOW} - u.suspect_since AS suspect_ms, s.name, s.url
      FROM users u JOIN user_streamers us ON us.user_id = u.id JOIN streamers s ON s.id = us.streamer_id
      WHERE u.id = ${chatId} AND u.active AND s.id = ${streamerId}`),
    orm.run(sql`
      SELECT product_id AS "productId", name, price, currency, image_url AS "imageUrl", product_url AS "productUrl",
        COUNT(*) OVER () AS total
      FROM wishlist_events
      WHERE streamer_id = ${streamerId} AND kind = 'added' AND ${checks}
      ORDER BY check_number DESC, id LIMIT ${limit}`),
    orm.run(sql`
      SELECT name FROM wishlist_events WHERE streamer_id = ${streamerId} AND kind = 'unreadable' AND ${checks}`),
  ]);
  const chat = told?.rows[0];
  if (chat === undefined) return undefined;
  const rows = (found?.rows ?? []) as (NewsItem & { total: number })[];
  return {
    chatType: String(chat.type),
    language: String(chat.language),
    suspectMs: chat.suspect_ms === null ? undefined : Number(chat.suspect_ms),
    streamerId,
    streamerName: String(chat.name),
    streamerUrl: String(chat.url),
    items: rows.map(({ productId, name, price, currency, imageUrl, productUrl }) => ({
      productId,
      name,
      price,
      currency,
      imageUrl,
      productUrl,
    })),
    total: rows[0]?.total ?? 0,
    unreadable: failed?.rows[0] === undefined ? undefined : String(failed.rows[0].name),
  };
}
