import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@libsql/client";
import { type Orm, openDatabase } from "../src/db/client.ts";
import { acquireLock, fencedBatch, readLock } from "../src/db/lock.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { recordSnapshot, type SnapshotItem } from "../src/db/snapshots.ts";
import { batch, type Statement } from "../src/db/sql.ts";
import { numbers } from "./big-database.ts";

/** The streamer whose list is looked at. */
export const STREAMER = 1;

/** What an ordinary look notes. */
export const NOTES = { intervalMs: 300_000, phaseMs: 300_000, cost: 1, news: 0, countMisses: true };

export type DiffWorld = AsyncDisposable & {
  orm: Orm;
  /** @libsql/client on the same file, as it comes. */
  bare: Client;
  /** Writes as the leader does, behind the fence; gives how many rows were written, that of the lock apart. */
  write(statements: Statement[]): Promise<number>;
};

export type DiffWorldOptions = {
  /** What the baseline shows. */
  items: SnapshotItem[];
  subscribers: number;
  /** Of each of their trackings. */
  settings?: object;
};

/** A database in a file of its own with one streamer, whose baseline is recorded; disposing of it removes it. */
export async function createDiffWorld({ items, subscribers, settings = {} }: DiffWorldOptions): Promise<DiffWorld> {
  const folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  const url = `file:${join(folder.path, "diffs.db")}`;
  const db = await openDatabase({ url });
  await migrate(db);
  const orm = db.for("bench");
  const chats = numbers(subscribers);
  await batch(orm, [
    orm.run(sql`
      INSERT INTO streamers (id, source, owner_id, nickname, nickname_key, name, url, next_check_at, created_at)
      VALUES (${STREAMER}, 'fetta', 'owner', 'mila', 'mila', 'Mila', 'https://fetta.app/u/mila', 0, 0)`),
    orm.run(sql`INSERT INTO users (id, type, language, created_at) ${chats} SELECT i, 'private', 'ru', 0 FROM n`),
    orm.run(sql`
      INSERT INTO user_streamers (user_id, streamer_id, settings, created_at)
      ${chats} SELECT i, ${STREAMER}, ${JSON.stringify(settings)}, 0 FROM n`),
  ]);
  const term = await acquireLock(orm, "bench", await readLock(orm), 60_000);
  if (term === undefined) throw new Error("the lock of a new database is not free");
  const write = async (statements: Statement[]) => {
    const results = await fencedBatch(orm, term, statements);
    return results.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0);
  };
  await write(recordSnapshot(orm, sql`SELECT ${STREAMER}`, items, NOTES));
  const bare = createClient({ url });
  return {
    ...{ orm, bare, write },
    async [Symbol.asyncDispose]() {
      bare.close();
      await db.close();
      await folder.remove();
    },
  };
}
