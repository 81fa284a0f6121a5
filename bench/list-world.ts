import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, type Orm, openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { NOW } from "../src/db/sql.ts";
import { numbers } from "./big-database.ts";

/** Streamers that the chats whose /list is measured track. */
export const TRACKED = 20;

export type ListWorld = AsyncDisposable & {
  db: Database;
  /** For drivers that open the file by themselves. */
  file: string;
  /** SQL statements that have gone through `db` so far. */
  statements(): number;
};

export type ListWorldOptions = {
  /** The chat `n + 1` tracks streamers whose lists have `lists[n]` items. */
  lists: number[];
  /** Other users, and as many other streamers with two items each; every user tracks one of them. */
  others: number;
  /** Count items over an index of what is listed alone, instead of the one that the schema has. */
  isIndexPartial?: boolean;
};

/** A database in a file of its own, filled; disposing of it removes it. */
export async function createListWorld(options: ListWorldOptions): Promise<ListWorld> {
  const folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  const file = join(folder.path, "lists.db");
  let statements = 0;
  const observe = {
    statement: (_: string, count: number) => {
      statements += count;
    },
  };
  const db = await openDatabase({ url: `file:${file}`, observe });
  await migrate(db);
  await fill(db.for("seed"), options);
  return {
    ...{ db, file },
    statements: () => statements,
    async [Symbol.asyncDispose]() {
      await db.close();
      await folder.remove();
    },
  };
}

async function fill(orm: Orm, { lists, others, isIndexPartial }: ListWorldOptions): Promise<void> {
  const watched = lists.length * TRACKED;
  await addUsers(orm, lists.length + others);
  await addStreamers(orm, watched + others);
  for (const [n, items] of lists.entries()) {
    const [chat, first] = [n + 1, n * TRACKED + 1];
    await track(orm, TRACKED, sql`SELECT ${chat}, ${first} + i - 1, i FROM n`);
    // As lists grow: an item here, an item there.
    await addItems(orm, TRACKED * items, sql`${first} + i % ${TRACKED}`);
  }
  await track(orm, others, sql`SELECT ${lists.length} + i, ${watched + 1} + (i * 7919) % ${others}, i FROM n`);
  await addItems(orm, 2 * others, sql`${watched + 1} + i % ${others}`);
  if (!isIndexPartial) return;
  await orm.run(sql`DROP INDEX wishlist_items_listed`);
  await orm.run(sql`CREATE INDEX wishlist_items_partial ON wishlist_items (streamer_id) WHERE removed_at IS NULL`);
}

async function addUsers(orm: Orm, count: number): Promise<void> {
  await orm.run(sql`
    INSERT INTO users (id, type, language, created_at) ${numbers(count)} SELECT i, 'private', 'ru', ${NOW} FROM n`);
}

async function addStreamers(orm: Orm, count: number): Promise<void> {
  await orm.run(sql`
    INSERT INTO streamers (id, source, owner_id, nickname, nickname_key, name, avatar_url, description, url, baselined_at,
      next_check_at, last_checked_at, created_at)
    ${numbers(count)} SELECT i, 'fetta', 'owner-' || i, 'nick' || i, 'nick' || i, 'Streamer ' || i,
      'https://cdn.example/faces/' || i || '.webp', 'Somebody who plays in the evening, no. ' || i,
      'https://fetta.app/u/nick' || i, ${NOW}, ${NOW}, ${NOW}, ${NOW} FROM n`);
}

/** `rows` selects the chat, the streamer and when, from the numbers. */
async function track(orm: Orm, count: number, rows: ReturnType<typeof sql>): Promise<void> {
  await orm.run(sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) ${numbers(count)} ${rows}`);
}

async function addItems(orm: Orm, count: number, streamer: ReturnType<typeof sql>): Promise<void> {
  await orm.run(sql`
    INSERT INTO wishlist_items (streamer_id, product_id, external_id, name, price, currency, image_url, product_url,
      is_pinned, is_unavailable, first_seen_at)
    ${numbers(count)} SELECT ${streamer}, 'product-' || i, 'sku-' || i, 'A thing that somebody wishes for, no. ' || i,
      97200, 'RUB', 'https://cdn.example/' || i || '.jpg', 'https://shop.example/' || i, 0, 0, ${NOW} FROM n`);
}
