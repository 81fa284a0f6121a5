import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { networkFileSystem } from "../../src/db/file.ts";
import { assertWal } from "../../src/db/local.ts";
import { integer, sql, sqliteTable, text } from "../../src/db/orm.ts";
import { createReader } from "../../src/db/reader.ts";
import { temporaryFolder, testDb } from "./test-db.ts";

const notes = sqliteTable("notes", {
  id: integer().primaryKey(),
  tags: text({ mode: "json" }).$type<number[]>().notNull(),
});

test("the folder of a new database is created", async () => {
  await using folder = await temporaryFolder();
  await using db = await openDatabase({ url: `file:${join(folder.path, "some where/else/a.db")}` });
  await db.client.execute("CREATE TABLE a (b)");
  expect(existsSync(join(folder.path, "some where/else/a.db"))).toBe(true);
});

test.each([":memory:", "file::memory:", "file:%3Amemory%3A", "file::memory:?cache=shared", "file:a?mode=memory"])(
  "%s is refused: a database in memory would be lost",
  async (url) => {
    await expect(openDatabase({ url })).rejects.toThrow(/in memory .*for example file:data\/wishbell\.db/);
  },
);

test.each([
  ["file:", /names no file/],
  ["file://data/a.db", /"file:\/\/data\/…" names a host/],
  ["file:a.db?timeout=1", /has parameters/],
  ["data/a.db", /must start with file:, libsql:/],
  ["postgres://secret@there/db", /^(?!.*secret).*must start with file:/],
  ["wss://there", /no request deadline/],
])("%s is refused in words that help", async (url, words) => {
  await expect(openDatabase({ url })).rejects.toThrow(words);
});

test("what cannot be opened is named", async () => {
  await using folder = await temporaryFolder();
  await expect(openDatabase({ url: `file:${folder.path}` })).rejects.toThrow(
    `cannot use the database file ${folder.path}: `,
  );
});

test("network file systems are recognised", () => {
  expect([0x6969, 0xff534d42, 0xff534d42 | 0, 0xef53].map(networkFileSystem)).toEqual([
    "NFS",
    "CIFS",
    "CIFS",
    undefined,
  ]);
});

test("a file that cannot be brought into WAL mode is refused", async () => {
  await using folder = await temporaryFolder();
  const reader = createReader(fileOptions(`file:${join(folder.path, "a.db")}`));
  await expect(assertWal(reader)).rejects.toThrow(/journal mode is delete and not wal.*use a local disk/);
  await reader.close();
});

test("whole numbers stay whole, in every kind of column", async () => {
  await using db = await testDb();
  await db.client.execute("CREATE TABLE kinds (t TEXT, i INTEGER, u, r REAL)");
  const given = { sql: "INSERT INTO kinds VALUES (?, ?, ?, ?)", args: [5, 5, 5, 5] };
  await db.client.execute(given);
  await db.client.batch([given]);
  const transaction = await db.client.transaction("write");
  await transaction.execute(given);
  await transaction.batch([given]);
  await transaction.commit();
  const rows = await db.for("test").all(sql`SELECT t, i, u, r, typeof(u) AS kind, 7 / ${2} AS half FROM kinds`);
  expect(rows).toEqual(Array(4).fill({ t: "5", i: 5, u: 5, r: 5, kind: "integer", half: 3 }));
});

test("Telegram's largest ids and fractions come back as they went in", async () => {
  await using db = await testDb();
  const { rows } = await db.client.execute("SELECT ? AS id, ? AS part, ? AS yes", [-1_002_345_678_901, 0.25, true]);
  expect(rows).toEqual([{ id: -1_002_345_678_901, part: 0.25, yes: 1 }]);
});

test("drizzle runs on it: queries, batches and transactions", async () => {
  await using db = await testDb();
  await db.client.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, tags TEXT NOT NULL)");
  const orm = db.for("test");
  await orm.insert(notes).values({ id: 1, tags: [7, 8] });
  const [rows] = await orm.batch([orm.select().from(notes), orm.update(notes).set({ tags: [] })]);
  expect(rows).toEqual([{ id: 1, tags: [7, 8] }]);
  await orm.transaction(async (transaction) => {
    await transaction.insert(notes).values({ id: 2, tags: [9] });
  });
  expect(await orm.select({ tags: notes.tags }).from(notes)).toEqual([{ tags: [] }, { tags: [9] }]);
  expect(db.for("test")).toBe(orm);
});

test("a batch, a script and a transaction that fails leave nothing behind", async () => {
  await using db = await testDb();
  await db.client.execute("CREATE TABLE a (b UNIQUE)");
  await expect(db.client.batch(["INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (1)"])).rejects.toThrow(/UNIQUE/);
  await expect(db.client.executeMultiple("INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)")).rejects.toThrow();
  await expect(
    db.for("test").transaction(async (tx) => {
      await tx.run(sql`INSERT INTO a VALUES (1)`);
      throw new Error("changed my mind");
    }),
  ).rejects.toThrow("changed my mind");
  expect((await db.client.execute("SELECT * FROM a")).rows).toEqual([]);
});

test("a write that is taken for a read is refused, not lost", async () => {
  await using db = await testDb();
  await expect(db.client.batch(["UPDATE scheduler_lock SET epoch = 1"], "read")).rejects.toThrow(/readonly/);
  await db.client.execute("UPDATE scheduler_lock SET epoch = epoch + 2");
  expect((await db.client.execute("SELECT epoch FROM scheduler_lock")).rows).toEqual([{ epoch: 2 }]);
});

test("reads see the last committed write, and do not wait for an open transaction", async () => {
  await using db = await testDb({ maxWaitMs: 200 });
  const transaction = await db.client.transaction("write");
  await transaction.execute("UPDATE scheduler_lock SET epoch = 9");
  const { rows } = await db.client.execute("SELECT epoch FROM scheduler_lock");
  expect(rows).toEqual([{ epoch: 0 }]);
  await transaction.commit();
  expect((await db.client.execute("SELECT epoch FROM scheduler_lock")).rows).toEqual([{ epoch: 9 }]);
});

test("however a transaction ends, the next write gets its turn", async () => {
  await using db = await testDb();
  await db.client.executeMultiple("CREATE TABLE a (b REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
  const begin = () => db.client.transaction("write");

  const failing = await begin();
  await failing.execute("INSERT INTO a VALUES (404)");
  await expect(failing.commit()).rejects.toThrow(/FOREIGN KEY/);
  await failing.rollback();

  const rolledBack = await begin();
  await rolledBack.rollback();
  expect(rolledBack.closed).toBe(true);
  await expect(rolledBack.commit()).rejects.toThrow(/closed/);

  const aborted = await begin(); // the statement itself ends the transaction
  await expect(aborted.execute("INSERT OR ROLLBACK INTO scheduler_lock VALUES (1, '', 0, 0, 0)")).rejects.toThrow(
    /UNIQUE/,
  );
  await aborted.rollback();

  const closed = await begin();
  closed.close();
  closed.close();

  const committed = await begin();
  const next = begin(); // waits for its turn
  await committed.execute("UPDATE scheduler_lock SET epoch = 1");
  await committed.commit();
  committed.close(); // must not give away the turn of the next
  const other = begin();
  (await next).close();
  (await other).close();
  await db.client.execute("UPDATE scheduler_lock SET epoch = epoch + 1");
  expect((await db.client.execute("SELECT epoch FROM scheduler_lock")).rows).toEqual([{ epoch: 2 }]);
});

test("statements are reported under their names, a batch as one call", async () => {
  const calls: [string, number][] = [];
  const waits: number[] = [];
  await using db = await testDb({
    observe: { statement: (query, statements) => calls.push([query, statements]), waited: (s) => waits.push(s) },
  });
  await db.for("list").all(sql`SELECT 1`);
  await db.for("check").batch([db.for("a").run(sql`SELECT 1`), db.for("b").run(sql`DELETE FROM users`)]);
  await db.client.execute("DELETE FROM users");
  await expect(db.for("broken").run(sql`SELECT nothing`)).rejects.toThrow();
  expect(calls).toEqual([
    ["list", 1],
    ["check", 2],
    ["other", 1],
    ["broken", 1],
  ]);
  expect(waits).toHaveLength(2);
});

test("a burst of writes leaves the event loop free in between", async () => {
  await using db = await testDb();
  let turns = 0;
  let writing = true;
  const writes = Promise.all(
    Array.from({ length: 50 }, () => db.client.execute("UPDATE scheduler_lock SET epoch = 1")),
  );
  const counting = (async () => {
    for (; writing; turns++) await setImmediate();
  })();
  await writes;
  writing = false;
  await counting;
  expect(turns).toBeGreaterThan(40);
});

test("close waits for the writes asked for, refuses later ones, and may be repeated", async () => {
  await using folder = await temporaryFolder();
  const url = `file:${join(folder.path, "a.db")}`;
  const db = await openDatabase({ url });
  await db.client.execute("CREATE TABLE a (b)");
  const transaction = await db.client.transaction("write");
  const queued = db.client.execute("INSERT INTO a VALUES (2)");
  let closed = false;
  const closing = db.close().then(() => {
    closed = true;
  });
  await expect(db.client.execute("INSERT INTO a VALUES (3)")).rejects.toThrow("the database is closed");
  await sleep(20);
  expect(closed).toBe(false);
  await transaction.execute("INSERT INTO a VALUES (1)");
  await transaction.commit();
  await Promise.all([queued, closing, db.close()]);
  await db.close();
  expect(db.connections()).toBe(0);
  await expect(db.client.execute("SELECT 1")).rejects.toThrow("the database is closed");

  await using again = await openDatabase({ url });
  expect(again.connections()).toBe(2);
  expect((await again.client.execute("SELECT b FROM a")).rows).toEqual([{ b: 1 }, { b: 2 }]);
});

test("after close the file alone holds everything", async () => {
  await using folder = await temporaryFolder();
  const db = await openDatabase({ url: `file:${join(folder.path, "a.db")}` });
  await db.client.executeMultiple("CREATE TABLE a (b); INSERT INTO a VALUES (1)");
  await db.close();
  await copyFile(join(folder.path, "a.db"), join(folder.path, "copy.db"));
  await using copy = await openDatabase({ url: `file:${join(folder.path, "copy.db")}` });
  expect((await copy.client.execute("SELECT b FROM a")).rows).toEqual([{ b: 1 }]);
});

test("a read that meets a BUSY is repeated on another connection", async () => {
  await using folder = await temporaryFolder();
  const url = `file:${join(folder.path, "a.db")}`;
  const other = createClient({ url }); // in journal mode delete, where a writer shuts readers out
  await other.executeMultiple("CREATE TABLE a (b); INSERT INTO a VALUES (1)");
  let poisoned = 0;
  const reader = createReader({ ...fileOptions(url), poisoned: () => poisoned++ });
  const [before] = await reader.read([{ sql: "SELECT b FROM a", args: [] }]);
  expect(before?.rows).toEqual([{ b: 1 }]);
  const holder = await other.transaction("deferred");
  await holder.executeMultiple("COMMIT; BEGIN EXCLUSIVE; UPDATE a SET b = 2");
  const waiting = reader.read([{ sql: "SELECT b FROM a", args: [] }]);
  await expect.poll(() => poisoned).toBeGreaterThan(0);
  await holder.commit();
  expect((await waiting)[0]?.rows).toEqual([{ b: 2 }]);
  await reader.close();
  other.close();
});

test("a connection on which a BUSY escapes inside a transaction is given up, and later writes stay", async () => {
  await using folder = await temporaryFolder();
  let poisoned = 0;
  await using db = await testDb({ observe: { poisoned: () => poisoned++ } });
  const otherUrl = `file:${join(folder.path, "other.db")}`;
  const other = createClient({ url: otherUrl });
  await other.executeMultiple("CREATE TABLE a (b)");
  const holder = await other.transaction("write");
  const transaction = await db.client.transaction("write"); // holds the lock of its own file only
  await transaction.executeMultiple(`ATTACH '${otherUrl.slice("file:".length)}' AS other`);
  await expect(transaction.execute("INSERT INTO other.a VALUES (1)")).rejects.toThrow(/BUSY/);
  await transaction.rollback();
  holder.close();
  other.close();
  expect(poisoned).toBe(1);
  await db.client.execute("UPDATE scheduler_lock SET epoch = 5");
  await using again = await openDatabase({ url: db.url });
  expect((await again.client.execute("SELECT epoch FROM scheduler_lock")).rows).toEqual([{ epoch: 5 }]);
});

function fileOptions(url: string) {
  return { url, busyTimeoutMs: 5, maxWaitMs: 5_000, waited() {}, poisoned() {} };
}
