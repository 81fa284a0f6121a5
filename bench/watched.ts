import type { Page } from "../src/checker/source.ts";
import { fetta } from "../src/checker/sources/fetta.ts";
import type { Database } from "../src/db/client.ts";
import { sql } from "../src/db/orm.ts";
import { NOW, numbers } from "./big-database.ts";
import { ownerOf, productsOf } from "./site-pages.ts";

/** Streamers of one statement. */
const PORTION = 500;

/**
 * Adds streamers of the simulated site, each tracked by a chat of its own: as if they had been looked at just now, and the
 * next looks were due one after another within `withinMs`.
 */
export async function addWatched(db: Database, streamers: number, withinMs: number): Promise<void> {
  const orm = db.for("seed");
  await orm.run(sql`
    INSERT INTO users (id, type, language, created_at) ${numbers(streamers)} SELECT i, 'private', 'en', ${NOW} FROM n`);
  for (let first = 1; first <= streamers; first += PORTION) {
    const count = Math.min(PORTION, streamers - first + 1);
    const looks = await Promise.all(Array.from({ length: count }, (_, n) => lookOf(first + n)));
    const rows = JSON.stringify(looks);
    await orm.run(sql`
      INSERT INTO streamers (id, source, owner_id, nickname, nickname_key, name, url, baselined_at, next_check_at, last_checked_at,
        checks, fingerprint, listed, news_at, news_since, profile_at, created_at)
      SELECT value->>'n', 'fetta', value->>'ownerId', 'nick' || (value->>'n'), 'nick' || (value->>'n'),
        'Streamer ' || (value->>'n'), 'https://fetta.app/u/nick' || (value->>'n'), ${NOW},
        ${NOW} + ${withinMs} * (value->>'n') / ${streamers}, ${NOW}, 1, value->>'fingerprint',
        json_array_length(value->'items'), ${NOW}, ${NOW}, ${NOW}, ${NOW}
      FROM json_each(${rows})`);
    await orm.run(sql`
      INSERT INTO wishlist_items (streamer_id, product_id, external_id, name, price, currency, image_url, product_url,
        is_pinned, is_unavailable, first_seen_at)
      SELECT look.value->>'n', i.value->>'productId', i.value->>'externalId', i.value->>'name', i.value->>'price',
        i.value->>'currency', i.value->>'imageUrl', i.value->>'productUrl', i.value->>'isPinned',
        i.value->>'isUnavailable', ${NOW}
      FROM json_each(${rows}) look, json_each(look.value->'items') i`);
  }
  await orm.run(
    sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT id, id, ${NOW} FROM streamers`,
  );
}

/** What a look at a streamer's list finds. */
async function lookOf(n: number) {
  const page: Page = { status: 200, url: "", type: "application/json", text: productsOf(n) };
  const look = await fetta.look(async () => page, ownerOf(n), { first: false }, new AbortController().signal);
  if (look.outcome !== "complete") throw new Error(`the list of ${n} is ${look.outcome}`);
  return { n, ownerId: ownerOf(n), fingerprint: look.fingerprint, items: look.items };
}
