import type { Orm } from "../src/db/client.ts";
import { sql } from "../src/db/orm.ts";
import type { SnapshotItem } from "../src/db/snapshots.ts";

const SIZE = { streamers: 10_000, chats: 100_000, items: 20, open: 100_000, done: 300_000, lookups: 5_000 };

export const NOW = sql.raw("CAST(unixepoch('subsec') * 1000 AS INTEGER)");
/** The numbers from 1 on, as a table `n` with a column `i`. */
export const numbers = (count: number) =>
  sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** Fills an empty database: see SIZE. The streamer 1 is followed by everybody, 2 by ten thousand; the chat 7 follows fifty. */
export async function populate(orm: Orm): Promise<void> {
  const streamer = sql.raw("(1 + i % 10000)");
  for (const statement of [
    sql`INSERT INTO users (id, type, language, created_at) ${numbers(SIZE.chats)} SELECT i, 'private', 'ru', ${NOW} FROM n`,
    sql`INSERT INTO streamers (id, source, owner_id, nickname, nickname_key, name, url, baselined_at, next_check_at,
        last_checked_at, listed, news, news_at, news_since, created_at)
      ${numbers(SIZE.streamers)} SELECT i, 'fetta', 'owner-' || i, 'nick' || i, 'nick' || i, 'Streamer ' || i,
        'https://fetta.app/u/nick' || i, ${NOW}, ${NOW} + (i * 7919) % 300000, ${NOW}, 20, (i % 13) / 3.0, ${NOW},
        ${NOW} - 864000000, ${NOW} FROM n`,
    sql`INSERT INTO wishlist_items (streamer_id, product_id, external_id, name, price, currency, image_url, product_url,
        is_pinned, is_unavailable, first_seen_at)
      ${numbers(SIZE.streamers * SIZE.items)} SELECT ${streamer}, 'product-' || i, 'sku-' || i, 'A thing that somebody wishes for, no. ' || i,
        97200, 'RUB', 'https://cdn.example/' || i || '.jpg', 'https://shop.example/' || i, 0, 0, ${NOW} FROM n`,
    sql`INSERT INTO user_streamers (user_id, streamer_id, created_at)
      ${numbers(SIZE.chats)} SELECT i, ${streamer}, ${NOW} FROM n`,
    sql`INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at)
      ${numbers(SIZE.chats)} SELECT i, 1, ${NOW} FROM n`,
    sql`INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at) ${numbers(10_000)} SELECT i, 2, ${NOW} FROM n`,
    sql`INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at) ${numbers(50)} SELECT 7, i + 100, ${NOW} FROM n`,
    sql`INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, at)
      ${numbers(200_000)} SELECT ${streamer}, 1 + i / 10000, 'added', 'product-' || i, 'A thing, no. ' || i, ${NOW} FROM n`,
    sql`INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, state, created_at, done_at)
      ${numbers(SIZE.done)} SELECT 1 + i % 100000, 0, ${streamer}, 1000 + i, 'sent', ${NOW}, ${NOW} - 3000000000 FROM n`,
    sql`INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      ${numbers(SIZE.open)} SELECT 1 + i % 10000, 0, ${streamer}, 500000 + i, ${NOW} FROM n`,
    sql`INSERT INTO lookups (source, nickname_key, chat_id, nickname, thread_id, language, next_at, created_at)
      ${numbers(SIZE.lookups)} SELECT 'fetta', 'unknown' || i, i % 500, 'unknown' || i, 0, 'ru', 0, ${NOW} FROM n`,
    sql`INSERT INTO untracked (user_id, streamer_id, thread_id, settings, created_at, untracked_at)
      ${numbers(20_000)} SELECT i, 9000, 0, '{}', ${NOW}, ${NOW} - 100000000 FROM n`,
  ]) {
    await orm.run(statement);
  }
  await orm.run(sql`ANALYZE`);
}

/** A list as a site shows it; `change` tells one from another. */
export function list(count: number, change = 0): SnapshotItem[] {
  return Array.from({ length: count }, (_, n) => ({
    productId: `listed-${n}`,
    externalId: `listed-sku-${n}`,
    name: `A thing that somebody wishes for very much, no. ${n}`,
    price: 97_200 + change,
    currency: "RUB",
    imageUrl: `https://cdn.example/pictures/${n}.jpg`,
    productUrl: `https://shop.example/product/${n}`,
    isPinned: false,
    isUnavailable: false,
  }));
}
