import { expect, test } from "vitest";
import type { Orm } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { changeChatSettings } from "../../src/db/settings.ts";
import { batch } from "../../src/db/sql.ts";
import {
  listTrackings,
  listTrackingsQuery,
  track,
  undoUntrack,
  untrackNickname,
  untrackStreamer,
} from "../../src/db/trackings.ts";
import { closeChat, migrateChat, reopenChat } from "../../src/db/users.ts";
import { asking, look, owed, tracked, wishes } from "./story.ts";
import { testDb } from "./test-db.ts";

const HOUR_MS = 3_600_000;
const roomy = { withinMs: HOUR_MS, maxTrackings: 50 };

const listed = async (orm: Orm, chatId: number) => (await listTrackings(orm, chatId)).tracked;

test("an unknown streamer is a look owed, not a tracking", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  expect(await track(orm, asking(1, "Ann"))).toEqual([{ kind: "looking" }]);
  expect(await orm.all(sql`SELECT nickname_key AS key FROM lookups`)).toEqual([{ key: "ann" }]);
  expect(await listed(orm, 1)).toEqual([]);
});

test("a known streamer is tracked at once, and the second time is told as such", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abcd"));
  const [first] = await track(db.for("test"), asking(2, "ANN"));
  expect(first).toMatchObject({ kind: "tracking", streamer: { id: ann, name: "Ann", items: 4 } });
  expect(first?.kind === "tracking" && first.streamer.top.map(({ name }) => name)).toEqual([
    "Item a",
    "Item b",
    "Item c",
  ]);
  const [second] = await track(db.for("test"), asking(2, "ann"));
  expect(second?.kind).toBe("already");
});

test("the same update handled twice asks for one look and shows it once", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await track(orm, asking(1, "Ann"));
  expect(await track(orm, asking(1, "Ann"))).toEqual([{ kind: "looking" }]);
  await orm.run(sql`UPDATE lookups SET message_id = 5`);
  expect(await track(orm, asking(1, "Ann"))).toEqual([{ kind: "waiting" }]);
  expect(await orm.all(sql`SELECT 1 FROM lookups`)).toHaveLength(1);
});

test("the limit of trackings counts the looks that are still owed", async () => {
  await using db = await testDb();
  await tracked(db, 1, "Ann", wishes("a"));
  await tracked(db, 2, "Bob", wishes("b"));
  const orm = db.for("test");
  const kinds = async (nickname: string) =>
    (await track(orm, asking(1, nickname, { maxTrackings: 2 }))).map(({ kind }) => kind);
  expect(await kinds("cat")).toEqual(["looking"]);
  expect(await kinds("bob")).toEqual(["full"]);
  expect(await kinds("dog")).toEqual(["full"]);
  expect(await kinds("ann")).toEqual(["already"]);
});

test("too many looks waiting for one chat are refused in words of their own", async () => {
  await using db = await testDb();
  const kinds = async (nickname: string) =>
    (await track(db.for("test"), asking(1, nickname, { maxWaiting: 1 }))).map(({ kind }) => kind);
  expect(await kinds("ann")).toEqual(["looking"]);
  expect(await kinds("bob")).toEqual(["busy"]);
});

test("/list shows each streamer with the items that are on the list now, the latest tracking first", async () => {
  await using db = await testDb();
  await tracked(db, 1, "Ann", wishes("abcde"));
  const bob = await tracked(db, 1, "Bob", []);
  const orm = db.for("test");
  await orm.run(sql`UPDATE wishlist_items SET removed_at = 1 WHERE product_id = 'e'`);
  await orm.run(sql`UPDATE user_streamers SET created_at = created_at + 1000 WHERE streamer_id = ${bob}`);
  expect((await listed(orm, 1)).map(({ name, items }) => [name, items])).toEqual([
    ["Bob", 0],
    ["Ann", 4],
  ]);
});

test("/list brings the chat's own settings along, also when it follows nobody", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  expect(await listTrackings(orm, 1)).toEqual({ chat: undefined, tracked: [], now: 0 });
  await track(orm, asking(1, "Ann"));
  await batch(orm, [changeChatSettings(orm, 1, { language: "en", quiet: { from: 60, to: 480 } })]);
  await batch(orm, [changeChatSettings(orm, 1, { quiet: null, digestAt: 600 })]);
  const chat = { type: "private", title: null, language: "ru", settings: { language: "en", digestAt: 600 } };
  expect(await listTrackings(orm, 1)).toEqual({ chat, tracked: [], now: expect.any(Number) });
});

test("the plan of /list scans no table, sorts no items and counts them from an index", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  for (const analysed of [false, true]) {
    if (analysed) await db.client.executeMultiple("ANALYZE");
    const { sql: text, params } = listTrackingsQuery(orm, 1).toSQL();
    const { rows } = await db.client.execute({ sql: `EXPLAIN QUERY PLAN ${text}`, args: params as number[] });
    const plan = rows.map(({ detail }) => String(detail)).join("\n");
    expect(plan).not.toMatch(/SCAN/);
    expect(plan).not.toMatch(/TEMP B-TREE FOR GROUP BY/);
    expect(plan).toMatch(/SEARCH wishlist_items USING COVERING INDEX/);
  }
});

test("Undo restores a tracking as it was, and its streamer as if it had never slept", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  await orm.run(sql`UPDATE user_streamers SET created_at = 1234, thread_id = 7, settings = '{"muted":true}'`);
  expect(await untrackStreamer(orm, 1, ann)).toMatchObject({ id: ann, name: "Ann" });
  expect(await listed(orm, 1)).toEqual([]);
  expect((await undoUntrack(orm, 1, ann, roomy)).kind).toBe("restored");
  expect(await orm.all(sql`SELECT created_at AS at, thread_id AS thread, settings FROM user_streamers`)).toEqual([
    { at: 1234, thread: 7, settings: '{"muted":true}' },
  ]);
  expect(await look(db, ann, wishes("ba"))).toBe(1);
  expect(await owed(db)).toEqual([1]);
});

test("Undo restores nothing that this chat did not end, nor anything after its time", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  expect((await undoUntrack(orm, 2, ann, roomy)).kind).toBe("late");
  expect((await undoUntrack(orm, 1, 999, roomy)).kind).toBe("late");
  await untrackStreamer(orm, 1, ann);
  await orm.run(sql`UPDATE untracked SET untracked_at = untracked_at - ${HOUR_MS}`);
  expect((await undoUntrack(orm, 1, ann, roomy)).kind).toBe("late");
  expect(await listed(orm, 1)).toEqual([]);
});

test("Undo does not exceed the limit, and works once there is room", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  await untrackStreamer(orm, 1, ann);
  await tracked(db, 1, "Bob", wishes("b"));
  expect((await undoUntrack(orm, 1, ann, { ...roomy, maxTrackings: 1 })).kind).toBe("full");
  expect((await undoUntrack(orm, 1, ann, roomy)).kind).toBe("restored");
  expect((await undoUntrack(orm, 1, ann, roomy)).kind).toBe("already");
});

test("what an untracked streamer's news still owed is not sent", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  await look(db, ann, wishes("ba"));
  await untrackStreamer(db.for("test"), 1, ann);
  expect(await owed(db)).toEqual([]);
});

test("/untrack by nickname ends a tracking, or calls a look off, or knows of nothing", async () => {
  await using db = await testDb();
  await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  await track(orm, asking(1, "Bob"));
  const end = (key: string) => untrackNickname(orm, 1, { source: "fetta", nickname: key, key });
  expect(await end("ann")).toMatchObject({ name: "Ann" });
  expect(await end("bob")).toBe("cancelled");
  expect(await end("cat")).toBeUndefined();
  expect(await orm.all(sql`SELECT 1 FROM lookups WHERE NOT done`)).toEqual([]);
});

test("a chat that is closed keeps its trackings, costs no checks, and is owed nothing until it is back", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  await look(db, ann, wishes("ba"));
  await batch(orm, closeChat(orm, 1, "blocked"));
  const [asleep] = await orm.all(sql`SELECT next_check_at AS next, slept_at IS NOT NULL AS slept FROM streamers`);
  expect(asleep).toEqual({ next: null, slept: 1 });
  expect(await owed(db)).toEqual([]);
  await batch(orm, reopenChat(orm, 1));
  expect(await listed(orm, 1)).toHaveLength(1);
  expect(await orm.all(sql`SELECT 1 FROM streamers WHERE next_check_at IS NOT NULL`)).toHaveLength(1);
});

test("a streamer does not sleep while another chat tracks it", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  await track(orm, asking(2, "ann"));
  await batch(orm, closeChat(orm, 1, "blocked"));
  expect(await orm.all(sql`SELECT 1 FROM streamers WHERE slept_at IS NULL AND next_check_at IS NOT NULL`)).toHaveLength(
    1,
  );
  expect(await look(db, ann, wishes("ba"))).toBe(1);
  expect(await owed(db)).toEqual([2]);
});

test("a migrated group keeps its trackings and what it is owed, merged with what the new chat has, however often it is told", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const group = { id: -10, type: "group", title: "Fans" } as const;
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const bob = await tracked(db, 1, "Bob", wishes("b"));
  await track(orm, asking(-10, "ann", { chat: group }));
  await track(orm, asking(-10, "bob", { chat: group }));
  await track(orm, asking(-100, "ann", { chat: { ...group, id: -100, type: "supergroup" } }));
  await look(db, ann, wishes("xa"));
  await look(db, bob, wishes("yb"));
  await batch(orm, migrateChat(orm, -10, -100));
  await batch(orm, migrateChat(orm, -10, -100));
  expect((await listed(orm, -100)).map(({ name }) => name).sort()).toEqual(["Ann", "Bob"]);
  expect(await listed(orm, -10)).toEqual([]);
  expect((await owed(db)).sort()).toEqual([-100, -100, 1, 1]);
  expect(await orm.all(sql`SELECT 1 FROM users WHERE id = -10`)).toEqual([]);
});
