import { expect, test } from "vitest";
import { acquireLock, fencedBatch, LockLost, readLock, releaseLock } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { testDb } from "./test-db.ts";

const STALE_MS = 60_000;

test("of many that see a free lock, one takes it, and the epoch grows", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  for (let epoch = 1; epoch <= 5; epoch++) {
    const seen = await readLock(orm);
    const terms = await Promise.all([1, 2, 3, 4, 5].map((n) => acquireLock(orm, `instance-${n}`, seen, STALE_MS)));
    const [won, ...others] = terms.filter((term) => term !== undefined);
    expect(others).toEqual([]);
    expect(won?.epoch).toBe(epoch);
    if (won !== undefined) await releaseLock(orm, won);
  }
});

test("a lock that is held is taken neither fresh nor by one who looked before the last heartbeat", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  const seen = await readLock(orm);
  expect(await acquireLock(orm, "b", seen, STALE_MS)).toBeUndefined();
  await orm.run(sql`UPDATE scheduler_lock SET last_heartbeat = last_heartbeat - ${STALE_MS}`);
  expect(await acquireLock(orm, "b", seen, STALE_MS)).toBeUndefined();
  expect(await acquireLock(orm, "b", await readLock(orm), STALE_MS)).toEqual({ instanceId: "b", epoch: 2 });
});

test("a heartbeat from the future is stale too", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  await orm.run(sql`UPDATE scheduler_lock SET last_heartbeat = last_heartbeat + 3600000`);
  expect(await acquireLock(orm, "b", await readLock(orm), STALE_MS)).toMatchObject({ epoch: 2 });
});

test("a write of a term that is over changes nothing and says so", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const old = await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  if (old === undefined) throw new Error("the lock was free");
  const rename = () => orm.run(sql`UPDATE scheduler_lock SET acquired_at = 42`);
  await fencedBatch(orm, old, [rename()]);
  await orm.run(sql`UPDATE scheduler_lock SET instance_id = 'b', epoch = 2, acquired_at = 1`);
  await expect(fencedBatch(orm, old, [rename()])).rejects.toThrow(LockLost);
  expect(await orm.all(sql`SELECT acquired_at AS at FROM scheduler_lock`)).toEqual([{ at: 1 }]);
});

test("the same instance does not write in a later term of its own with an old epoch", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const old = await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  if (old === undefined) throw new Error("the lock was free");
  await releaseLock(orm, old);
  await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  await expect(fencedBatch(orm, old, [])).rejects.toThrow(LockLost);
});

test("another constraint that fails is not taken for a lost lock", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const term = await acquireLock(orm, "a", await readLock(orm), STALE_MS);
  if (term === undefined) throw new Error("the lock was free");
  const broken = orm.run(sql`INSERT INTO users (id, type, language, created_at) VALUES (1, 'private', NULL, 0)`);
  const failure = await fencedBatch(orm, term, [broken]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(LockLost);
});
