import { expect, test } from "vitest";
import { newsButtons } from "../../src/bot/news-buttons.ts";
import { sql } from "../../src/db/orm.ts";
import { FOREVER_MS } from "../../src/db/settings.ts";
import { tracked, wishes } from "../db/story.ts";
import { labels, plain, trackingSettings, visitor } from "./taps.ts";
import { type BotWorld, type Message, type Person, startBotWorld, texts } from "./world.ts";

const HOUR_MS = 3_600_000;

/** For how many hours the chat has muted the streamer; undefined when it has not. */
async function mutedHours(world: BotWorld, chat: { id: number }, id: number): Promise<number | undefined> {
  const until = (await trackingSettings(world, chat, id))?.mutedUntil;
  if (until === undefined) return undefined;
  return until === FOREVER_MS ? Infinity : Math.round((until - Date.now()) / HOUR_MS);
}

/** News as the sender writes it. */
async function news(world: BotWorld, chat: { id: number; type?: string }, streamerId: number): Promise<Message> {
  const text = (key: string) => texts("en", key);
  const url = "https://fetta.app/u/ann";
  if (chat.id > 0) await world.ask("/help", { from: chat as Person });
  const reply_markup = newsButtons(text, { streamerId, url, chatType: chat.type ?? "private" });
  await world.bot.api.sendMessage(chat.id, "🎁 ann wishes for a <b>mug</b>", { parse_mode: "HTML", reply_markup });
  return world.last(chat);
}

test("a card mutes for a day, a week or for good, says until when, and unmutes", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  const guest = visitor(world, mia);
  await guest.say("/list");
  await guest.tap("1", "🔕 Mute", "24 hours");
  expect(guest.text).toMatch(/🔕 Muted until [A-Z][a-z]+ \d+ at \d\d:\d\d/);
  expect(await mutedHours(world, mia, ann)).toBe(24);
  expect(await guest.tap("🔔 Unmute")).toBe("I write about this streamer again.");
  expect(guest.text).not.toContain("🔕");
  await guest.tap("🔕 Mute", "7 days");
  expect(await mutedHours(world, mia, ann)).toBe(168);
  await guest.tap("🔔 Unmute", "🔕 Mute", "For good");
  expect(guest.text).toContain("🔕 Muted until you unmute");
  expect(await mutedHours(world, mia, ann)).toBe(Infinity);
  await guest.tap("Back");
  expect(guest.text).toContain("1. ann 🔕 –");
});

test("/mute and /unmute take a nickname and how long, and help where they cannot be read", async () => {
  await using world = await startBotWorld();
  const olya = world.telegram.person({ languageCode: "ru" });
  const ann = await tracked(world.db, olya.id, "Ann", wishes("a"));
  const guest = visitor(world, olya);
  expect(await guest.say("/mute ann")).toMatch(/^🔕 Ann: молчу до \d+ \S+ в \d+:\d\d\.$/);
  expect(await mutedHours(world, olya, ann)).toBe(24);
  await guest.say("/mute https://fetta.app/u/ann 7d");
  expect(await mutedHours(world, olya, ann)).toBe(168);
  await guest.say("/MUTE @ANN 3 дня");
  expect(await mutedHours(world, olya, ann)).toBe(72);
  expect(await guest.say("/mute ann forever")).toBe("🔕 Ann: молчу, пока не включите: /unmute ник");
  expect(await mutedHours(world, olya, ann)).toBe(Infinity);
  expect(await guest.say("/unmute ann")).toBe("🔔 Ann: снова пишу.");
  expect(await mutedHours(world, olya, ann)).toBeUndefined();
  expect(await guest.say("/mute")).toMatch(/^Кого и на сколько заглушить\?/);
  expect(await guest.say("/mute ann надолго")).toMatch(/^Кого и на сколько заглушить\?/);
  expect(await guest.say("/mute ann 99999d")).toMatch(/^Кого и на сколько заглушить\?/);
  expect(await guest.say("/unmute")).toMatch(/^Кого снова слушать\?/);
  expect(await guest.say("/unmute nobody")).toBe("В вашем списке нет «nobody». Весь список: /list");
  expect(await guest.say("/mute Мила")).toMatch(/^Не могу разобрать «Мила»/);
  expect(await mutedHours(world, olya, ann)).toBeUndefined();
  expect(world.failures).toEqual([]);
});

test("below news a press mutes and unmutes; the news stays, and only that button changes", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  const guest = visitor(world, mia);
  const told = await news(world, mia, ann);
  guest.at(told);
  expect(guest.labels).toEqual(["Open", "🔕 24 h", "Untrack"]);
  expect(await guest.tap("24 h")).toBe("Not a word about this streamer for 24 hours.");
  expect(await mutedHours(world, mia, ann)).toBe(24);
  expect(guest.labels).toEqual(["Open", "🔔 Unmute", "Untrack"]);
  expect(await guest.tap("Unmute")).toBe("I write about this streamer again.");
  expect(await mutedHours(world, mia, ann)).toBeUndefined();
  const { text, entities, buttons } = told;
  expect(guest.message).toMatchObject({ text, entities, buttons });
  expect(guest.message.buttons[0]?.[0]?.url).toBe("https://fetta.app/u/ann");
});

test("below news a press untracks, and Undo stands where the buttons were", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  const guest = visitor(world, mia);
  const told = await news(world, mia, ann);
  guest.at(told);
  await guest.tap("24 h");
  const muted = await trackingSettings(world, mia, ann);
  expect(await guest.tap("Untrack")).toBe("No longer tracking ann.");
  expect(guest.text).toBe("🎁 ann wishes for a mug");
  expect(guest.message.entities).toEqual(told.entities);
  expect(guest.labels).toEqual(["Open", "↩️ Undo"]);
  expect(await guest.tap("Undo")).toBe("Tracking ann again, as before.");
  expect(guest.labels).toEqual(["Open", "🔔 Unmute", "Untrack"]);
  expect(await trackingSettings(world, mia, ann)).toEqual(muted);
  await world.ask("/untrack ann", { from: mia });
  expect(await guest.tap("Unmute")).toBe("This one is no longer on your list.");
  expect(await guest.tap("Untrack")).toBe("This one is no longer on your list.");
  expect(guest.text).toBe("🎁 ann wishes for a mug");
});

test("late or without room, Undo below news says why and stays", async () => {
  await using world = await startBotWorld({ maxTrackings: 1 });
  const mia = world.telegram.person({ languageCode: "en" });
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  await tracked(world.db, 1, "bob", wishes("a"));
  const guest = visitor(world, mia);
  guest.at(await news(world, mia, ann));
  await guest.tap("Untrack");
  await world.ask("/track bob", { from: mia });
  expect(await guest.tap("Undo")).toMatch(/^You follow 1 streamer, which is as many/);
  await world.db.for("test").run(sql`UPDATE untracked SET untracked_at = 1`);
  await world.ask("/untrack bob", { from: mia });
  expect(await guest.tap("Undo")).toMatch(/^It is too late to undo/);
  expect(guest.labels).toEqual(["Open", "↩️ Undo"]);
});

test("in a group only administrators mute from news, and a channel's readers are offered nothing to press", async () => {
  await using world = await startBotWorld();
  const { telegram } = world;
  const [boss, member]: Person[] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  if (boss === undefined || member === undefined) throw new Error("nobody there");
  const group = telegram.group({ administrators: [boss], members: [member], supergroup: true });
  const ann = await tracked(world.db, group.id, "ann", wishes("a"));
  const told = await news(world, group, ann);
  for (const button of ["24 h", "Untrack"]) {
    expect(await world.press(told, button, member)).toEqual({
      toast: "Only administrators may change this here.",
      shows: told,
    });
  }
  expect(await mutedHours(world, group, ann)).toBeUndefined();
  const pressed = await world.press(told, "24 h", boss);
  expect(plain(pressed.shows.text)).toBe("🎁 ann wishes for a mug");
  expect(await mutedHours(world, group, ann)).toBe(24);
  const text = (key: string) => texts("en", key);
  const keyboard = newsButtons(text, { streamerId: ann, url: "https://fetta.app", chatType: "channel" });
  expect(keyboard.inline_keyboard.flat().map((button) => button.text)).toEqual(["Open"]);
  expect(labels(told)).toHaveLength(3);
});
