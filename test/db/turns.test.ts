import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Orm } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { recordSnapshot, type SnapshotItem } from "../../src/db/snapshots.ts";
import { batch } from "../../src/db/sql.ts";
import { scheduledStreamers } from "../../src/db/streamers.ts";
import { until } from "../e2e/world.ts";
import { ageMisses, notes, tracked, wish } from "./story.ts";
import { testDb } from "./test-db.ts";

/** How many turns the event loop had while `work` was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

const many = (count: number, more: (n: number) => Partial<SnapshotItem> = () => ({})) =>
  Array.from({ length: count }, (_, n) => wish(`p${n}`, more(n)));

const numbers = (count: number) =>
  sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

async function kinds(orm: Orm): Promise<Record<string, number>> {
  const rows = await orm.all<{ kind: string; n: number }>(
    sql`SELECT kind, COUNT(*) AS n FROM wishlist_events GROUP BY kind`,
  );
  return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]));
}

test("a long batch lets everything else have its turn between its statements, and is one transaction all the same", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const slow = () =>
    orm.run(sql`
      UPDATE scheduler_lock SET epoch = epoch + (${numbers(200_000)} SELECT COUNT(*) > 0 FROM n)`); // tens of ms
  const seen = new Set<number>();
  const epoch = async () => (await orm.all<{ epoch: number }>(sql`SELECT epoch FROM scheduler_lock`))[0]?.epoch ?? -1;
  const writing = batch(orm, [slow(), slow(), slow(), slow(), slow()]);
  let isOver = false;
  void writing.finally(() => {
    isOver = true;
  });
  const turns = await turnsDuring(async () => {
    while (!isOver) {
      seen.add(await epoch());
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await writing;
  expect(turns).toBeGreaterThanOrEqual(4);
  expect([...seen].filter((n) => n !== 0 && n !== 5)).toEqual([]);
  expect(await epoch()).toBe(5);
});

test("a batch that fails late leaves nothing of its earlier statements", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const slow = orm.run(sql`
    UPDATE scheduler_lock SET epoch = 7 + (${numbers(200_000)} SELECT COUNT(*) FROM n)`);
  const failing = orm.run(sql`UPDATE scheduler_lock SET instance_id = NULL`);
  await expect(batch(orm, [slow, slow, failing])).rejects.toThrow();
  expect(await orm.all(sql`SELECT epoch FROM scheduler_lock`)).toEqual([{ epoch: 0 }]);
});

test("what a long write leaves in the WAL comes into the file after it, and what short ones leave does again", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const file = db.url.slice("file:".length);
  const grown = async (bytes: number) => {
    const { size } = await stat(file);
    await until("it is in the file", async () => (await stat(file)).size > size + bytes);
  };
  await orm.run(sql`CREATE TABLE filler (value TEXT)`);
  const add = (rows: number) => orm.run(sql`INSERT INTO filler ${numbers(rows)} SELECT hex(randomblob(1500)) FROM n`);
  const long = grown(10_000_000);
  await batch(orm, [add(4_000), add(1)]);
  await long;
  const short = grown(4_000_000);
  for (let n = 0; n < 40; n++) await add(50);
  await short;
});

test("a very long list is compared in portions, with the same outcome as in one", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const id = await tracked(
    db,
    1,
    "ann",
    many(1_500, (n) => ({ externalId: `sku${n}` })),
  );
  const record = (items: SnapshotItem[]) => batch(orm, recordSnapshot(orm, sql`SELECT ${id}`, items, notes));

  // 1,400 stay, of which 300 are dearer; the last 100 were deleted and added again; 1,100 are new.
  const items = [
    ...Array.from({ length: 1_100 }, (_, n) => wish(`new${n}`, { externalId: `other${n}` })),
    ...many(1_400, (n) => ({ externalId: `sku${n}`, price: n < 300 ? 99_900 : 97_200 })),
    ...Array.from({ length: 100 }, (_, n) => wish(`again${n}`, { externalId: `sku${1_400 + n}` })),
  ];
  expect(await turnsDuring(() => record(items))).toBeGreaterThan(1);
  expect(await kinds(orm)).toEqual({ added: 1_100, price_changed: 300, returned: 100 });
  const order = await orm.all<{ product: string }>(sql`
    SELECT product_id AS product FROM wishlist_events WHERE kind = 'added' ORDER BY id`);
  expect(order.map(({ product }) => product)).toEqual(Array.from({ length: 1_100 }, (_, n) => `new${n}`));

  for (let look = 0; look < 2; look++) {
    await ageMisses(db, id, 3_600_000);
    await record(items);
  }
  expect(await kinds(orm), "what is missed is missed by the whole list").toMatchObject({ removed: 100, added: 1_100 });
});

test("each of many subscribers is owed one message, however many of them were expected", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const id = await tracked(db, 1, "ann", []);
  await orm.run(sql`
    INSERT INTO users (id, type, language, created_at) ${numbers(12_000)}
    SELECT 10 * i, 'private', 'ru', 0 FROM n`);
  await orm.run(sql`
    INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT id, ${id}, 0 FROM users WHERE id > 1`);
  let items = 0;
  for (const subscribers of [undefined, 4_000, 12_001, 30_000]) {
    await orm.run(sql`DELETE FROM outbox`);
    const list = many(++items);
    await batch(orm, recordSnapshot(orm, sql`SELECT ${id}`, list, { ...notes, subscribers }));
    const [owed] = await orm.all(sql`SELECT COUNT(*) AS n, COUNT(DISTINCT chat_id) AS chats FROM outbox`);
    expect(owed, `${subscribers} expected`).toEqual({ n: 12_001, chats: 12_001 });
  }
});

test("the whole population is read in portions, with turns for everything else between them", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await orm.run(sql`
    INSERT INTO streamers (source, owner_id, nickname, nickname_key, name, url, next_check_at, created_at)
    ${numbers(3_500)} SELECT 'fetta', i, 'n' || i, 'n' || i, 'N', 'https://fetta.app/u/n', 0, 0 FROM n`);
  let read = 0;
  const turns = await turnsDuring(async () => {
    read = (await scheduledStreamers(orm, "fetta")).length;
  });
  expect(read).toBe(3_500);
  expect(turns).toBeGreaterThanOrEqual(3);
});
