import { stat } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { type Leader, lead } from "../src/checker/leader.ts";
import { sql } from "../src/db/orm.ts";
import { batch } from "../src/db/sql.ts";
import { readSize } from "../src/db/status.ts";
import { track } from "../src/db/trackings.ts";
import { closeChat, reopenChat } from "../src/db/users.ts";
import { type Counts, dropOld, foldOld, keepHouse } from "../src/housekeeping.ts";
import { change } from "./db/owed.ts";
import { ageEvents, asking, history, look, tracked, wishes } from "./db/story.ts";
import { type TestDatabase, testDb } from "./db/test-db.ts";

const NOW = sql.raw("CAST(unixepoch('subsec') * 1000 AS INTEGER)");
const DAY_MS = 24 * 3_600_000;

/** Has an instance lead and do some work; it stops afterwards. */
async function leading(db: TestDatabase, work: (leader: Leader, stop: () => void) => Promise<void>) {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const lock = { orm: db.for, instanceId: "one", heartbeatMs: 1_000, staleMs: 10_000, finishMs: 1_000, tell: () => {} };
  await lead(lock, (leader) => work(leader, stop).finally(stop), stopping.signal);
}

test("the leader counts what is owed and how large the database is, and every ten minutes drops and folds what is old", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  await track(db.for("test"), asking(2, "ann"));
  await look(db, ann, wishes("ba"));
  await ageEvents(db, 401);
  await change(db, "outbox", [1, 2], "state = 'sent', done_at = 0");
  await look(db, ann, wishes("cba"));
  const counts: Counts[] = [];
  const failures: unknown[] = [];
  await leading(db, async (leader, stop) => {
    // It looks at the clock when it begins: that was ten minutes ago.
    const clock = vi.spyOn(performance, "now").mockReturnValueOnce(performance.now() - 600_000);
    const write: typeof leader.write = (query, build) =>
      leader.write(query, build).finally(() => query === "loop_fold" && stop());
    await keepHouse(
      {
        orm: db.for,
        sources: ["fetta"],
        counted: (state) => void counts.push(state),
        failed: (error) => void failures.push(error),
      },
      { ...leader, write },
    );
    clock.mockRestore();
  });
  const left = await db.for("test").all<{ id: number }>(sql`SELECT id FROM outbox ORDER BY id`);
  expect(left.map(({ id }) => id)).toEqual([3, 4]);
  expect(await history(db, ann)).toEqual(["added:c"]);
  expect(counts).toMatchObject([
    { activeUsers: 2, blockedChats: 0, owed: 2, lagsMs: new Map([["fetta", expect.any(Number)]]) },
  ]);
  expect(counts[0]?.size?.bytes).toBeGreaterThan(10_000);
  expect(failures).toEqual([]);
});

test("a chat that has been closed for 400 days is forgotten, and one that came back meanwhile is not", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  for (const chat of [2, 3, 4]) await track(orm, asking(chat, "ann"));
  const age = (days: number) =>
    orm.run(sql`UPDATE users SET closed_at = closed_at - ${days * DAY_MS} WHERE closed_at IS NOT NULL`);
  const chats = async () => (await orm.all<{ id: number }>(sql`SELECT id FROM users ORDER BY id`)).map(({ id }) => id);
  const tidy = () => leading(db, ({ write }) => foldOld(db.for, write));

  await batch(orm, [...closeChat(orm, 1, "blocked"), ...closeChat(orm, 2, "blocked"), ...closeChat(orm, 3, "blocked")]);
  await age(399);
  await batch(orm, [...closeChat(orm, 1, "blocked again"), ...reopenChat(orm, 2)]);
  await track(orm, asking(3, "ann"));
  await batch(orm, closeChat(orm, 3, "blocked"));
  await tidy();
  expect(await chats()).toEqual([1, 2, 3, 4]);
  await age(2);
  await tidy();
  expect(await chats()).toEqual([2, 3, 4]);
  expect(await orm.all(sql`SELECT user_id AS id FROM user_streamers WHERE streamer_id = ${ann} ORDER BY 1`)).toEqual([
    { id: 2 },
    { id: 3 },
    { id: 4 },
  ]);
});

test("a finished look that no message shows any more is dropped after a week, an owed one never", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await track(orm, asking(1, "cat"));
  await track(orm, asking(1, "dog"));
  await orm.run(sql`UPDATE lookups SET done = 1, outcome = 'not_found', shown = 'not_found' WHERE nickname = 'cat'`);
  const names = async () =>
    (await orm.all<{ name: string }>(sql`SELECT nickname AS name FROM lookups`)).map(({ name }) => name);
  const tidy = () => leading(db, async ({ write }) => void (await dropOld(write)));
  await orm.run(sql`UPDATE lookups SET created_at = ${NOW} - ${6 * DAY_MS}`);
  await tidy();
  expect(await names()).toEqual(["cat", "dog"]);
  await orm.run(sql`UPDATE lookups SET created_at = ${NOW} - ${8 * DAY_MS}`);
  await tidy();
  expect(await names()).toEqual(["dog"]);
});

test("the size counts the file and its log, and what was dropped is free for what comes", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const file = db.url.replace("file:", "");
  await orm.run(sql`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO publications (key, hash, published_at) SELECT i, hex(randomblob(100)), 0 FROM n`);
  expect(db.size()).toBe((await stat(file)).size + (await stat(`${file}-wal`)).size);
  const full = await readSize(orm);
  expect(full?.bytes).toBeGreaterThan(600_000);
  expect(full?.freeBytes).toBe(0);
  await orm.run(sql`DELETE FROM publications`);
  const emptied = await readSize(orm);
  expect(emptied?.bytes).toBe(full?.bytes);
  expect(emptied?.freeBytes).toBeGreaterThan(600_000);
});
