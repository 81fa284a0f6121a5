import fc from "fast-check";
import { expect, test } from "vitest";
import { tidyText } from "../../src/checker/sources/text.ts";
import { sql } from "../../src/db/orm.ts";
import { tracked, wish } from "../db/story.ts";
import { type BotWorld, type Message, startBotWorld } from "./world.ts";

const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 50 }),
  fc.constantFrom("<b>&amp;</b>", "שלום עולם", "🏳️‍🌈".repeat(60), "a".repeat(300), "\u202e\u200bx", "../..", "%00"),
);
const nickname = fc.oneof(
  fc.constantFrom("ann", "bob", "cat", "ANN", "@bob"),
  fc.stringMatching(/^[a-z0-9_.-]{1,34}$/),
);
const link = fc
  .tuple(fc.constantFrom("https://fetta.app/u/", "fetta.app/u/", "http://[::1", "https://example.com/"), nickname)
  .map((parts) => parts.join(""));
const word = fc.oneof({ weight: 3, arbitrary: nickname }, link, anyText);
const name = fc.constantFrom("track", "untrack", "list", "start", "help", "Track", "LIST", "dance", "constructor", "");
const suffix = fc.constantFrom("", "", "@WishbellTestBot", "@OtherBot", "@");
const command = fc
  .tuple(name, suffix, fc.array(word, { maxLength: 14 }), fc.constantFrom(" ", "\n", ", "))
  .map(([command, to, words, between]) => [`/${command}${to}`, ...words].join(between));
const said = fc.oneof(command, word, anyText).map((text) => text.slice(0, 4_000).toWellFormed());
const data = fc.oneof(
  fc.tuple(fc.constantFrom("l", "up", "u", "r", "x"), fc.nat()).map(([kind, number]) => `v1:${kind}:${number}`),
  fc.string({ unit: "binary", minLength: 1, maxLength: 64 }),
);

/** People may fill a message with what Telegram does not take for a text. */
const isSayable = (text: string) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text.replace(/[\p{Cf}\p{M}]/gu, ""));

test("whatever is written in a private chat gets an answer, and Telegram takes every answer", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await furnish(world, mia.id);
  const seen = fc.asyncProperty(said.filter(isSayable), async (text) => {
    expect(await world.ask(text, { from: mia })).not.toEqual([]);
  });
  await fc.assert(seen, { numRuns: 300 });
  expectNoRefusals(world);
});

test("whatever is written in a group, only our commands are answered, and those of members change nothing", async () => {
  await using world = await startBotWorld({ privacy: false });
  const member = world.telegram.person({ languageCode: "ru" });
  const group = world.telegram.group({ members: [member] });
  await furnish(world, group.id);
  const before = await rowsOf(world, group.id);
  const ours = /^\/(track|untrack|list|start|help)(@WishbellTestBot)?(\s|$)/i;
  const seen = fc.asyncProperty(said.filter(isSayable), async (text) => {
    const answers = await world.ask(text, { from: member, chat: group });
    expect(answers.length > 0).toBe(ours.test(text.trim()));
  });
  await fc.assert(seen, { numRuns: 200 });
  expect(await rowsOf(world, group.id)).toEqual(before);
  expectNoRefusals(world);
});

test("whatever a press carries, it is answered once, and touches no other chat", async () => {
  await using world = await startBotWorld();
  const [mia, other] = [world.telegram.person({ languageCode: "en" }), world.telegram.person()];
  await furnish(world, mia.id);
  await furnish(world, other.id);
  const before = await rowsOf(world, other.id);
  const lists = ["/list", "/untrack", "/untrack ann bob"];
  const action = fc.oneof(data, fc.nat().map(String), fc.constantFrom(...lists));
  const seen = fc.asyncProperty(action, async (action) => {
    if (lists.includes(action)) return void (await world.ask(action, { from: mia }));
    await world.ask("/track ann bob", { from: mia });
    const message = pick(world.telegram.messages(mia), action);
    const shown = message.buttons.flat().map((button) => button.data ?? "");
    const pressed = /^\d+$/.test(action) && shown.length > 0 ? (shown[Number(action) % shown.length] ?? "") : action;
    await world.press(message, { data: pressed }, mia);
  });
  await fc.assert(seen, { numRuns: 200 });
  expect(await rowsOf(world, other.id)).toEqual(before);
  expectNoRefusals(world);
});

test("whatever streamers and wishes are called, every message about them is taken", async () => {
  await using world = await startBotWorld();
  const olya = world.telegram.person({ languageCode: "ru" });
  await furnish(world, olya.id);
  const orm = world.db.for("test");
  const called = anyText.map((text) => tidyText(text, 100) || "x");
  const seen = fc.asyncProperty(called, called, fc.nat(), async (streamer, item, price) => {
    await orm.run(sql`UPDATE streamers SET name = ${streamer}`);
    await orm.run(sql`UPDATE wishlist_items SET name = ${item}, price = ${price}`);
    for (const text of ["/list", "/untrack", "/untrack ann bob", "/track ann bob"]) {
      expect(await world.ask(text, { from: olya })).toHaveLength(1);
    }
  });
  await fc.assert(seen, { numRuns: 40 });
  expectNoRefusals(world);
});

/** Twelve trackings, so that lists have pages. */
async function furnish({ db }: BotWorld, chatId: number) {
  for (const nickname of ["ann", "bob", ..."cdefghijkl"]) {
    await tracked(db, chatId, nickname.padEnd(2, "x"), [wish(`${nickname}-1`), wish(`${nickname}-2`)]);
  }
}

async function rowsOf({ db }: BotWorld, chatId: number) {
  return await db.for("test").all(sql`SELECT * FROM user_streamers WHERE user_id = ${chatId} ORDER BY streamer_id`);
}

function expectNoRefusals({ telegram, failures }: BotWorld) {
  expect(failures).toEqual([]);
  const refused = telegram.calls.filter(({ method, code }) => method === "sendMessage" && code !== 200);
  expect(refused).toEqual([]);
}

/** One of the bot's messages with buttons, or else the last one. */
function pick(messages: Message[], seed: string): Message {
  const written = messages.filter(({ fromBot, buttons }) => fromBot && buttons.length > 0);
  const message = written[seed.length % Math.max(written.length, 1)] ?? messages.at(-1);
  if (message === undefined) throw new Error("the bot has written nothing");
  return message;
}
