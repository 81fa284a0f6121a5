import { type Claim, claim, dueHeads, type Head, readClaimed } from "../../src/db/claims.ts";
import type { Database, Orm } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";

export const ORPHAN_MS = 40_000;

export type Owed = { chat: number; thread?: number; streamer?: number; check?: number };

/** Owes messages directly, with the chats, streamers and trackings they need; gives the ids of the rows. */
export async function owe(db: Database, ...owed: Owed[]): Promise<number[]> {
  const orm = db.for("test");
  const ids: number[] = [];
  for (const { chat, thread = 0, streamer = 1, check = ids.length + 1 } of owed) {
    await orm.run(sql`
      INSERT OR IGNORE INTO streamers (id, source, owner_id, nickname, name, url, created_at)
      VALUES (${streamer}, 'fetta', ${`owner-${streamer}`}, 'nick', ${`Streamer ${streamer}`}, 'https://fetta.app/u/nick', 0)`);
    await orm.run(sql`
      INSERT OR IGNORE INTO users (id, type, language, created_at) VALUES (${chat}, 'private', 'en', 0)`);
    await orm.run(sql`
      INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at) VALUES (${chat}, ${streamer}, 0)`);
    const [row] = await orm.all<{ id: number }>(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      VALUES (${chat}, ${thread}, ${streamer}, ${check}, CAST(unixepoch('subsec') * 1000 AS INTEGER)) RETURNING id`);
    if (row !== undefined) ids.push(row.id);
  }
  return ids;
}

export async function headsOf(db: Database): Promise<Head[]> {
  return await dueHeads(db.for("test"), { limit: 1_000, orphanMs: ORPHAN_MS });
}

/** The only claim of a term, where a test needs no more. */
export const claimOf = (epoch: number): Claim => ({ epoch, number: 1 });

/** Claims rows for a term of the lock that nobody checks here; gives the ids that it got. */
export async function claimed(db: Database, epoch: number, ids: number[]): Promise<number[]> {
  const [result] = await batch(db.for("test"), [claim(db.for("test"), claimOf(epoch), ids, ORPHAN_MS)]);
  return readClaimed(result).map(({ id }) => id);
}

/** Sets columns of the rows, as a test needs them. */
export async function change(db: Database, table: "outbox" | "users", ids: number[], columns: string): Promise<void> {
  await db.for("test").run(sql`
    UPDATE ${sql.raw(table)} SET ${sql.raw(columns)} WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`);
}

/** How SQLite runs the statement that `use` makes. */
export async function planOf(db: Database, use: (orm: Orm) => void): Promise<string[]> {
  const orm = db.for("test");
  const queries: ReturnType<typeof sql>[] = [];
  const note = async (query: ReturnType<typeof sql>) => {
    queries.push(query);
    return [];
  };
  use(Object.assign(Object.create(orm), { run: note, all: note }));
  const [query] = queries;
  const steps = await orm.all<{ detail: string }>(sql`EXPLAIN QUERY PLAN ${query}`);
  return steps.map(({ detail }) => detail);
}
