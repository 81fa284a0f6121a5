import { expect, test } from "vitest";
import type { NewsItem } from "../../src/db/changes.ts";
import type { Database } from "../../src/db/client.ts";
import { newsFor } from "../../src/db/news.ts";
import { sql } from "../../src/db/orm.ts";
import { type ChatSettings, FOREVER_MS, type TrackingSettings } from "../../src/db/settings.ts";
import type { SnapshotItem } from "../../src/db/snapshots.ts";
import { fold, isWanted } from "../../src/db/wanted.ts";
import { history, look, owed, tracked, wish, wishes } from "./story.ts";
import { type TestDatabase, testDb } from "./test-db.ts";

/** Chat 1 tracks Ann, whose list shows a, b and c, with these settings; gives the streamer's id. */
async function settled(db: TestDatabase, tracking: TrackingSettings, chat: ChatSettings = {}): Promise<number> {
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  await choose(db, tracking, chat);
  return ann;
}

async function choose(db: Database, tracking: TrackingSettings, chat: ChatSettings = {}): Promise<void> {
  const orm = db.for("test");
  await orm.run(sql`UPDATE users SET settings = ${JSON.stringify(chat)} WHERE id = 1`);
  await orm.run(sql`UPDATE user_streamers SET settings = ${JSON.stringify(tracking)} WHERE user_id = 1`);
}

/** What chat 1 is told of the checks that it is owed, as `kind:product` words. */
async function told(db: Database, streamerId = 1): Promise<string[]> {
  const orm = db.for("test");
  const rows = await orm.all<{ n: number }>(sql`SELECT check_number AS n FROM outbox WHERE chat_id = 1`);
  const [news] = await newsFor(orm, [{ chatId: 1, streamerId, checkNumbers: rows.map(({ n }) => n) }], 1_000);
  return (news?.items ?? []).map(({ kind, productId, state }) =>
    state === "listed" ? `${kind}:${productId}` : `${kind}:${productId} (${state})`,
  );
}

const gone = async (db: Database, id: number, left: string | SnapshotItem[]) => {
  const items = typeof left === "string" ? wishes(left) : left;
  await look(db, id, items);
  await look(db, id, items);
  await look(db, id, items);
};

test("without settings new items are told, and nothing else", async () => {
  await using db = await testDb();
  const ann = await settled(db, {});
  await look(db, ann, [wish("a", { price: 100 }), wish("b", { isUnavailable: true }), wish("c")]);
  await gone(db, ann, "ab");
  expect(await owed(db)).toEqual([]);
  await look(db, ann, wishes("dabc"));
  expect(await owed(db)).toEqual([1]);
  expect(await told(db)).toEqual(["added:d"]);
});

test("whoever asks for it hears of what is cheaper, there again and gone, and who does not is owed nothing", async () => {
  await using db = await testDb();
  const everything = { added: false, dropPercent: 10, available: true, gone: true };
  const ann = await settled(db, { notify: everything });
  await tracked(db, 2, "Ann", []);
  await look(db, ann, [wish("a", { price: 80_000 }), wish("b", { isUnavailable: true }), wish("c")]);
  expect(await told(db)).toEqual(["cheaper:a", "gone:b (sold_out)"]);
  await gone(db, ann, [wish("a", { price: 80_000 }), wish("b")]);
  expect(await owed(db)).toEqual([1, 1, 1]);
  expect(await told(db)).toEqual(["cheaper:a", "gone:c (removed)"]);
  await look(db, ann, wishes("dab"));
  expect(await owed(db)).toEqual([1, 1, 1, 2]);
  await look(db, ann, wishes("dabc"));
  expect(await owed(db)).toEqual([1, 1, 1, 1, 2]);
});

test("a tracking's own choice takes the place of the chat's as a whole", async () => {
  await using db = await testDb();
  const ann = await settled(db, { notify: { gone: true } }, { notify: { added: false, available: true } });
  await look(db, ann, [wish("a", { isUnavailable: true }), ...wishes("bcd")]);
  expect(await told(db)).toEqual(["added:d", "gone:a (sold_out)"]);
  await choose(db, {}, { notify: { added: false, available: true } });
  expect(await told(db)).toEqual([]);
  await look(db, ann, wishes("abcd"));
  await choose(db, {}, { notify: { added: false, available: true, gone: true } });
  // What was sold out and is there again has not changed for who hears of both at once.
  expect(await told(db)).toEqual([]);
});

test("what nobody asked for then is not owed later, and what was asked for then is not told any more", async () => {
  await using db = await testDb();
  const ann = await settled(db, {});
  await look(db, ann, [wish("a", { price: 1_000 }), ...wishes("bc")]);
  await choose(db, { notify: { dropPercent: 5 } });
  expect(await owed(db)).toEqual([]);
  await look(db, ann, [wish("a", { price: 500 }), ...wishes("bc")]);
  expect(await told(db)).toEqual(["cheaper:a"]);
  await choose(db, {});
  expect(await told(db)).toEqual([]);
});

test("a muted streamer is owed to nobody, whatever it has; an ended mute is none", async () => {
  await using db = await testDb();
  const ann = await settled(db, { mutedUntil: FOREVER_MS, notify: { gone: true } });
  await look(db, ann, wishes("dabc"));
  expect(await owed(db)).toEqual([]);
  await choose(db, { mutedUntil: Date.now() - 1_000 });
  await look(db, ann, wishes("edabc"));
  expect(await told(db)).toEqual(["added:e"]);
  await choose(db, { mutedUntil: Date.now() + 60_000 });
  const [news] = await newsFor(db.for("test"), [{ chatId: 1, streamerId: ann, checkNumbers: [4] }], 10);
  expect(news?.isMuted).toBe(true);
});

test("several checks come to what they have changed in all", async () => {
  await using db = await testDb();
  const ann = await settled(db, { notify: { dropPercent: 10, available: true, gone: true } });
  await look(db, ann, [wish("a", { price: 60_000 }), wish("b", { isUnavailable: true }), ...wishes("cd")]);
  await look(db, ann, [wish("a", { price: 95_000 }), wish("b"), wish("c"), wish("d", { price: 50_000 })]);
  // a costs little less than at first, b was away for a moment, and d is new whatever it costs.
  expect(await told(db)).toEqual(["added:d"]);
  await look(db, ann, [wish("a", { price: 40_000 }), wish("b"), wish("c"), wish("d", { price: 50_000 })]);
  expect(await told(db)).toEqual(["added:d", "cheaper:a"]);
  const [news] = await newsFor(db.for("test"), [{ chatId: 1, streamerId: ann, checkNumbers: [2, 3, 4] }], 100);
  expect(news?.items).toMatchObject([{ price: 50_000 }, { price: 40_000, previousPrice: 97_200 }]);
});

test("news tells what has become of an item since", async () => {
  await using db = await testDb();
  const ann = await settled(db, {});
  await look(db, ann, wishes("edabc"));
  await gone(db, ann, [wish("d", { isUnavailable: true }), ...wishes("abc")]);
  expect(await told(db)).toEqual(["added:e (removed)", "added:d (sold_out)"]);
  await look(db, ann, wishes("edabc"));
  expect(await told(db)).toEqual(["added:e", "added:d"]);
});

test("an item that is deleted and added again under another id has neither gone nor come back", async () => {
  await using db = await testDb();
  const ann = await settled(db, { notify: { available: true, gone: true } });
  const rest = wishes("abc");
  await look(db, ann, [wish("d", { externalId: "77" }), ...rest]);
  await gone(db, ann, [wish("e", { externalId: "77" }), ...rest]);
  expect(await owed(db)).toHaveLength(3);
  expect(await told(db)).toEqual(["added:d"]);
  await gone(db, ann, rest);
  await look(db, ann, [wish("f", { externalId: "77" }), ...rest]);
  expect((await told(db)).filter((word) => word.startsWith("available"))).toEqual(["available:f"]);
  await look(db, ann, [wish("g", { externalId: "77" }), ...rest]);
  await db.for("test").run(sql`DELETE FROM outbox`);
  await gone(db, ann, [wish("g", { externalId: "77" }), ...rest]);
  expect(await history(db, ann)).toContain("removed:f");
  expect(await owed(db)).toEqual([1]);
  expect(await told(db)).toEqual([]);
});

const item = (more: Partial<NewsItem> = {}): NewsItem => ({
  ...{ kind: "added", productId: "a", name: "Лампа", price: 100_000, previousPrice: null, currency: "RUB" },
  ...{ imageUrl: null, productUrl: null, state: "listed" },
  ...more,
});

test.each<[string, TrackingSettings, boolean]>([
  ["Настольная ЛАМПА", { include: ["лампа"] }, true],
  ["Настольный светильник", { include: ["лампа"] }, false],
  ["Светильник", { include: ["лампа", "светильник"] }, true],
  ["Ёлка зелёная", { include: ["елка"] }, true],
  ["Елка зеленая", { include: ["ёлка"] }, true],
  ["Е\u0308лка", { include: ["Ёлка"] }, true],
  ["Ｓｏｎｙ　PlayStation® 5", { include: ["sony playstation"] }, true],
  ["play\u00adsta\u200btion", { include: ["playstation"] }, true],
  ["Лампа .* (a+)+$", { include: ["(a+)+$"] }, true],
  ["Лампа", { include: [".*"] }, false],
  ["Лампа настольная", { include: ["лампа"], exclude: ["настольн"] }, false],
  ["Лампа", { exclude: ["чай"] }, true],
  ["Лампа", { include: [], exclude: [] }, true],
  ["Лампа", { include: [" "], exclude: [""] }, true],
])("%s with %j is wanted: %s", (name, settings, wanted) => {
  expect(isWanted(item({ name }), {}, settings)).toBe(wanted);
});

test("what costs too little or too much is left out; what has no price is not", () => {
  const prices = { minPrice: 100, maxPrice: 200 };
  const passing = [99, 100, 200, 201, null].filter((price) => isWanted(item({ price }), {}, prices));
  expect(passing).toEqual([100, 200, null]);
});

test.each<[number, number, { dropPercent?: number; priceBelow?: number }, boolean]>([
  [100_000, 75_000, { dropPercent: 25 }, true],
  [100_000, 75_001, { dropPercent: 25 }, false],
  [100_000, 99_999, { dropPercent: 1 }, false],
  [100_000, 110_000, { dropPercent: 1 }, false],
  [100_000, 75_000, { priceBelow: 75_000 }, true],
  [100_000, 75_001, { priceBelow: 75_000 }, false],
  [75_000, 74_999, { priceBelow: 75_000 }, false],
  [100_000, 99_999, { priceBelow: 75_000 }, false],
  [80_000, 74_000, { priceBelow: 75_000, dropPercent: 50 }, true],
  [100_000, 50_000, {}, false],
  [100_000, 50_000, { dropPercent: 0, priceBelow: 0 }, false],
])("from %i to %i is a drop for %j: %s", (previousPrice, price, notify, wanted) => {
  expect(isWanted(item({ kind: "cheaper", price, previousPrice }), {}, { notify })).toBe(wanted);
});

test("folding twice changes nothing", () => {
  for (const text of ["ЁЖ", "ﬁ  x", "İ", "ẞ", " a\u0000b ", "Е\u0308"]) expect(fold(fold(text))).toBe(fold(text));
});
