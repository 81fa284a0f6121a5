import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { checkLagMs, countBlockedChats, oldestOwedMs } from "../../src/db/vitals.ts";
import { change, owe } from "./owed.ts";
import { testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const HOUR_MS = 3_600_000;

test("the oldest message is the one that its chat has waited for longest", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  expect(await oldestOwedMs(orm)).toBe(0);
  const [older = 0, newer = 0, done = 0] = await owe(db, { chat: 1 }, { chat: 2 }, { chat: 3 });
  await change(db, "outbox", [older], `created_at = ${NOW} - 60000`);
  await change(db, "outbox", [newer], `created_at = ${NOW} - 5000`);
  await change(db, "outbox", [done], `created_at = 0, state = 'sent'`);
  expect(await oldestOwedMs(orm)).toBeCloseTo(60_000, -3);
  await change(db, "outbox", [older], "state = 'sending', last_error = '429 Too Many Requests: retry after 5'");
  expect(await oldestOwedMs(orm), "also while it is sent, or after a 429").toBeCloseTo(60_000, -3);
});

test("what a chat holds back is not late before it ends, and not older than that afterwards", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 });
  await change(db, "outbox", ids, `created_at = ${NOW} - ${9 * HOUR_MS}`);
  await change(db, "users", [1], `held_until = ${NOW} + ${HOUR_MS}`);
  expect(await oldestOwedMs(orm)).toBe(0);
  await change(db, "users", [1], `held_until = ${NOW} - 2000`);
  expect(await oldestOwedMs(orm)).toBeCloseTo(2_000, -3);
});

test.each([
  "400 Bad Request: not enough rights to send text messages to the chat",
  "403 Forbidden: bot is not a member",
])("a chat that refuses, and what waits behind it, is its own affair: %s", async (error) => {
  await using db = await testDb();
  const [head = 0, behind = 0, other = 0] = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 });
  await change(db, "outbox", [head, behind], `created_at = ${NOW} - ${24 * HOUR_MS}`);
  await change(db, "outbox", [head], `last_error = '${error}'`);
  await change(db, "outbox", [other], `created_at = ${NOW} - 1000`);
  expect(await oldestOwedMs(db.for("test"))).toBeCloseTo(1_000, -3);
});

test("chats that take no messages any more are counted, and nothing is late for them", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 2 });
  await change(db, "outbox", ids, "created_at = 0");
  await change(db, "users", [1, 2], "active = 0");
  expect(await oldestOwedMs(db.for("test"))).toBe(0);
  expect(await countBlockedChats(db.for("test"))).toBe(2);
});

test("the lag of a source is that of its latest check; those that sleep or are not due yet have none", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await owe(db, { chat: 1, streamer: 1 }, { chat: 1, streamer: 2 }, { chat: 1, streamer: 3 }, { chat: 1, streamer: 4 });
  const plan = (id: number, next: string, source = "fetta") =>
    orm.run(sql`UPDATE streamers SET next_check_at = ${sql.raw(next)}, source = ${source} WHERE id = ${id}`);
  await plan(1, "NULL");
  await plan(2, `${NOW} + 60000`);
  expect(await checkLagMs(orm, "fetta")).toBe(0);
  await plan(3, `${NOW} - 30000`);
  await plan(4, `${NOW} - 90000`, "shelf");
  expect(await checkLagMs(orm, "fetta")).toBeCloseTo(30_000, -3);
  expect(await checkLagMs(orm, "shelf")).toBeCloseTo(90_000, -3);
});
