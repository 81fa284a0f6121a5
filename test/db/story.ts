import type { Database, Orm } from "../../src/db/client.ts";
import { recordFound } from "../../src/db/lookups.ts";
import { sql } from "../../src/db/orm.ts";
import { countAdded, type LookNotes, recordSnapshot, type SnapshotItem } from "../../src/db/snapshots.ts";
import { batch } from "../../src/db/sql.ts";
import { type TrackRequest, track } from "../../src/db/trackings.ts";

/** A made-up streamer's item: `wish("a")` has the product id "a". */
export function wish(productId: string, more: Partial<SnapshotItem> = {}): SnapshotItem {
  return {
    productId,
    name: `Item ${productId}`,
    price: 97_200,
    currency: "RUB",
    isPinned: false,
    isUnavailable: false,
    ...more,
  };
}

export const wishes = (ids: string) => [...ids].map((id) => wish(id));

export function asking(chatId: number, nickname: string, more: Partial<TrackRequest> = {}): TrackRequest {
  return {
    chat: { id: chatId, type: "private" },
    language: "ru",
    threadId: 0,
    wanted: [{ source: "fetta", nickname, key: nickname.toLowerCase() }],
    maxTrackings: 50,
    maxWaiting: 50,
    graceMs: 5_000,
    ...more,
  };
}

/** A look of one request, the next a minute later. */
export const notes: LookNotes = { intervalMs: 60_000, phaseMs: 60_000, cost: 1, news: 0, countMisses: true };

/** Has a chat track a streamer whose first look showed these items; gives the streamer's id. */
export async function tracked(db: Database, chatId: number, nickname: string, items: SnapshotItem[]): Promise<number> {
  const orm = db.for("test");
  await track(orm, asking(chatId, nickname));
  const key = nickname.toLowerCase();
  const found = { ownerId: `owner-${key}`, nickname, key, name: nickname, url: `https://fetta.app/u/${nickname}` };
  await batch(orm, recordFound(orm, { source: "fetta", key }, found, items, { maxTrackings: 50, notes }));
  const [row] = await orm.all<{ id: number }>(sql`SELECT id FROM streamers WHERE nickname_key = ${key}`);
  if (row === undefined) throw new Error(`${nickname} was not stored`);
  return row.id;
}

/** One complete look; gives how many items were news. */
export async function look(db: Database, streamerId: number, items: SnapshotItem[]): Promise<number> {
  const orm = db.for("test");
  const statements = recordSnapshot(orm, sql`SELECT ${streamerId}`, items, notes);
  return countAdded(await batch(orm, statements));
}

/** Some columns of some rows, for a test to look at. */
export async function rows<T>(orm: Orm, query: ReturnType<typeof sql>): Promise<T[]> {
  return await orm.all<T>(query);
}

/** The product ids on the list now, as /list counts them. */
export async function listed(db: Database, streamerId: number): Promise<string> {
  const found = await db.for("test").all<{ id: string }>(sql`
      SELECT product_id AS id FROM wishlist_items WHERE streamer_id = ${streamerId} AND removed_at IS NULL ORDER BY product_id`);
  return found.map(({ id }) => id).join("");
}

/** The history as `kind:product` words, oldest first. */
export async function history(db: Database, streamerId: number): Promise<string[]> {
  const found = await db.for("test").all<{ word: string }>(sql`
      SELECT kind || ':' || product_id AS word FROM wishlist_events WHERE streamer_id = ${streamerId} ORDER BY id`);
  return found.map(({ word }) => word);
}

/** Who is owed how many messages. */
export async function owed(db: Database): Promise<number[]> {
  const found = await db
    .for("test")
    .all<{ id: number }>(sql`SELECT chat_id AS id FROM outbox WHERE state = 'pending' ORDER BY id`);
  return found.map(({ id }) => id);
}

/** Everything that was missed was last seen so long ago. */
export async function ageMisses(db: Database, streamerId: number, ms: number): Promise<void> {
  await db
    .for("test")
    .run(sql`UPDATE wishlist_items SET last_seen_at = last_seen_at - ${ms} WHERE streamer_id = ${streamerId}`);
}

/** Everything that has happened so far did so many days earlier. */
export async function ageEvents(db: Database, days: number): Promise<void> {
  await db.for("test").run(sql`UPDATE wishlist_events SET at = at - ${days * 86_400_000}`);
}
