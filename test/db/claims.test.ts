import { expect, test } from "vitest";
import { claim, dueHeads, readClaimed } from "../../src/db/claims.ts";
import type { Database } from "../../src/db/client.ts";
import { markSent } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { change, claimed, claimOf, headsOf, ORPHAN_MS, owe, planOf } from "./owed.ts";
import { testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

const dueIds = async (db: Database) => (await headsOf(db)).filter(({ waitMs }) => waitMs === 0).map(({ id }) => id);

test("each chat and topic has one head, and the next only when that one is done", async () => {
  await using db = await testDb();
  const [a, b, c, d] = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 1, thread: 7 }, { chat: 2 });
  expect(await dueIds(db)).toEqual([a, c, d]);
  expect(await claimed(db, 1, [a ?? 0])).toEqual([a]);
  expect(await dueIds(db)).toEqual([c, d]);
  const sent = markSent(db.for("test"), claimOf(1), { ids: [a ?? 0], chatId: 1, messageId: 5, paceMs: 0 });
  await batch(db.for("test"), sent);
  expect(await dueIds(db)).toEqual([d, b, c]);
});

test("what is no head is not claimed, whoever asks for it", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1, streamer: 2 }, { chat: 1, thread: 7 });
  expect(await claimed(db, 1, ids)).toEqual([ids[0], ids[2]]);
  expect(await claimed(db, 2, ids)).toEqual([]);
});

test("what waits about the same streamer for the same topic is claimed with the head", async () => {
  await using db = await testDb();
  const ids = await owe(
    db,
    { chat: 1 },
    { chat: 1, streamer: 2 },
    { chat: 1 },
    { chat: 1, thread: 7 },
    { chat: 2 },
    { chat: 1 },
  );
  await change(db, "outbox", ids.slice(5), `next_at = ${NOW} + 60000`);
  expect(await claimed(db, 1, ids.slice(0, 1))).toEqual([ids[0], ids[2]]);
});

test("what was sent without an answer goes again only with those it was sent with", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 1 });
  await change(db, "outbox", ids.slice(0, 2), "uncertain = 1");
  expect(await claimed(db, 1, ids.slice(0, 1))).toEqual(ids.slice(0, 2));
});

test("what goes as plain text goes alone", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 }, { chat: 2 });
  await change(db, "outbox", ids.slice(0, 2), "plain = 1");
  await change(db, "outbox", ids.slice(3), "plain = 1");
  expect(await claimed(db, 1, [ids[0] ?? 0, ids[2] ?? 0])).toEqual([ids[0], ids[2]]);
});

test("one message tells of a hundred checks at most", async () => {
  await using db = await testDb();
  const ids = await owe(db, ...Array.from({ length: 120 }, () => ({ chat: 1 })));
  expect(await claimed(db, 1, ids.slice(0, 1))).toEqual(ids.slice(0, 100));
});

test("the chat that was written to longest ago comes first; who must wait comes last, and tells how long", async () => {
  await using db = await testDb();
  const [a, b, c, d, e] = await owe(db, { chat: 1 }, { chat: 2 }, { chat: 3 }, { chat: 4 }, { chat: 5 });
  await change(db, "users", [1], `next_send_at = ${NOW} + 60000`);
  await change(db, "users", [2], `next_send_at = ${NOW} - 1000`);
  await change(db, "users", [3], `next_send_at = ${NOW} - 9000`);
  await change(db, "users", [5], "active = 0");
  await change(db, "outbox", [d ?? 0], `next_at = ${NOW} + 5000`);
  const heads = await headsOf(db);
  expect(heads.map(({ id }) => id)).toEqual([c, b, d, a]);
  expect(heads.map(({ waitMs }) => Math.ceil(waitMs / 1_000))).toEqual([0, 0, 5, 60]);
  expect(await claimed(db, 1, [a ?? 0, b ?? 0, c ?? 0, d ?? 0, e ?? 0])).toEqual([b, c]);
});

test("an orphan is taken up with its whole message, but not before its send is surely over", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 });
  await claimed(db, 1, ids);
  await change(db, "outbox", ids.slice(0, 2), `claimed_at = ${NOW} - ${ORPHAN_MS + 1_000}`);
  await change(db, "outbox", ids.slice(2), `claimed_at = ${NOW} - ${ORPHAN_MS - 1_000}`);
  expect(await dueIds(db)).toEqual(ids.slice(0, 1));
  expect(await claimed(db, 2, ids)).toEqual(ids.slice(0, 2));
});

test("a clock that jumped back does not keep an orphan for ever", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await change(db, "outbox", ids, `claimed_at = ${NOW} + 3600000`);
  expect(await claimed(db, 2, await dueIds(db))).toEqual(ids);
});

test("a claim tells what is needed of each row, and counts the attempt", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ids = await owe(db, { chat: -100, thread: 7, streamer: 3, check: 9 });
  await change(db, "outbox", ids, "plain = 1, uncertain = 2, created_at = created_at - 5000");
  const [result] = await batch(orm, [claim(orm, claimOf(1), ids, ORPHAN_MS)]);
  expect(readClaimed(result)).toEqual([
    {
      id: ids[0],
      chatId: -100,
      threadId: 7,
      streamerId: 3,
      checkNumber: 9,
      attempts: 1,
      uncertain: 2,
      plain: true,
      besideTopic: false,
      ageMs: expect.closeTo(5_000, -3),
    },
  ]);
});

test("neither looking nor claiming reads what has been sent; claiming reads no queue", async () => {
  await using db = await testDb();
  const looking = await planOf(db, (orm) => void dueHeads(orm, { limit: 1, orphanMs: ORPHAN_MS }));
  expect(looking.filter((step) => step.includes(" p "))).toEqual(["SCAN p USING INDEX outbox_open"]);
  const claiming = await planOf(db, (orm) => void claim(orm, claimOf(1), [1], ORPHAN_MS));
  expect([...looking, ...claiming].filter((step) => /SCAN (outbox|[omsu])\b/.test(step))).toEqual([]);
  expect(claiming).toContain("SEARCH m USING INDEX outbox_dedupe (chat_id=? AND thread_id=? AND streamer_id=?)");
});
