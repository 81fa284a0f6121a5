import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { track, untrackStreamer } from "../../src/db/trackings.ts";
import { ageMisses, asking, history, listed, look, owed, tracked, wish, wishes } from "./story.ts";
import { testDb } from "./test-db.ts";

const DAY_MS = 24 * 3_600_000;

test("the first look is a baseline: stored, without events, owed to nobody", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  expect(await listed(db, ann)).toBe("abc");
  expect(await history(db, ann)).toEqual([]);
  expect(await owed(db)).toEqual([]);
});

test("one new item is owed once to every chat that tracks the streamer, and to nobody else", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  await track(db.for("test"), asking(2, "ann"));
  await tracked(db, 3, "Bob", wishes("x"));
  expect(await look(db, ann, wishes("dabc"))).toBe(1);
  expect(await look(db, ann, wishes("dabc"))).toBe(0);
  expect(await owed(db)).toEqual([1, 2]);
  expect(await history(db, ann)).toEqual(["added:d"]);
});

test("several new items of one check are one message, told in the site's order", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  expect(await look(db, ann, wishes("dcba"))).toBe(3);
  expect(await owed(db)).toEqual([1]);
  expect(await history(db, ann)).toEqual(["added:d", "added:c", "added:b"]);
});

test("an item is removed only after two complete looks in a row miss it", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abcde"));
  await look(db, ann, wishes("abcd"));
  expect(await listed(db, ann)).toBe("abcde");
  await look(db, ann, wishes("abcde"));
  await look(db, ann, wishes("abcd"));
  expect(await listed(db, ann)).toBe("abcde");
  await look(db, ann, wishes("abcd"));
  expect(await listed(db, ann)).toBe("abcd");
  expect(await history(db, ann)).toEqual(["removed:e"]);
});

test("a list that shrinks by more than 30 % is believed after the third look", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abcdef"));
  for (const seen of ["abcdef", "abcdef"]) {
    await look(db, ann, wishes("abcd"));
    expect(await listed(db, ann)).toBe(seen);
  }
  await look(db, ann, wishes("abcd"));
  expect(await listed(db, ann)).toBe("abcd");
});

test("a list of more than 20 items less is believed after the third look, though that is less than 30 % of it", async () => {
  await using db = await testDb();
  const many = Array.from({ length: 100 }, (_, n) => wish(`p${n}`));
  const ann = await tracked(db, 1, "Ann", many);
  const count = async () =>
    (await db.for("test").all(sql`SELECT 1 FROM wishlist_items WHERE removed_at IS NULL`)).length;
  for (const left of [100, 100, 79]) {
    await look(db, ann, many.slice(21));
    expect(await count()).toBe(left);
  }
});

test("an empty list is believed only when it has stayed empty for minutes, and then it is", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  for (let n = 0; n < 10; n++) await look(db, ann, []);
  expect(await listed(db, ann)).toBe("abc");
  await ageMisses(db, ann, 6 * 60_000);
  await look(db, ann, []);
  expect(await listed(db, ann)).toBe("");
  expect(await history(db, ann)).toEqual(["removed:a", "removed:b", "removed:c"]);
});

test("an item that returns is recorded and not announced", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abcde"));
  await look(db, ann, wishes("abcd"));
  await look(db, ann, wishes("abcd"));
  expect(await look(db, ann, wishes("abcde"))).toBe(0);
  expect(await listed(db, ann)).toBe("abcde");
  expect(await history(db, ann)).toEqual(["removed:e", "returned:e"]);
  expect(await owed(db)).toEqual([]);
});

test("an item deleted and added again under a new id is not news; a second wish for a listed product is", async () => {
  await using db = await testDb();
  const [a, b] = [wish("a", { externalId: "77" }), wish("b", { externalId: "77" })];
  const ann = await tracked(db, 1, "Ann", [a, ...wishes("xyz")]);
  expect(await look(db, ann, [b, ...wishes("xyz")])).toBe(0);
  expect(await look(db, ann, [b, wish("c", { externalId: "77" }), ...wishes("xyz")])).toBe(1);
  expect(await history(db, ann)).toEqual(["returned:b", "added:c", "removed:a"]);
});

test("one vanished item explains one new item of the same product, not two", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", [wish("a", { externalId: "77" }), ...wishes("xyz")]);
  expect(
    await look(db, ann, [wish("b", { externalId: "77" }), wish("c", { externalId: "77" }), ...wishes("xyz")]),
  ).toBe(1);
});

test("the same product a month after it vanished is news", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", [wish("a", { externalId: "77" }), ...wishes("wxyz")]);
  await look(db, ann, wishes("wxyz"));
  await look(db, ann, wishes("wxyz"));
  await ageMisses(db, ann, 31 * DAY_MS);
  expect(await look(db, ann, [wish("b", { externalId: "77" }), ...wishes("wxyz")])).toBe(1);
});

test("a changed price is recorded with the old and the new one, and is not announced", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("ab"));
  expect(await look(db, ann, [wish("a", { price: 71_300 }), wish("b", { isUnavailable: true, isPinned: true })])).toBe(
    0,
  );
  const [change] = await db
    .for("test")
    .all<{ price: number; before: number }>(
      sql`SELECT price, previous_price AS before FROM wishlist_events WHERE kind = 'price_changed'`,
    );
  expect(change).toEqual({ price: 71_300, before: 97_200 });
  expect(await history(db, ann)).toEqual(["price_changed:a", "unavailable:b", "pinned:b"]);
});

test("a price that becomes known is not a change of price", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", [wish("a", { price: undefined, currency: undefined })]);
  await look(db, ann, wishes("a"));
  expect(await history(db, ann)).toEqual([]);
});

test("the first look after a sleep is a baseline again, and announces nothing", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("ab"));
  await untrackStreamer(db.for("test"), 1, ann);
  await track(db.for("test"), asking(2, "ann"));
  expect(await look(db, ann, wishes("cab"))).toBe(0);
  expect(await look(db, ann, wishes("dcab"))).toBe(1);
  expect(await owed(db)).toEqual([2]);
  expect(await history(db, ann)).toEqual(["added:d"]);
});

test("the next check is planned a whole interval after the planned one, however late this one was", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const orm = db.for("test");
  const planned = Date.now() - 150_000;
  await orm.run(sql`UPDATE streamers SET next_check_at = ${planned}`);
  await look(db, ann, wishes("a"));
  const [row] = await orm.all<{ at: number }>(sql`SELECT next_check_at AS at FROM streamers`);
  expect(row?.at).toBe(planned + 3 * 60_000);
});
