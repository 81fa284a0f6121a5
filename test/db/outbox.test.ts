import { expect, test } from "vitest";
import { claim } from "../../src/db/claims.ts";
import { newsFor } from "../../src/db/news.ts";
import { sql } from "../../src/db/orm.ts";
import { giveBack, markSent, outboxState, pauseChat, postpone, pruneOutbox, setAside } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { untrackStreamer } from "../../src/db/trackings.ts";
import { closeChat, migrateChat } from "../../src/db/users.ts";
import { change, claimed, claimOf, ORPHAN_MS, owe, planOf } from "./owed.ts";
import { look, tracked, wish, wishes } from "./story.ts";
import { type TestDatabase, testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const DAY = 24 * 3_600_000;

const orm = (db: TestDatabase) => db.for("test");

async function states(db: TestDatabase): Promise<string[]> {
  const rows = await orm(db).all<{ word: string }>(sql`
    SELECT state || ' ' || attempts || COALESCE(' ' || last_error, '') AS word FROM outbox ORDER BY id`);
  return rows.map(({ word }) => word);
}

test("the news of a check are owed once for each chat, topic and streamer, even when two chats become one", async () => {
  await using db = await testDb();
  const news = { chat: -1, streamer: 3, check: 8 };
  await owe(db, news, { ...news, chat: -2 }, { ...news, chat: -2, thread: 5 });
  await expect(owe(db, news)).rejects.toThrow();
  await batch(orm(db), migrateChat(orm(db), -2, -1));
  const kept = await orm(db).all(sql`SELECT chat_id AS chat, thread_id AS thread FROM outbox ORDER BY id`);
  expect(kept).toEqual([
    { chat: -1, thread: 0 },
    { chat: -1, thread: 5 },
  ]);
});

test("a chat that has a new id takes everything with it, and what both have is kept once", async () => {
  await using db = await testDb();
  const [old, fresh] = [-1, -1_001];
  const [both, mine, theirs] = [
    { streamer: 3, check: 8 },
    { streamer: 4, check: 1 },
    { streamer: 5, check: 1 },
  ];
  await owe(db, { chat: old, ...both }, { chat: old, ...mine }, { chat: fresh, ...both }, { chat: fresh, ...theirs });
  for (const chat of [old, fresh]) {
    await orm(db).run(sql`
      INSERT INTO untracked (user_id, streamer_id, thread_id, settings, created_at, untracked_at)
      SELECT ${chat}, id, 0, '{}', 0, 0 FROM streamers WHERE id >= 4 AND (id = 4 OR ${chat} = ${old})`);
    await orm(db).run(sql`
      INSERT INTO lookups (source, nickname_key, chat_id, nickname, thread_id, message_id, language, next_at, created_at)
      SELECT 'fetta', value, ${chat}, value, 0, 7, 'en', 0, 0 FROM json_each('["ann","bob"]')
      WHERE value = 'ann' OR ${chat} = ${old}`);
  }
  await claimed(db, 1, [1]);
  // The update and the refusal of a send may both tell of it.
  await batch(orm(db), migrateChat(orm(db), old, fresh));
  await batch(orm(db), migrateChat(orm(db), old, fresh));
  const all = async (columns: string, table: string) =>
    (
      await orm(db).all<{ row: string }>(sql`SELECT ${sql.raw(columns)} AS row FROM ${sql.raw(table)} ORDER BY row`)
    ).map(({ row }) => row);
  expect(await all("id || ' ' || active", "users")).toEqual([`${fresh} 1`]);
  expect(await all("user_id || ' ' || streamer_id", "user_streamers")).toEqual(
    [3, 4, 5].map((streamer) => `${fresh} ${streamer}`),
  );
  expect(await all("user_id || ' ' || streamer_id", "untracked")).toEqual([`${fresh} 4`, `${fresh} 5`]);
  expect(await all("chat_id || ' ' || nickname_key || COALESCE(' ' || message_id, '')", "lookups")).toEqual([
    `${fresh} ann 7`,
    `${fresh} bob`,
  ]);
  expect(await all("chat_id || ' ' || streamer_id || ' ' || state", "outbox")).toEqual(
    [3, 4, 5].map((streamer) => `${fresh} ${streamer} pending`),
  );
});

test.each([
  ["another term", { epoch: 2, number: 1 }],
  ["the same term", { epoch: 1, number: 2 }],
])("what %s has claimed since is not touched by an outcome that comes late", async (_, by) => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await change(db, "outbox", ids, `claimed_at = ${NOW} - ${ORPHAN_MS}`);
  await batch(orm(db), [claim(orm(db), by, ids, ORPHAN_MS)]);
  const late = { ids, error: "late" };
  await batch(orm(db), [
    ...markSent(orm(db), claimOf(1), { ids, chatId: 1, messageId: 5, paceMs: 0 }),
    postpone(orm(db), claimOf(1), { ...late, delayMs: 0 }),
    setAside(orm(db), claimOf(1), { ...late, state: "parked" }),
    giveBack(orm(db), claimOf(1), ids),
  ]);
  expect(await states(db)).toEqual(["sending 2"]);
});

test("what was set aside while it was being sent stays where it is", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await batch(orm(db), closeChat(orm(db), 1, "gone"));
  await batch(orm(db), [
    postpone(orm(db), claimOf(1), { ids, delayMs: 0, error: "again" }),
    giveBack(orm(db), claimOf(1), ids),
  ]);
  expect(await states(db)).toEqual(["skipped 1 gone"]);
});

test("a row that is given back is as it was", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await batch(orm(db), [postpone(orm(db), claimOf(1), { ids, delayMs: 0, error: "reason" })]);
  await claimed(db, 1, ids);
  await batch(orm(db), [giveBack(orm(db), claimOf(1), ids)]);
  expect(await states(db)).toEqual(["pending 1 reason"]);
});

test("what has been owed for too long is given up instead of postponed, the rest of its message is not", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1 });
  await change(db, "outbox", ids.slice(0, 1), `created_at = ${NOW} - ${8 * DAY}`);
  await claimed(db, 1, ids);
  await batch(orm(db), [postpone(orm(db), claimOf(1), { ids, delayMs: 5, error: "no" }, { expireMs: 7 * DAY })]);
  expect(await states(db)).toEqual(["parked 1 no", "pending 1 no"]);
});

test("a pause never ends sooner for a shorter one", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 });
  await claimed(db, 1, ids);
  await batch(orm(db), [
    pauseChat(orm(db), 1, 60_000),
    ...markSent(orm(db), claimOf(1), { ids, chatId: 1, messageId: 5, paceMs: 1_050 }),
  ]);
  const [chat] = await orm(db).all<{ ms: number }>(sql`SELECT next_send_at - ${sql.raw(NOW)} AS ms FROM users`);
  expect(chat?.ms).toBeGreaterThan(50_000);
});

test("messages to several chats are marked at once, each as its own", async () => {
  await using db = await testDb();
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 }, { chat: 3 }, { chat: 4 });
  const [a = 0, b = 0, c = 0, d = 0] = ids;
  await claimed(db, 1, ids);
  await change(db, "outbox", [d], "claim_number = 2");
  await orm(db).run(sql`UPDATE streamers SET checks = 5`);
  await batch(
    orm(db),
    markSent(
      orm(db),
      claimOf(1),
      { ids: [a, b], chatId: 1, messageId: 11, paceMs: 1_000, seen: { 1: 4 } },
      { ids: [c], chatId: 2, messageId: 22, paceMs: 60_000, seen: { 1: 5 } },
      { ids: [d], chatId: 3, messageId: 33, paceMs: 1_000 },
    ),
  );
  const rows = await orm(db).all(
    sql`SELECT state, message_id AS message, is_outdated AS outdated FROM outbox ORDER BY id`,
  );
  expect(rows).toEqual([
    { state: "sent", message: 11, outdated: 1 },
    { state: "sent", message: 11, outdated: 1 },
    { state: "sent", message: 22, outdated: 0 },
    { state: "sending", message: null, outdated: 0 },
    { state: "sending", message: null, outdated: 0 },
  ]);
  const waits = await orm(db).all<{ ms: number }>(sql`
    SELECT MAX(0, next_send_at - ${sql.raw(NOW)}) AS ms FROM users WHERE id IN (1, 2, 4) ORDER BY id`);
  expect(waits).toEqual([
    { ms: expect.toSatisfy((ms: number) => ms > 0 && ms <= 1_000) },
    { ms: expect.toSatisfy((ms: number) => ms > 1_000 && ms <= 60_000) },
    { ms: 0 },
  ]);
});

test("whoever marks messages finds their rows, and does not look through the outbox", async () => {
  await using db = await testDb();
  await owe(db, { chat: 1 }, { chat: 2 });
  const sent = { ids: [1], chatId: 1, messageId: 5, paceMs: 0 };
  const plan = await planOf(db, (orm) => void markSent(orm, claimOf(1), sent, { ...sent, ids: [2], chatId: 2 }));
  expect(plan).toContainEqual(expect.stringMatching("SEARCH outbox USING INTEGER PRIMARY KEY"));
  expect(plan.filter((step) => /^SCAN (outbox|users|streamers)/.test(step))).toEqual([]);
});

test("news that several chats are owed are each chat's own", async () => {
  await using db = await testDb();
  const mila = await tracked(db, 1, "Mila", wishes("a"));
  await tracked(db, 2, "Mila", wishes("a"));
  const bao = await tracked(db, 1, "Bao", wishes("x"));
  await look(db, mila, wishes("cba"));
  await look(db, bao, wishes("yx"));
  await orm(db).run(sql`UPDATE users SET language = 'en' WHERE id = 2`);
  await orm(db).run(sql`UPDATE user_streamers SET settings = '{"exclude":["item c"]}' WHERE user_id = 2`);
  const rows = await orm(db).all<{ chatId: number; streamerId: number; number: number }>(sql`
    SELECT chat_id AS "chatId", streamer_id AS "streamerId", check_number AS number FROM outbox
    ORDER BY streamer_id, chat_id`);
  const requests = rows.map(({ number, ...row }) => ({ ...row, checkNumbers: [number] }));
  const nobody = { ...requests[0], chatId: 3, streamerId: mila, checkNumbers: [] };
  const news = await newsFor(orm(db), [...requests, nobody], 10);
  expect(news.map((each) => each && [each.language, each.streamerName, ...each.items.map(({ name }) => name)])).toEqual(
    [["ru", "Mila", "Item c", "Item b"], ["en", "Mila", "Item b"], ["ru", "Bao", "Item y"], undefined],
  );
});

test("news are the items of the newest check, then of those before", async () => {
  await using db = await testDb();
  const streamerId = await tracked(db, 1, "Mila", wishes("a"));
  await look(db, streamerId, wishes("cba"));
  await look(db, streamerId, [wish("d", { name: "<D>", price: undefined, imageUrl: "https://i.example/d.png" })]);
  const { rows } = await db.client.execute("SELECT check_number FROM outbox");
  const checkNumbers = rows.map((row) => Number(row.check_number));
  const [news] = await newsFor(orm(db), [{ chatId: 1, streamerId, checkNumbers }], 100);
  expect(news).toMatchObject({ chatType: "private", language: "ru", streamerName: "Mila", isMuted: false });
  expect(news?.suspectMs).toBeUndefined();
  expect(news?.items.map(({ name }) => name)).toEqual(["<D>", "Item c", "Item b"]);
  expect(news?.items[0]).toMatchObject({ price: null, imageUrl: "https://i.example/d.png" });
});

test("there are no news for who does not want them any more", async () => {
  await using db = await testDb();
  const streamerId = await tracked(db, 1, "Mila", wishes("a"));
  await tracked(db, 2, "Mila", wishes("a"));
  await look(db, streamerId, wishes("ba"));
  const newsOf = async (chatId: number) => {
    const [news] = await newsFor(orm(db), [{ chatId, streamerId, checkNumbers: [3] }], 10);
    return news;
  };
  expect(await newsOf(1)).toMatchObject({ items: [{ name: "Item b" }] });
  await untrackStreamer(orm(db), 1, streamerId);
  expect(await newsOf(1)).toBeUndefined();
  expect(await newsOf(2)).toMatchObject({ items: [{ name: "Item b" }] });
  await batch(orm(db), closeChat(orm(db), 2, "gone"));
  expect(await newsOf(2)).toBeUndefined();
});

test("what is owed is counted, and how long the oldest has waited", async () => {
  await using db = await testDb();
  expect(await outboxState(orm(db))).toEqual({ open: 0, oldestMs: 0 });
  const ids = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 });
  await change(db, "outbox", ids.slice(0, 1), "state = 'sent'");
  await change(db, "outbox", ids.slice(1, 2), `created_at = ${NOW} - 60000, state = 'sending'`);
  const { open, oldestMs } = await outboxState(orm(db));
  expect(open).toBe(2);
  expect(oldestMs).toBeGreaterThanOrEqual(60_000);
});

test("what is done is dropped after 30 days, what was given up after 90, what is owed never", async () => {
  await using db = await testDb();
  const ids = await owe(db, ...Array.from({ length: 6 }, () => ({ chat: 1 })));
  const [sent = 0, skipped = 0, parked = 0, oldSent = 0, oldSkipped = 0, oldParked = 0] = ids;
  const days = (n: number) => `done_at = ${NOW} - ${n * DAY}`;
  await change(db, "outbox", [sent], `state = 'sent', ${days(29)}`);
  await change(db, "outbox", [skipped], `state = 'skipped', ${days(29)}`);
  await change(db, "outbox", [parked], `state = 'parked', ${days(89)}`);
  await change(db, "outbox", [oldSent], `state = 'sent', ${days(31)}`);
  await change(db, "outbox", [oldSkipped], `state = 'skipped', ${days(31)}`);
  await change(db, "outbox", [oldParked], `state = 'parked', ${days(91)}`);
  const [owed = 0] = await owe(db, { chat: 2 });
  await change(db, "outbox", [owed], `created_at = ${NOW} - ${400 * DAY}`);
  await batch(orm(db), [pruneOutbox(orm(db), 2)]);
  expect(await orm(db).all(sql`SELECT COUNT(*) AS rows FROM outbox`)).toEqual([{ rows: 5 }]);
  await batch(orm(db), [pruneOutbox(orm(db), 100)]);
  const left = await orm(db).all<{ id: number }>(sql`SELECT id FROM outbox ORDER BY id`);
  expect(left.map(({ id }) => id)).toEqual([sent, skipped, parked, owed]);
});

test("counting and dropping do not read everything that was ever sent", async () => {
  await using db = await testDb();
  const counting = await planOf(db, (orm) => void outboxState(orm));
  expect(counting.filter((step) => step.startsWith("SCAN p"))).toEqual([
    expect.stringMatching(/USING INDEX outbox_(open|due)/),
  ]);
  const dropping = await planOf(db, (orm) => void pruneOutbox(orm, 100));
  expect(dropping).toContain("SEARCH outbox USING INDEX outbox_done (done_at<?)");
});
