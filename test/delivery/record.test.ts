import { expect, test, vi } from "vitest";
import type { Leader } from "../../src/checker/leader.ts";
import { acquireLock, fencedBatch, readLock } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { createRecorder } from "../../src/delivery/record.ts";
import { testDb } from "../db/test-db.ts";

/** A leader, whose transactions are counted, and what it has recorded: numbers, of which it may be refused some. */
async function recording() {
  const db = await testDb();
  const orm = db.for("test");
  await orm.run(sql`CREATE TABLE refused (n INTEGER)`);
  await orm.run(sql`CREATE TABLE recorded (n INTEGER)`);
  await orm.run(sql`
    CREATE TRIGGER refuse BEFORE INSERT ON recorded WHEN NEW.n IN (SELECT n FROM refused)
    BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  const term = await acquireLock(orm, "one", await readLock(orm), 60_000);
  if (term === undefined) throw new Error("the lock of a new database is free");
  const transactions: string[] = [];
  const failures: unknown[] = [];
  const leader: Leader = {
    term,
    signal: new AbortController().signal,
    trusted: () => true,
    async write(query, build) {
      transactions.push(query);
      return await fencedBatch(orm, term, build(orm));
    },
  };
  const record = createRecorder<number>(
    leader,
    "a query",
    (orm, numbers) => numbers.map((n) => orm.run(sql`INSERT INTO recorded VALUES (${n})`)),
    (error) => failures.push(error),
  );
  const recorded = async () => (await orm.all<{ n: number }>(sql`SELECT n FROM recorded ORDER BY n`)).map(({ n }) => n);
  return { orm, record, recorded, transactions, failures, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() };
}

const hundred = Array.from({ length: 100 }, (_, n) => n);

test("outcomes of a busy moment are one transaction, each written once", async () => {
  await using world = await recording();
  expect(await Promise.all(hundred.map(world.record))).toEqual(hundred.map(() => true));
  expect(await world.recorded()).toEqual(hundred);
  expect(world.transactions).toEqual(["a query"]);
});

test("an outcome that the database refuses takes no other with it, and is written when it may be", async () => {
  await using world = await recording();
  const { orm, record, recorded, failures } = world;
  await orm.run(sql`INSERT INTO refused VALUES (13)`);
  const recordings = hundred.map(record);
  const others = recordings.filter((_, n) => n !== 13);
  expect(await Promise.all(others)).toEqual(others.map(() => true));
  expect(await recorded()).toEqual(hundred.filter((n) => n !== 13));
  // What comes later goes on meanwhile.
  const before = world.transactions.length;
  expect(await record(1_000)).toBe(true);
  expect(world.transactions.length - before).toBeLessThan(5);
  await vi.waitUntil(() => failures.length > 101);
  await orm.run(sql`DELETE FROM refused`);
  expect(await recordings[13]).toBe(true);
  expect(await recorded()).toEqual([...hundred, 1_000]);
});

test("once the term is over nothing is written, of no outcome, and nothing is tried again", async () => {
  await using world = await recording();
  await world.orm.run(sql`UPDATE scheduler_lock SET instance_id = 'two', epoch = epoch + 1`);
  expect(await Promise.all(hundred.map(world.record))).toEqual(hundred.map(() => false));
  expect(await world.recorded()).toEqual([]);
  expect(world.failures).toEqual([]);
  expect(world.transactions).toHaveLength(1);
});
