import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { DatabaseBusy } from "../../src/db/busy.ts";
import { openDatabase } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { startChild } from "./child.ts";
import { testDb } from "./test-db.ts";

test("what is written after the lock was met is still there when the garbage has been collected", async () => {
  let poisoned = 0;
  await using db = await testDb({ observe: { poisoned: () => poisoned++ } });
  await db.client.execute("CREATE TABLE written (n INTEGER)");
  const other = createClient({ url: db.url });
  const holder = await other.transaction("write");
  const writes = [1, 2, 3].map((n) => db.client.execute({ sql: "INSERT INTO written VALUES (?)", args: [n] }));
  await sleep(100); // long enough for several attempts at the lock, each of which fails
  holder.close();
  await Promise.all(writes);
  for (let n = 4; n <= 50; n++) await db.for("test").run(sql`INSERT INTO written VALUES (${n})`);
  await collectGarbage();
  const { rows } = await other.execute("SELECT COUNT(*) AS n FROM written"); // the other connection sees what is committed
  expect(rows).toEqual([{ n: 50 }]);
  expect(poisoned).toBe(0);
  other.close();
});

test("transactions and writes of one process that start together all succeed", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const increment = sql`UPDATE scheduler_lock SET epoch = epoch + 1`;
  const work = Array.from({ length: 20 }, (_, i) => [
    orm.run(increment),
    orm.batch([orm.run(sql`SELECT 1`), orm.run(increment)]),
    orm.transaction(async (transaction) => {
      const [row] = await transaction.all<{ epoch: number }>(sql`SELECT epoch FROM scheduler_lock`);
      await sleep(i % 3);
      await transaction.run(sql`UPDATE scheduler_lock SET epoch = ${(row?.epoch ?? Number.NaN) + 1}`);
    }),
  ]);
  await Promise.all(work.flat());
  expect(await orm.all(sql`SELECT epoch FROM scheduler_lock`)).toEqual([{ epoch: 60 }]);
});

test("a lock that is kept for too long gives DatabaseBusy, to all who wait, and writes go on after it", async () => {
  const waits: number[] = [];
  await using db = await testDb({ maxWaitMs: 300, observe: { waited: (seconds) => waits.push(seconds) } });
  const other = createClient({ url: db.url });
  const holder = await other.transaction("write");
  const started = performance.now();
  const write = () => db.client.execute("UPDATE scheduler_lock SET epoch = epoch + 1");
  const failures = await Promise.all([1, 2, 3, 4].map(() => write().catch((error) => error)));
  const took = performance.now() - started;
  for (const failure of failures) expect(failure).toBeInstanceOf(DatabaseBusy);
  expect(failures[0].message).toMatch(/another process keeps the database locked: find out which/);
  expect(took).toBeGreaterThan(250);
  expect(took, "the time in the queue counts").toBeLessThan(1_000);

  const waiting = write();
  await sleep(100);
  holder.close();
  await waiting;
  await write();
  expect((await other.execute("SELECT epoch FROM scheduler_lock")).rows).toEqual([{ epoch: 2 }]);
  expect(waits).toEqual([expect.toSatisfy((seconds: number) => seconds > 0.09), expect.any(Number)]);
  other.close();
});

test("waiting for a lock leaves the event loop free", async () => {
  await using db = await testDb();
  const other = createClient({ url: db.url });
  const holder = await other.transaction("write");
  const writing = db.client.execute("UPDATE scheduler_lock SET epoch = 1");
  const longest = await longestDelay(500);
  holder.close();
  other.close();
  await writing;
  expect(longest).toBeLessThan(200); // about 10 ms on a machine that does nothing else
});

test("a process that stands still inside a transaction is waited for, while reads and the event loop go on", async () => {
  let poisoned = 0;
  await using db = await testDb({ observe: { poisoned: () => poisoned++ } });
  const orm = db.for("test");
  const holder = startChild("holder.ts", db.url, "2000");
  try {
    await holder.line();
    holder.signal("SIGSTOP");
    let isWritten = false;
    const writing = Promise.all(
      [1, 2, 3].map((n) => orm.run(sql`UPDATE scheduler_lock SET epoch = epoch + ${n}`)),
    ).then(() => {
      isWritten = true;
    });
    expect(await longestDelay(1_500)).toBeLessThan(200);
    expect(await orm.all(sql`SELECT epoch FROM scheduler_lock`)).toEqual([{ epoch: 0 }]);
    expect(isWritten).toBe(false);
    holder.signal("SIGCONT");
    await writing;
    expect(await orm.all(sql`SELECT epoch FROM scheduler_lock`)).toEqual([{ epoch: 6 }]);
    expect(poisoned).toBe(0);
  } finally {
    await holder.kill();
  }
});

test("writers that share a file with one that hogs the lock lose nothing when all are killed", async () => {
  await using db = await testDb();
  await db.client.execute("CREATE TABLE written (writer TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (writer, n))");
  const names = ["a", "b", "c", "d"];
  const writers = names.map((name) => startChild("writer.ts", db.url, name));
  const holder = startChild("holder.ts", db.url, "700", "20", "1500", "300", "0", "900");
  try {
    await Promise.all(
      writers.map(async (writer) => {
        while (writer.lines.length < 150) await writer.line();
      }),
    );
  } finally {
    await Promise.all([...writers, holder].map((child) => child.kill()));
  }
  expect(holder.lines.length).toBeGreaterThan(1);

  const acknowledged = writers.flatMap(({ lines }) => lines.map((line) => line.split(" ").slice(0, 2).join(" ")));
  await using after = await openDatabase({ url: db.url }); // brings back what the killed ones had written
  const rows = await after.for("test").all<{ writer: string; n: number }>(sql`SELECT writer, n FROM written`);
  const stored = new Set(rows.map(({ writer, n }) => `${writer} ${n}`));
  expect(acknowledged.filter((row) => !stored.has(row))).toEqual([]);
  expect(await after.for("test").all(sql`PRAGMA integrity_check`)).toEqual([{ integrity_check: "ok" }]);

  const delays = writers.map(({ lines }) => Number(lines.at(-1)?.split(" ")[2]));
  expect(Math.max(...delays), "99 % of the event loop's turns come in time").toBeLessThan(100);
});

/** The longest time between two turns of the event loop within `ms`. */
async function longestDelay(ms: number): Promise<number> {
  const gaps: number[] = [];
  const end = performance.now() + ms;
  for (let last = performance.now(); last < end; ) {
    await sleep(1);
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  return Math.max(...gaps);
}

/** libsql's statements are freed by finalizers, which need turns of the event loop after a collection. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let round = 0; round < 5; round++) {
    gc();
    await setImmediate();
  }
}
