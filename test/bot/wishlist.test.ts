import fc from "fast-check";
import { expect, test } from "vitest";
import { historyPage, shownItem, wishlistPage } from "../../src/db/items.ts";
import { sql } from "../../src/db/orm.ts";
import { look, tracked, wish, wishes } from "../db/story.ts";
import { type Message, startBotWorld } from "./world.ts";

const labels = ({ buttons }: Message) => buttons.map((row) => row.map(({ text }) => text));
const plain = (text: string) => text.replaceAll("\u00a0", " ");
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => wish(`p${n}`, { name: `Wish ${n}`, price: (n + 1) * 100_00 }));

/** A person who speaks English and tracks Mila, whose list shows these items. */
async function fan(items = wishes("abc")) {
  const world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const mila = await tracked(world.db, 1, "Mila", items);
  await world.ask("/track mila", { from: mia });
  return { ...world, world, mia, mila };
}

test("/wishlist shows what is on the list with prices and links, by page and in three orders", async () => {
  const { world, mia, ask, press } = await fan(many(10));
  await using _ = world;
  const [shown] = await ask("/wishlist mila", { from: mia });
  expect(plain(shown?.text ?? "").split("\n")).toEqual([
    "Mila · 10 items",
    ...Array.from({ length: 8 }, (_, n) => `${n + 1}. Wish ${n} – RUB ${(n + 1) * 100}`.replace("1000", "1,000")),
  ]);
  expect(shown && labels(shown)).toEqual([
    ["1", "2", "3", "4"],
    ["5", "6", "7", "8"],
    ["1/2", "›"],
    ["↕️ Newest first", "⚙️ Streamer"],
  ]);
  if (shown === undefined) return;
  const second = await press(shown, "›", mia);
  expect(plain(second.shows.text)).toBe("Mila · 10 items\n9. Wish 8 – RUB 900\n10. Wish 9 – RUB 1,000");
  const cheap = await press(second.shows, "↕️ Newest first", mia);
  expect(cheap.shows.text).toContain("1. Wish 0");
  const dear = await press(cheap.shows, "↕️ Cheapest first", mia);
  expect(dear.shows.text).toContain("1. Wish 9");
  expect((await press(dear.shows, "↕️ Dearest first", mia)).shows.text).toContain("1. Wish 0");
  expect(world.failures).toEqual([]);
});

test("a wish is shown with its picture, its price, its shop and since when it is there, and leads back", async () => {
  const lamp = wish("lamp", {
    name: "Lamp <3",
    isUnavailable: true,
    productUrl: "https://shop.example/lamp",
    imageUrl: "https://img.example/lamp.jpg",
  });
  const { world, mia, ask, press, db, mila } = await fan([lamp]);
  await using _ = world;
  const [list] = await ask("/wishlist mila", { from: mia });
  expect(list?.text).toMatch(/1\. Lamp <3 – RUB\s972 · sold out/);
  if (list === undefined) return;
  const { shows } = await press(list, "1", mia);
  expect(plain(shows.text)).toMatch(/^Lamp <3\nRUB 972\nOn the list since .+ or longer\nSold out now\nWishlist: Mila$/);
  expect(shows.linkPreview).toMatchObject({ url: "https://img.example/lamp.jpg", show_above_text: true });
  expect(shows.buttons[0]?.[0]).toMatchObject({ text: "🛒 To the shop", url: "https://shop.example/lamp" });
  expect((await press(shows, "‹ Back", mia)).shows.text).toContain("Mila · 1 item");

  await look(db, mila, [lamp, wish("new", { name: "New one" })]);
  const [later] = await ask("/wishlist mila", { from: mia });
  expect(later?.text.split("\n")[1]).toMatch(/^1\. New one/);
  expect(later && (await press(later, "1", mia)).shows.text).not.toMatch(/longer/);
});

test("/wishlist alone asks whose, and what is not followed is not shown", async () => {
  const { world, mia, ask, press } = await fan();
  await using _ = world;
  const [choice] = await ask("/wishlist", { from: mia });
  expect(choice?.text).toBe("Whose wishlist?");
  expect(choice && (await press(choice, "Mila", mia)).shows.text).toContain("Mila · 3 items");
  expect((await ask("/wishlist nobody", { from: mia }))[0]?.text).toMatch(/nobody/);
  const stranger = world.telegram.person({ languageCode: "en" });
  expect((await ask("/wishlist", { from: stranger }))[0]?.text).toMatch(/^You are not following anyone/);
  expect((await ask("/wishlist mila", { from: stranger }))[0]?.text).toMatch(/mila/);
});

test("/new shows what was added lately on all lists, and neither baselines nor what is gone again", async () => {
  const { world, mia, ask, press, db, mila } = await fan();
  await using _ = world;
  expect((await ask("/new", { from: mia }))[0]?.text).toMatch(/^Nothing new for 7 days/);
  const olya = await tracked(db, 1, "Olya", wishes("z"));
  await ask("/track olya", { from: mia });
  await look(db, mila, [wish("x", { name: "Tent" }), ...wishes("abc")]);
  await look(db, olya, [...many(11), ...wishes("z")]);
  await db.for("test").run(sql`UPDATE wishlist_items SET removed_at = 1 WHERE name = 'Wish 3'`);
  const [first] = await ask("/new", { from: mia });
  expect(first?.text).toMatch(/^🎁 11 new items, days: 7\n\nOlya · .+\n• Wish 10/);
  expect(first?.text).not.toContain("Wish 3");
  const next = first && (await press(first, "›", mia)).shows;
  expect(next?.text).toMatch(/Mila · .+\n• Tent – RUB\s972$/);
  await db.for("test").run(sql`UPDATE wishlist_events SET at = at - 8 * 86400000`);
  expect((await ask("/new", { from: mia }))[0]?.text).toMatch(/^Nothing new/);
});

test("the history tells what was added, repriced, sold out and taken off", async () => {
  const { world, mia, ask, press, db, mila } = await fan([wish("a", { name: "Lamp" }), wish("b")]);
  await using _ = world;
  await look(db, mila, [wish("a", { name: "Lamp", price: 500_00 }), wish("b", { isUnavailable: true }), wish("c")]);
  await look(db, mila, [wish("a", { name: "Lamp", price: 700_00 }), wish("b"), wish("c")]);
  // A message without buttons stands for the card, which has one that leads here.
  const [help] = await ask("/help", { from: mia });
  if (help === undefined) return;
  const { shows } = await press(help, { data: `v1:h:${mila}:0` }, mia);
  const [title, ...lines] = plain(shows.text).split("\n");
  expect(title).toBe("📜 Mila: what has changed");
  expect(lines.map((line) => line.replace(/^.*? (?=[➕🚫✅📉📈])/u, ""))).toEqual([
    "📈 Lamp: RUB 500 → RUB 700",
    "✅ Available again: Item b",
    "📉 Lamp: RUB 972 → RUB 500",
    "🚫 Sold out: Item b",
    "➕ Item c",
  ]);
  expect(await press(shows, { data: `v1:h:${mila}:7` }, mia)).toMatchObject({
    toast: expect.stringMatching(/no longer works/),
  });
  expect(world.failures).toEqual([]);
});

test("whatever numbers a press carries, it shows nothing that the chat does not follow", async () => {
  const { world, db } = await fan();
  await using _ = world;
  const orm = db.for("test");
  const integer = fc.integer({ min: -(10 ** 6), max: 10 ** 6 });
  await fc.assert(
    fc.asyncProperty(integer, integer, async (streamerId, page) => {
      const asked = { chatId: 777, streamerId, page: Math.max(page, 0), size: 8 };
      expect(await wishlistPage(orm, { ...asked, order: "newest" })).toBeUndefined();
      expect(await historyPage(orm, asked)).toBeUndefined();
      expect(await shownItem(orm, 777, streamerId)).toBeUndefined();
    }),
    { numRuns: 50, examples: [[1, 0]] },
  );
});
