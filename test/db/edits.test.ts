import { expect, test } from "vitest";
import { outdatedMessages, outdateTold, readTold, settleMessage } from "../../src/db/edits.ts";
import { sql } from "../../src/db/orm.ts";
import { markSent } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { change, claimed, claimOf, owe, planOf } from "./owed.ts";
import { testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const HOUR = 3_600_000;
const SENT = `state = 'sent', message_id = id + 100, done_at = ${NOW}, is_outdated = 1`;

test("outdated messages come one for each chat, the longest outdated first, and those that are over to be let go", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 }, { chat: 3 }, { chat: 4 }, { chat: 5 }, { chat: 6 });
  await change(db, "outbox", ids, SENT);
  await change(db, "outbox", ids.slice(2, 3), `done_at = ${NOW} - ${49 * HOUR}`);
  await change(db, "users", [3], "active = 0");
  await change(db, "users", [4], `next_send_at = ${NOW} + ${HOUR}`);
  await change(db, "users", [5], `held_until = ${NOW} + ${HOUR}`);
  const found = (limit: number, resting: number[] = []) => outdatedMessages(orm, { limit, resting });
  expect((await found(10)).map(({ chatId, messageId, isOver }) => [chatId, messageId, isOver])).toEqual([
    [1, (ids[0] ?? 0) + 100, 0],
    [2, (ids[2] ?? 0) + 100, 1],
    [3, (ids[3] ?? 0) + 100, 1],
    [5, (ids[5] ?? 0) + 100, 0],
    [6, (ids[6] ?? 0) + 100, 0],
  ]);
  expect((await found(2, [1, 5])).map(({ chatId }) => chatId)).toEqual([2, 3]);
});

test("a message tells of all that was sent in it, and of nothing else", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 1 }, { chat: 2 });
  await change(db, "outbox", ids, `${SENT}, message_id = 7`);
  await change(db, "outbox", ids.slice(2, 3), "message_id = 8");
  const told = await readTold(db.for("test"), { chatId: 1, messageId: 7, isOver: 0 });
  expect(told).toMatchObject({ checks: [{ streamerId: 1 }, { streamerId: 2 }], isPlain: false });
});

test("a message that a later check has outdated stays so, whatever was recorded of an earlier edit", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 });
  await change(db, "outbox", ids, `${SENT}, message_id = 7`);
  await orm.run(sql`UPDATE streamers SET checks = 5`);
  const flags = async () =>
    (await orm.all<{ flag: number }>(sql`SELECT is_outdated AS flag FROM outbox ORDER BY id`)).map(({ flag }) => flag);
  await batch(orm, [settleMessage(orm, { chatId: 1, messageId: 7 }, { 1: 5, 2: 4 })]);
  expect(await flags()).toEqual([0, 1]);
  await batch(orm, [settleMessage(orm, { chatId: 1, messageId: 7 }, { 1: 5 })]);
  expect(await flags()).toEqual([0, 0]);
});

test("a message is outdated from the first when a check came between its writing and its record", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 2 });
  await claimed(db, 1, ids);
  await claimed(db, 1, ids.slice(1));
  await orm.run(sql`UPDATE streamers SET checks = 5`);
  const sent = { ids, chatId: 1, messageId: 7, paceMs: 0 };
  await batch(orm, [
    ...markSent(orm, claimOf(1), { ...sent, ids: ids.slice(0, 1), seen: { 1: 4 } }),
    ...markSent(orm, claimOf(1), { ...sent, ids: ids.slice(2), chatId: 2, seen: { 1: 5 } }),
  ]);
  const rows = await orm.all(sql`SELECT id, is_outdated AS flag FROM outbox WHERE state = 'sent' ORDER BY id`);
  expect(rows).toEqual([
    { id: ids[0], flag: 1 },
    { id: ids[2], flag: 0 },
  ]);
});

test("neither marking nor looking nor settling reads what does not matter", async () => {
  await using db = await testDb();
  const marking = await planOf(db, (orm) => void outdateTold(orm, sql`(SELECT 1)`, () => sql`true`));
  expect(marking).toContain("SEARCH outbox USING INDEX outbox_told (streamer_id=? AND check_number=?)");
  expect(marking.filter((step) => /SCAN (outbox|told|e|wishlist_events)\b/.test(step))).toEqual([]);
  const looking = await planOf(db, (orm) => void outdatedMessages(orm, { limit: 5, resting: [] }));
  expect(looking).toContain("SCAN o USING INDEX outbox_outdated");
  const reading = await planOf(db, (orm) => void readTold(orm, { chatId: 1, messageId: 7, isOver: 0 }));
  const settling = await planOf(db, (orm) => void settleMessage(orm, { chatId: 1, messageId: 7 }));
  expect([...reading, ...settling].filter((step) => /SCAN/.test(step))).toEqual([]);
});
