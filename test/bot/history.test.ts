import { expect, test } from "vitest";
import { foldEvents, oldEvents } from "../../src/db/old-events.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { ageEvents, look, tracked, wish, wishes } from "../db/story.ts";
import { startBotWorld } from "./world.ts";

const DAY_MS = 24 * 3_600_000;
const plain = (text: string) => text.replaceAll("\u00a0", " ");

/** A person who tracks Mila; `history` shows a page of her history as lines, `fold` folds what is old. */
async function fan(languageCode: string, list = [wish("a", { name: "Lamp" }), ...wishes("bcde")]) {
  const world = await startBotWorld();
  const { db, telegram, ask, press } = world;
  const mia = telegram.person({ languageCode });
  const mila = await tracked(db, 1, "Mila", list);
  await ask("/track mila", { from: mia });
  return {
    ...world,
    mila,
    look: (items: typeof list) => look(db, mila, items),
    async history(page = 0) {
      // A message without buttons stands for the card, which has one that leads here.
      const [help] = await ask("/help", { from: mia });
      if (help === undefined) throw new Error("no answer to /help");
      const { shows } = await press(help, { data: `v1:h:${mila}:${page}` }, mia);
      return { lines: plain(shows.text).split("\n"), buttons: shows.buttons.flat().map(({ text }) => text) };
    },
    async fold() {
      await db.for("test").run(sql`DELETE FROM outbox`);
      await batch(db.for("test"), foldEvents(db.for("test"), await oldEvents(db.for("test"), 500)));
    },
    /** A day so many days ago, as a person reads it. */
    day: (days: number, language: string) =>
      new Intl.DateTimeFormat(language, {
        ...{ day: "numeric", month: "long", year: "numeric", timeZone: "Europe/Moscow" },
      }).format(Date.now() - days * DAY_MS),
  };
}

test("when, for how much and whether it is still there: what is folded is told in short, below what is not", async () => {
  await using world = await fan("en");
  const { look, history, fold, day, db } = world;
  const lamp = (price: number) => wish("a", { name: "Lamp", price });
  await look([wish("new", { name: "Tent", price: 80_00 }), lamp(500_00), ...wishes("bcde")]);
  await ageEvents(db, 100);
  await look([wish("new", { name: "Tent", price: 80_00 }), lamp(700_00), ...wishes("bcde")]);
  for (let n = 0; n < 2; n++) await look([wish("new", { name: "Tent", price: 80_00 }), lamp(700_00), ...wishes("bcd")]);
  await ageEvents(db, 500);
  await look([wish("new", { name: "Tent", price: 60_00 }), lamp(700_00), ...wishes("bcd")]);

  const before = (await history()).lines;
  expect(before.slice(1)).toEqual([
    expect.stringMatching(/📉 Tent: RUB 80 → RUB 60$/),
    `${day(500, "en-US")} ➖ Taken off: Item e`,
    `${day(500, "en-US")} 📈 Lamp: RUB 500 → RUB 700`,
    `${day(600, "en-US")} ➕ Tent`,
    `${day(600, "en-US")} 📉 Lamp: RUB 972 → RUB 500`,
  ]);
  await fold();

  expect((await history()).lines).toEqual([
    ...before.slice(0, 2),
    "",
    "More than 400 days ago, in short:",
    `${day(500, "en-US")} 🗂 Item e: 1 change · RUB 972 · no longer on the list`,
    `${day(600, "en-US")} – ${day(500, "en-US")} 🗂 Lamp: 2 changes · RUB 500 – RUB 972`,
    `${day(600, "en-US")} ➕ Tent · RUB 80`,
  ]);
  expect(world.failures).toEqual([]);
});

test("it reads well in Russian, and prices of several currencies are not compared", async () => {
  await using world = await fan("ru");
  const { look, history, fold, day, db } = world;
  for (const [price, currency] of [
    [500_00, "RUB"],
    [400_00, "RUB"],
    [300_00, "RUB"],
    [5_00, "USD"],
    [4_00, "USD"],
  ] as const) {
    await look([wish("a", { name: "Лампа", price, currency }), ...wishes("bcde")]);
  }
  await ageEvents(db, 500);
  await fold();
  const { lines } = await history();
  expect(lines).toEqual([
    "📜 Mila: что менялось",
    "",
    "Больше 400 дней назад, коротко:",
    `${day(500, "ru")} 🗂 Лампа: 4 изменения`,
  ]);
});

test("pages go on from what happened to what is folded, and every row stands on one of them", async () => {
  await using world = await fan("en");
  const { look, history, fold, db } = world;
  const news = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => wish(`n${from + n}`, { name: `Thing ${from + n};` }));
  await look([...news(0, 17), ...wishes("abcde")]);
  await ageEvents(db, 500);
  await fold();
  await look([...news(0, 25), ...wishes("abcde")]);
  const pages = [await history(0), await history(1), await history(2)];
  expect(pages.map(({ buttons }) => buttons)).toEqual([
    ["1/3", "›", "‹ Back"],
    ["‹", "2/3", "›", "‹ Back"],
    ["‹", "3/3", "‹ Back"],
  ]);
  const things = pages.map(({ lines }) => lines.join().match(/(?<=Thing )\d+(?=;)/g) ?? []);
  expect(things.map((page) => page.length)).toEqual([10, 10, 5]);
  expect(things.flat().slice(0, 8)).toEqual(["17", "18", "19", "20", "21", "22", "23", "24"]);
  expect(
    things
      .flat()
      .slice(8)
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 17 }, (_, n) => n));
  const titled = pages.map(({ lines }) => lines.includes("More than 400 days ago, in short:"));
  expect(titled).toEqual([true, true, true]);
});
