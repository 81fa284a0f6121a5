import { expect, test } from "vitest";
import {
  claimAnnouncements,
  dueAnnouncements,
  giveBackAnnouncements,
  holdAnnouncements,
  markAnnounced,
  readClaimedChats,
} from "../../src/db/announcements.ts";
import {
  draftBroadcast,
  dropBroadcast,
  endBroadcast,
  pruneBroadcasts,
  readAudience,
  readBroadcast,
  startBroadcast,
  stopBroadcast,
} from "../../src/db/broadcasts.ts";
import type { Database } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { change, ORPHAN_MS, owe, planOf } from "./owed.ts";
import { testDb } from "./test-db.ts";

const TEXTS = { ru: { text: "Привет", entities: [] }, en: { text: "Hello", entities: [] } };
const HOUR_MS = 3_600_000;
const soon = (ms: number) => `CAST(unixepoch('subsec') * 1000 AS INTEGER) + ${ms}`;

/** A broadcast to these chats that has begun; gives its id. */
async function begun(db: Database, chats: number[], isRehearsal = false): Promise<number> {
  const orm = db.for("test");
  await orm.run(sql`
    INSERT OR IGNORE INTO users (id, type, language, created_at)
    SELECT value, 'private', 'en', 0 FROM json_each(${JSON.stringify(chats)})`);
  const id = await draftBroadcast(orm, TEXTS, "ru");
  expect(await startBroadcast(orm, id, { chatId: 7, messageId: 1 }, isRehearsal)).toBe(true);
  return id;
}

async function due(db: Database, id: number, isRehearsal = false): Promise<number[]> {
  const found = await dueAnnouncements(db.for("test"), { id, isRehearsal }, { limit: 100, orphanMs: ORPHAN_MS });
  return found.map(({ chatId }) => chatId);
}

async function claimed(db: Database, id: number, chats: number[], epoch = 1): Promise<number[]> {
  const [result] = await batch(db.for("test"), [claimAnnouncements(db.for("test"), { epoch, id }, chats, ORPHAN_MS)]);
  return [...readClaimedChats(result)];
}

test("a chat that waits for news now, or has just been written to, has to wait with the announcement", async () => {
  await using db = await testDb();
  const [news = 0, later = 0] = await owe(db, { chat: 1 }, { chat: 2 }, { chat: 3 }, { chat: 4 });
  await change(db, "outbox", [later], `next_at = ${soon(HOUR_MS)}`);
  await change(db, "users", [3], `held_until = ${soon(HOUR_MS)}`);
  await change(db, "outbox", [4], `state = 'sending', claimed_at = ${soon(0)}, next_at = 0`);
  const id = await begun(db, [1, 2, 3, 4, 5, 6]);
  await change(db, "users", [5], `next_send_at = ${soon(1_000)}`);
  await change(db, "users", [6], "active = 0");
  expect(await due(db, id), "2 and 3 wait for no news now").toEqual([2, 3]);
  expect(await due(db, id, true), "a rehearsal writes to nobody").toEqual([1, 2, 3, 4, 5]);
  await change(db, "outbox", [news], "state = 'sent', done_at = 1");
  expect(await due(db, id)).toEqual([1, 2, 3]);
});

test("each message is claimed once, and again only when its claim is surely over; not when all is stopped", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const id = await begun(db, [1, 2, 3, 4]);
  expect(await claimed(db, id, [1, 2, 9])).toEqual([1, 2]);
  expect(await claimed(db, id, [1, 2, 3], 2)).toEqual([3]);
  await batch(orm, [markAnnounced(orm, { epoch: 1, id }, 3), giveBackAnnouncements(orm, { epoch: 1, id }, [3])]);
  expect(await due(db, id), "another term's claim is not ours to settle").toEqual([4]);
  await batch(orm, [markAnnounced(orm, { epoch: 1, id }, 1), giveBackAnnouncements(orm, { epoch: 2, id }, [3])]);
  expect(await due(db, id)).toEqual([3, 4]);
  await orm.run(sql`UPDATE broadcast_messages SET claimed_at = claimed_at - ${ORPHAN_MS} WHERE chat_id = 2`);
  expect(await due(db, id)).toEqual([2, 3, 4]);
  await batch(orm, [holdAnnouncements(orm, id, [{ chatId: 2, untilMs: 1e15 }], ORPHAN_MS)]);
  expect(await due(db, id)).toEqual([3, 4]);
  expect(await readBroadcast(orm, id)).toMatchObject({ chats: 4, sent: 1, quiet: 1 });
  await stopBroadcast(orm, id);
  expect(await claimed(db, id, [3, 4])).toEqual([]);
});

test("a broadcast ends when nothing is open any more", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const id = await begun(db, [1]);
  await batch(orm, endBroadcast(orm, id));
  expect(await readBroadcast(orm, id)).toMatchObject({ state: "sending" });
  await claimed(db, id, [1]);
  await batch(orm, [markAnnounced(orm, { epoch: 1, id }, 1), ...endBroadcast(orm, id)]);
  expect(await readBroadcast(orm, id)).toMatchObject({ state: "done", sent: 1 });
  expect(await dropBroadcast(orm, id), "it is no draft").toBe(false);
});

test("ten thousand chats are owed it in portions, also after a rehearsal; what is due is found by an index", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await orm.run(sql`
    WITH RECURSIVE n(i) AS (SELECT -6000 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO users (id, type, language, active, created_at) SELECT i, 'private', 'ru', i % 10 <> 0, 0 FROM n WHERE i <> 0`);
  expect(await readAudience(orm)).toMatchObject({ chats: 10_800, people: 10_800, russian: 10_800, groups: 0 });
  const id = await begun(db, [], true);
  expect(await readBroadcast(orm, id)).toMatchObject({ chats: 10_800 });
  await orm.run(sql`UPDATE broadcast_messages SET state = 'sent'`);
  await batch(orm, endBroadcast(orm, id));
  expect(await startBroadcast(orm, id, { chatId: 7, messageId: 1 }, false)).toBe(true);
  expect(await readBroadcast(orm, id)).toMatchObject({ state: "sending", chats: 10_800, sent: 0 });
  const broadcast = { id, isRehearsal: false };
  const plan = await planOf(db, (orm) => void dueAnnouncements(orm, broadcast, { limit: 29, orphanMs: ORPHAN_MS }));
  expect(plan[0]).toMatch(/^SEARCH m USING INDEX broadcast_messages_open \(broadcast_id=\? AND next_at<\?\)/);
  expect(plan.join()).not.toContain("TEMP B-TREE");
});

test("drafts go after a day, what is over after thirty", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const id = await begun(db, [1, 2]);
  await orm.run(sql`UPDATE broadcasts SET state = 'done', ended_at = ${sql.raw(soon(-29 * 24 * HOUR_MS))}`);
  const draft = await draftBroadcast(orm, TEXTS, "ru");
  const left = async () => (await orm.all<{ id: number }>(sql`SELECT id FROM broadcasts`)).map(({ id }) => id);
  await batch(orm, pruneBroadcasts(orm, 1));
  expect(await left()).toEqual([id, draft]);
  await orm.run(sql`UPDATE broadcasts SET ended_at = ended_at - 172800000, created_at = created_at - 172800000`);
  await batch(orm, pruneBroadcasts(orm, 1));
  expect(await left()).toEqual([id]);
  await batch(orm, pruneBroadcasts(orm, 1));
  expect(await left()).toEqual([]);
});
