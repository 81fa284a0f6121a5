import type { InStatement, InValue, Row } from "@libsql/client";
import { readList } from "../src/checker/sources/fetta-list.ts";
import { sql } from "../src/db/orm.ts";
import { recordSnapshot, type SnapshotItem } from "../src/db/snapshots.ts";
import { recordUnchanged } from "../src/db/streamers.ts";
import { type DiffWorld, NOTES, STREAMER } from "./diff-world.ts";

/** Items of one answer of the site. */
const PAGE_SIZE = 20;
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** As a check does it: compared and recorded by one batch of a few statements. Gives how many rows were written. */
export async function recordAtOnce({ orm, write }: DiffWorld, items: SnapshotItem[]): Promise<number> {
  return await write(recordSnapshot(orm, sql`SELECT ${STREAMER}`, items, NOTES));
}

/** As a check does it with a list that it recognises by its first and its last page: only the schedule changes. */
export async function recognise({ orm, write }: DiffWorld, items: SnapshotItem[], known: string): Promise<number> {
  const look = await readList(pagesOf(items), { confirm: false, known });
  if (look.outcome !== "unchanged") throw new Error(`an unchanged list is taken for ${look.outcome}`);
  const { intervalMs, cost } = NOTES;
  return await write([recordUnchanged(orm, [{ id: STREAMER, intervalMs, cost, sweep: look.swept }])]);
}

/** What a list is recognised by later. */
export async function fingerprintOf(items: SnapshotItem[]): Promise<string> {
  const look = await readList(pagesOf(items), { confirm: false });
  if (look.outcome !== "complete" || look.fingerprint === undefined) throw new Error("the list has no fingerprint");
  return look.fingerprint;
}

function pagesOf(items: SnapshotItem[]) {
  return async (page: number) => {
    const start = (Math.max(page, 1) - 1) * PAGE_SIZE;
    return { items: items.slice(start, start + PAGE_SIZE), totalPages: Math.ceil(items.length / PAGE_SIZE) };
  };
}

/** One batch that stores every item again, and no more: neither events nor messages. */
export async function upsertAll({ bare }: DiffWorld, items: SnapshotItem[]): Promise<void> {
  await bare.batch(items.map(upsert), "write");
}

/** What is stored is read and compared here; every row that is to change, or to be added, is a statement of its own. */
export async function recordRowByRow({ bare }: DiffWorld, items: SnapshotItem[]): Promise<void> {
  const { rows } = await bare.execute({
    sql: "SELECT * FROM wishlist_items WHERE streamer_id = ? AND removed_at IS NULL",
    args: [STREAMER],
  });
  const known = new Map(rows.map((row) => [row.product_id, row]));
  const changed = items.filter((item) => !isSame(item, known.get(item.productId)));
  for (const item of changed) {
    await bare.execute(upsert(item));
    await bare.execute(event(item, known.get(item.productId)));
  }
  if (changed.length > 0) {
    const trackings = await bare.execute({
      sql: "SELECT user_id, thread_id FROM user_streamers WHERE streamer_id = ?",
      args: [STREAMER],
    });
    for (const { user_id, thread_id } of trackings.rows) await bare.execute(owe(user_id ?? null, thread_id ?? null));
  }
  await bare.execute({
    sql: `UPDATE streamers SET checks = checks + 1, last_checked_at = ${NOW}, next_check_at = ${NOW} + 300000 WHERE id = ?`,
    args: [STREAMER],
  });
}

const COLUMNS = {
  external_id: "externalId",
  name: "name",
  price: "price",
  currency: "currency",
  image_url: "imageUrl",
  product_url: "productUrl",
  is_pinned: "isPinned",
  is_unavailable: "isUnavailable",
} as const;

function isSame(item: SnapshotItem, row: Row | undefined): boolean {
  if (row === undefined) return false;
  return Object.entries(COLUMNS).every(([column, field]) => {
    const value = item[field] ?? null;
    return row[column] === (typeof value === "boolean" ? Number(value) : value);
  });
}

function upsert(item: SnapshotItem): InStatement {
  const columns = Object.keys(COLUMNS);
  return {
    sql: `
      INSERT INTO wishlist_items (streamer_id, product_id, first_seen_at, ${columns.join()})
      VALUES (?, ?, ${NOW}, ${columns.map(() => "?").join()})
      ON CONFLICT (streamer_id, product_id) DO UPDATE SET
        ${columns.map((column) => `${column} = excluded.${column}`).join()}`,
    args: [STREAMER, item.productId, ...Object.values(COLUMNS).map((field) => item[field] ?? null)],
  };
}

function event(item: SnapshotItem, before: Row | undefined): InStatement {
  return {
    sql: `
      INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, external_id, name, price, previous_price,
        currency, image_url, product_url, at)
      SELECT id, checks + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${NOW} FROM streamers WHERE id = ?`,
    args: [
      before === undefined ? "added" : "price_changed",
      ...[item.productId, item.externalId ?? null, item.name, item.price ?? null, before?.price ?? null],
      ...[item.currency ?? null, item.imageUrl ?? null, item.productUrl ?? null, STREAMER],
    ],
  };
}

/** A message for a chat and topic about the check that is being recorded. */
export function owe(chatId: InValue, threadId: InValue): InStatement {
  return {
    sql: `
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      SELECT ?, ?, id, checks + 1, ${NOW} FROM streamers WHERE id = ?`,
    args: [chatId, threadId, STREAMER],
  };
}
