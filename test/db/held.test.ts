import { expect, test } from "vitest";
import { claim, dueHeads, planChats, readPlans } from "../../src/db/claims.ts";
import type { Database } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { holdChat, markSent, releaseHeld } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { change, claimed, claimOf, headsOf, ORPHAN_MS, owe, planOf } from "./owed.ts";
import { testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const HOUR = 3_600_000;

async function heldUntil(db: Database, chat = 1): Promise<number> {
  const [row] = await db.for("test").all<{ at: number }>(sql`SELECT held_until AS at FROM users WHERE id = ${chat}`);
  return row?.at ?? Number.NaN;
}

const sent = (ids: number[], chatId = 1) => ({ ids, chatId, messageId: 5, paceMs: 0 });

test("a chat that is held back is nobody's head, and not claimed; one that a clock has held for days is", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 2 }, { chat: 3 });
  await change(db, "users", [1], `held_until = ${NOW} + ${HOUR}`);
  await change(db, "users", [2], `held_until = ${NOW} + ${60 * HOUR}`);
  await change(db, "users", [3], `held_until = ${NOW} - 1`);
  expect((await headsOf(db)).map(({ id }) => id)).toEqual(ids.slice(1));
  expect(await claimed(db, 1, ids)).toEqual(ids.slice(1));
});

test("what was held back is claimed whole, whatever the streamer, but for other topics and what must go alone", async () => {
  await using db = await testDb();
  const ids = await owe(
    db,
    { chat: 1 },
    { chat: 1, streamer: 2 },
    { chat: 1, thread: 7, streamer: 2 },
    { chat: 1, streamer: 3 },
    { chat: 1, streamer: 4 },
    { chat: 1, streamer: 5 },
  );
  await change(db, "users", [1], `held_until = ${NOW} - 1`);
  await change(db, "outbox", ids.slice(3, 4), "plain = 1");
  await change(db, "outbox", ids.slice(4, 5), `next_at = ${NOW} + 60000`);
  expect(await claimed(db, 1, ids.slice(0, 1))).toEqual([ids[0], ids[1], ids[5]]);
});

test("who wants a daily digest is owed all as one message, and the plan tells since when", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 1, streamer: 3, thread: 7 }, { chat: 2 });
  await change(db, "users", [1], `settings = '{"digestAt":600}'`);
  await change(db, "outbox", ids.slice(2, 3), `created_at = ${NOW} - ${HOUR}`);
  expect(await claimed(db, 1, ids)).toEqual(ids);
  const orm = db.for("test");
  const plans = readPlans((await batch(orm, [planChats(orm, ids)]))[0]);
  const mine = plans.get(1);
  expect(mine).toMatchObject({ isDigest: true, settings: { digestAt: 600 }, storedSettings: '{"digestAt":600}' });
  expect((mine?.now ?? 0) - (mine?.owedSince ?? 0)).toBeGreaterThanOrEqual(HOUR);
  expect(plans.get(2)).toMatchObject({ isDigest: false, settings: {} });
});

test("a digest tells of a hundred checks at most, and the next of those left over", async () => {
  await using db = await testDb();
  const ids = await owe(db, ...Array.from({ length: 120 }, (_, n) => ({ chat: 1, streamer: 1 + (n % 9) })));
  await change(db, "users", [1], `held_until = ${NOW} + 100`);
  const until = await heldUntil(db);
  await change(db, "users", [1], `held_until = ${NOW} - 1`);
  await change(db, "outbox", ids, `created_at = ${NOW} - 60000`);
  expect(await claimed(db, 1, ids.slice(0, 1))).toEqual(ids.slice(0, 100));
  const orm = db.for("test");
  await batch(orm, markSent(orm, claimOf(1), sent(ids.slice(0, 100))));
  expect(await heldUntil(db)).toBeGreaterThan(until - HOUR);
  expect(await claimed(db, 1, ids.slice(100, 101))).toEqual(ids.slice(100));
  await batch(orm, markSent(orm, claimOf(1), sent(ids.slice(100))));
  expect(await heldUntil(db)).toBe(0);
});

test("what came after the hold does not keep it", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 }, { chat: 1, thread: 7 });
  await change(db, "users", [1], `held_until = ${NOW} - 5000`);
  await change(db, "outbox", ids.slice(0, 1), `created_at = ${NOW} - 60000`);
  await claimed(db, 1, ids.slice(0, 1));
  await batch(orm, markSent(orm, claimOf(1), sent(ids.slice(0, 1))));
  expect(await heldUntil(db)).toBe(0);
});

test("a message sent while the chat is held back does not end that", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await change(db, "users", [1], `held_until = ${NOW} + ${HOUR}`);
  await batch(orm, markSent(orm, claimOf(1), sent(ids)));
  expect(await heldUntil(db)).toBeGreaterThan(0);
});

test("a hold that was decided by other settings than these comes too late", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await owe(db, { chat: 1 });
  await change(db, "users", [1], `settings = '{"digestAt":600}'`);
  await batch(orm, [holdChat(orm, { chatId: 1, untilMs: 9e12, settings: "{}" })]);
  expect(await heldUntil(db)).toBe(0);
  await batch(orm, [holdChat(orm, { chatId: 1, untilMs: 9e12, settings: '{"digestAt":600}' })]);
  expect(await heldUntil(db)).toBe(9e12);
});

test("a release leaves what was held back to be told together, and holds nothing that was not", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 2 }, { chat: 2, streamer: 2 });
  await change(db, "users", [1], `held_until = ${NOW} + ${HOUR}`);
  await batch(orm, [releaseHeld(orm, 1), releaseHeld(orm, 2)]);
  expect(await heldUntil(db, 2)).toBe(0);
  expect(await claimed(db, 1, [ids[0] ?? 0, ids[2] ?? 0])).toEqual([ids[0], ids[1], ids[2]]);
});

test("claiming a digest reads the chat's own queue, and looking skips who is held back", async () => {
  await using db = await testDb();
  const claiming = await planOf(db, (orm) => void claim(orm, claimOf(1), [1], ORPHAN_MS));
  expect(claiming).toContain("SEARCH d USING INDEX outbox_open (chat_id=? AND thread_id=?)");
  const planning = await planOf(db, (orm) => void planChats(orm, [1]));
  expect([...claiming, ...planning].filter((step) => /SCAN (outbox|users|[omdpsu])\b/.test(step))).toEqual([]);
  const looking = await planOf(db, (orm) => void dueHeads(orm, { limit: 1, orphanMs: ORPHAN_MS }));
  expect(looking.filter((step) => /SCAN [ou]\b/.test(step))).toEqual([]);
});
