import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { sql } from "../../src/db/orm.ts";
import { DatabaseTimeout } from "../../src/db/remote.ts";
import { schedulerLock } from "../../src/db/schema.ts";
import { startServer } from "./libsql-server.ts";

test("several instances that start at once on a server apply each migration once", async () => {
  await using server = await startServer();
  const instances = await Promise.all([1, 2, 3].map(() => openDatabase({ url: server.url })));
  const applied = await Promise.all(instances.map((db) => migrate(db)));
  expect(applied.sort()).toEqual([0, 0, expect.toSatisfy((count: number) => count > 0)]);
  expect(server.database.prepare("SELECT id FROM scheduler_lock").all()).toEqual([{ id: 1 }]);
});

test("a migration whose answer is lost is found applied, not run again", async () => {
  await using server = await startServer();
  await using db = await openDatabase({ url: server.url, requestTimeoutMs: 200 });
  server.manners = (nth) => (nth === 3 ? "forgets" : "answers"); // the table is made, it is read, then come the migrations
  expect(await migrate(db)).toBe(0);
  expect(server.database.prepare("SELECT id FROM scheduler_lock").all()).toEqual([{ id: 1 }]);
});

test("drizzle runs on a server; whole numbers stay whole, and a failing batch leaves nothing", async () => {
  await using server = await startServer();
  await using db = await openDatabase({ url: server.url });
  await migrate(db);
  const orm = db.for("test");
  await orm.update(schedulerLock).set({ lastHeartbeat: 5 });
  const [rows, halves] = await orm.batch([
    orm.select({ lastHeartbeat: schedulerLock.lastHeartbeat }).from(schedulerLock),
    orm.all(sql`SELECT typeof(${5}) AS kind, 7 / ${2} AS half, ${0.5} AS part`),
  ]);
  expect(rows).toEqual([{ lastHeartbeat: 5 }]);
  expect(halves).toEqual([{ kind: "integer", half: 3, part: 0.5 }]);

  const taken = orm.run(sql`INSERT INTO scheduler_lock VALUES (1, '', 0, 0, 0)`);
  await expect(orm.batch([orm.update(schedulerLock).set({ epoch: 9 }), taken])).rejects.toThrow(/UNIQUE/);
  await expect(db.client.executeMultiple("CREATE TABLE a (b); nonsense")).rejects.toThrow(/syntax error/);
  expect(await orm.select({ epoch: schedulerLock.epoch }).from(schedulerLock)).toEqual([{ epoch: 0 }]);
});

test.each(["hangs", "stops"] as const)(
  "a server that %s in an answer costs the deadline, not more",
  async (manners) => {
    await using server = await startServer();
    await using db = await openDatabase({
      url: server.url.replace("http:", "libsql:").concat("?tls=0"),
      requestTimeoutMs: 100,
    });
    server.manners = () => manners;
    const started = performance.now();
    const failures = await Promise.allSettled([
      db.client.execute("SELECT 1"),
      db.client.batch(["DELETE FROM a", "DELETE FROM b"]),
      db.client.executeMultiple("DELETE FROM a"),
      db.runScripts(["DELETE FROM a"]),
    ]);
    expect(performance.now() - started).toBeLessThan(1_000);
    const words = "the database did not answer within 100 ms";
    expect(failures.map((each) => each.status === "rejected" && each.reason.message)).toEqual(Array(4).fill(words));
    server.manners = () => "answers";
    expect((await db.client.execute("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  },
);

test("requests in flight count as connections, and close waits for them", async () => {
  await using server = await startServer();
  const db = await openDatabase({ url: server.url, requestTimeoutMs: 200 });
  server.manners = () => "hangs";
  const call = expect(db.client.execute("SELECT 1")).rejects.toThrow(DatabaseTimeout);
  expect(db.connections()).toBe(1);
  let closed = false;
  const closing = db.close().then(() => {
    closed = true;
  });
  await sleep(50);
  expect(closed).toBe(false);
  await Promise.all([call, closing]);
  expect(db.connections()).toBe(0);
});
