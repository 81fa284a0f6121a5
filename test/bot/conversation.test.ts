import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { closeChat } from "../../src/db/users.ts";
import { tracked, wish, wishes } from "../db/story.ts";
import { type BotWorld, type Chat, type Message, type Person, startBotWorld } from "./world.ts";

const shown = (messages: Message[]) => messages.map(({ text }) => text);
const labels = ({ buttons }: Message) => buttons.flat().map(({ text }) => text);

/** Has the chat track so many streamers: Streamer1 was the first, the last one is the latest. */
async function trackMany({ db }: BotWorld, chatId: number, count: number) {
  const orm = db.for("test");
  for (let n = 1; n <= count; n++) {
    const id = await tracked(db, chatId, `Streamer${n}`, [wish("a")]);
    await orm.run(
      sql`UPDATE user_streamers SET created_at = ${1_700_000_000_000 + n * 86_400_000} WHERE streamer_id = ${id}`,
    );
  }
}

async function trackings({ db }: BotWorld, chat: { id: number }): Promise<string[]> {
  const rows = await db.for("test").all<{ nickname: string }>(sql`
    SELECT s.nickname FROM user_streamers us JOIN streamers s ON s.id = us.streamer_id WHERE us.user_id = ${chat.id} ORDER BY s.id`);
  return rows.map(({ nickname }) => nickname);
}

test("/start and /help tell in the language of who asks what this is, and unknown words get a hint", async () => {
  await using world = await startBotWorld();
  const [mia, olya] = [world.telegram.person({ languageCode: "en-GB" }), world.telegram.person({ languageCode: "ru" })];
  expect(shown(await world.ask("/start", { from: mia }))).toEqual([expect.stringMatching(/^🔔 Wishbell watches/)]);
  expect(shown(await world.ask("/START@WishbellTestBot payload", { from: olya }))).toEqual([
    expect.stringMatching(/^🔔 Wishbell следит/),
  ]);
  expect(shown(await world.ask("/help", { from: mia }))).toEqual([expect.stringMatching(/What I do[\s\S]*\/untrack/)]);
  expect(shown(await world.ask("hello there", { from: mia }))).toEqual([
    expect.stringMatching(/^I know wishlist links/),
  ]);
  expect(shown(await world.ask("/dance", { from: mia }))).toEqual([expect.stringMatching(/don’t know this command/)]);
  expect(shown(await world.ask("/start@OtherBot", { from: mia }))).toEqual([expect.stringMatching(/don’t know this/)]);
  expect(world.failures).toEqual([]);
});

test("a streamer that is known is tracked at once, and any other spelling of it is the same tracking", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "MilaPlays", [
    wish("a", { name: "Mug <3 & co" }),
    wish("b", { price: 1_999_50 }),
    wish("c"),
  ]);
  const [answer, ...more] = await world.ask("/track https://fetta.app/u/milaplays", { from: mia });
  expect(answer?.text.replaceAll("\u00a0", " ")).toBe(
    "🔔 Tracking MilaPlays: 3 items, on top: Mug <3 & co (RUB 972), Item b (RUB 1,999.50), Item c (RUB 972). I will write when something is added.",
  );
  expect(answer?.entities).toContainEqual(
    expect.objectContaining({ type: "text_link", url: "https://fetta.app/u/MilaPlays" }),
  );
  expect(more).toEqual([]);
  for (const spelling of [
    "/track MILAPLAYS",
    "/track @milaplays",
    "fetta.app/u/MilaPlays?ref=x",
    "/track <milaplays>,",
  ]) {
    expect(shown(await world.ask(spelling, { from: mia }))).toEqual([
      "You already follow MilaPlays: 3 items on the list now.",
    ]);
  }
  expect(await trackings(world, mia)).toEqual(["MilaPlays"]);
});

test("a bare wishlist link in a private chat is a /track, and so is one with a picture; a bare nickname is a word", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "mila", wishes("a"));
  expect(shown(await world.ask("look: https://fetta.app/u/mila !", { from: mia }))).toEqual([
    expect.stringMatching(/^🔔 Tracking mila/),
  ]);
  expect(shown(await world.ask("mila", { from: mia }))).toEqual([expect.stringMatching(/^I know wishlist links/)]);
  expect(shown(await world.ask("https://example.com/u/mila", { from: mia }))).toEqual([
    expect.stringMatching(/^I don’t know this site yet: https:\/\/example.com/),
  ]);
});

test("what cannot be read is named once, and a bare /track shows how", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  expect(shown(await world.ask("/track", { from: mia }))).toEqual([expect.stringMatching(/^Who should I follow\?/)]);
  expect(shown(await world.ask("/track  , ;", { from: mia }))).toEqual([
    expect.stringMatching(/^Who should I follow\?/),
  ]);
  expect(shown(await world.ask("/track Мила Оля <i>x</i>", { from: mia }))).toEqual([
    expect.stringMatching(/^I can’t read “Мила, Оля, <i>x<\/i>”/),
  ]);
  expect(world.statements.filter((query) => query === "track")).toEqual([]);
});

test("a chat's language is that of its first command, and stays so", async () => {
  await using world = await startBotWorld();
  const { telegram, db, ask } = world;
  const [mia, olya] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "ru" })];
  const group = telegram.group({ administrators: [mia, olya] });
  await tracked(db, 1, "mila", wishes("a"));
  for (const from of [mia, olya]) await ask("/track mila", { from, chat: group });
  for (const from of [mia, olya]) await ask("/track mila", { from });
  const rows = await db.for("test").all(sql`SELECT id, language, title FROM users WHERE id <> 1 ORDER BY id`);
  expect(rows).toEqual([
    { id: group.id, language: "en", title: group.title },
    { id: mia.id, language: "en", title: null },
    { id: olya.id, language: "ru", title: null },
  ]);
});

test("the limit of trackings is told in one sentence, however many were asked for", async () => {
  await using world = await startBotWorld({ maxTrackings: 2 });
  const olya = world.telegram.person({ languageCode: "ru" });
  for (const nickname of ["ann", "bob", "cat", "dog"]) await tracked(world.db, 1, nickname, wishes("a"));
  expect(shown(await world.ask("/track ann bob cat dog ann", { from: olya }))).toEqual([
    [
      "🔔 Слежу: ann, в списке 1 товар, сверху: Item a (972\u00a0₽). Напишу, когда добавят что-то новое.",
      "🔔 Слежу: bob, в списке 1 товар, сверху: Item a (972\u00a0₽). Напишу, когда добавят что-то новое.",
      "Вы следите за 2 стримерами, больше здесь не получится. Освободить место: /untrack",
    ].join("\n\n"),
  ]);
});

test("ten streamers with the longest names fit into one answer, and the eleventh is left for the next message", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const nicknames = [..."abcdefghijk"].map((letter) => letter.repeat(32));
  for (const nickname of nicknames) {
    const items = [1, 2, 3].map((n) => wish(`${n}`, { name: "🎁 <&> ".repeat(50), price: 99_999_999_99 }));
    await tracked(world.db, 1, nickname, items);
  }
  await world.db.for("test").run(sql`UPDATE streamers SET name = ${'<b>"&"</b> 👩‍👩‍👧 '.repeat(20)}`);
  const said = `/track ${nicknames.join(" ")}`;
  const [answer, ...more] = await world.ask(said, { from: mia });
  expect(more).toEqual([]);
  expect(answer?.text.match(/Tracking/g)).toHaveLength(10);
  expect(answer?.text).toMatch(/I take 10 at a time/);
  expect(shown(await world.ask("/list", { from: mia }))[0]).toMatch(/^You follow 10 streamers:/);
  expect(shown(await world.ask(said.replace("/", "/un"), { from: mia }))[0]).toMatch(/No longer tracking/);
  expect(await trackings(world, mia)).toEqual([]);
  expect(world.failures).toEqual([]);
});

test("/list shows each streamer as a link with its items and since when, from one statement and nothing else", async () => {
  await using world = await startBotWorld();
  const olya = world.telegram.person({ languageCode: "ru" });
  expect(shown(await world.ask("/list", { from: olya }))).toEqual([
    expect.stringMatching(/^Вы пока ни за кем не следите/),
  ]);
  const ann = await tracked(world.db, olya.id, "ann", wishes("ab"));
  const bob = await tracked(world.db, olya.id, "bob", wishes("abcde"));
  const orm = world.db.for("test");
  await orm.run(sql`UPDATE streamers SET name = 'Ann <3 & "co"' WHERE id = ${ann}`);
  for (const [id, at] of [
    [ann, "2026-01-05"],
    [bob, "2025-12-31"],
  ] as const) {
    await orm.run(sql`UPDATE user_streamers SET created_at = ${Date.parse(`${at}T12:00Z`)} WHERE streamer_id = ${id}`);
  }
  world.statements.length = 0;
  const [list] = await world.ask("/list", { from: olya });
  expect(world.statements).toEqual(["list_trackings"]);
  expect(list?.text.replaceAll("\u00a0", " ")).toBe(
    [
      "Вы следите за 2 стримерами:",
      '1. Ann <3 & "co" – 2 товара, с 5 января 2026 г.',
      "2. bob – 5 товаров, с 31 декабря 2025 г.",
      "",
      "Номер откроет карточку стримера.",
    ].join("\n"),
  );
  expect(list?.entities.map((entity) => "url" in entity && entity.url)).toEqual([
    "https://fetta.app/u/ann",
    "https://fetta.app/u/bob",
  ]);
  expect(list?.linkPreview).toEqual({ is_disabled: true });
  expect(list?.buttons.map((row) => row.map(({ text }) => text))).toEqual([["1", "2"], ["↕️ Сначала новости"]]);
});

test("a list of more than ten is turned in place, one statement a page, and says when it has changed meanwhile", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 21);
  const [first] = await world.ask("/list", { from: mia });
  if (first === undefined) throw new Error("no list");
  expect(first.text).toMatch(/^You follow 21 streamers:\n1\. Streamer21 [\s\S]*\n10\. Streamer12 .*\n\n.*card\.$/);
  expect(labels(first).slice(9)).toEqual(["10", "1/3", "›", "↕️ Latest news first"]);
  world.statements.length = 0;
  const second = await world.press(first, "›", mia);
  expect(world.statements).toEqual(["list_trackings"]);
  expect(second).toMatchObject({ toast: "", shows: { id: first.id } });
  expect(second.shows.text).toMatch(/\n11\. Streamer11 [\s\S]*\n20\. Streamer2 .*\n/);
  expect(labels(second.shows).slice(10)).toEqual(["‹", "2/3", "›", "↕️ Latest news first"]);
  expect((await world.press(second.shows, "2/3", mia)).toast).toBe("");
  const third = await world.press(second.shows, "›", mia);
  expect(third.shows.text).toMatch(/^You follow 21 streamers:\n21\. Streamer1 .*\n/);

  await world.ask("/untrack Streamer21", { from: mia });
  const stale = await world.press(third.shows, "3/3", mia);
  expect(stale.toast).toBe("This list has changed.");
  expect(labels(stale.shows).slice(10)).toEqual(["‹", "2/2", "↕️ Latest news first"]);
  await world.db.for("test").run(sql`DELETE FROM user_streamers`);
  expect(await world.press(stale.shows, "‹", mia)).toMatchObject({
    toast: "This list has changed.",
    shows: { text: expect.stringMatching(/^You are not following anyone yet/), buttons: [] },
  });
});

test("/untrack ends a tracking by nickname, and Undo brings it back as it was", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 1);
  const before = await world.db.for("test").all(sql`SELECT * FROM user_streamers`);
  const [ended] = await world.ask("/untrack @STREAMER1", { from: mia });
  expect(ended?.text).toBe("No longer tracking Streamer1.");
  expect(await trackings(world, mia)).toEqual([]);
  if (ended === undefined) throw new Error("no answer");
  const undone = await world.press(ended, "Undo", mia);
  expect(undone.shows).toMatchObject({ id: ended.id, text: "Tracking Streamer1 again, as before.", buttons: [] });
  expect(await world.db.for("test").all(sql`SELECT * FROM user_streamers`)).toEqual(before);
  expect(shown(await world.ask("/untrack other", { from: mia }))).toEqual([
    "You are not following other. Your list: /list",
  ]);
});

test("what was owed and not sent yet when a tracking ended by mistake is owed again after Undo", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  const orm = world.db.for("test");
  const states = () => orm.all(sql`SELECT state, last_error AS error, done_at IS NULL AS open FROM outbox ORDER BY id`);
  for (const number of [1, 2]) {
    await orm.run(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at) VALUES (${mia.id}, 0, ${ann}, ${number}, 1)`);
    if (number === 1) await orm.run(sql`UPDATE outbox SET state = 'skipped', last_error = 'untracked', done_at = 1`);
  }
  const [ended] = await world.ask("/untrack ann", { from: mia });
  if (ended === undefined) throw new Error("no answer");
  await world.press(ended, "Undo", mia);
  expect(await states()).toEqual([
    { state: "skipped", error: "untracked", open: 0 },
    { state: "pending", error: null, open: 1 },
  ]);
});

test("several trackings that end together can be restored one by one", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 3);
  const [ended] = await world.ask("/untrack streamer1 streamer2 streamer3 nobody", { from: mia });
  if (ended === undefined) throw new Error("no answer");
  expect(labels(ended)).toEqual(["↩️ Undo: Streamer1", "↩️ Undo: Streamer2", "↩️ Undo: Streamer3"]);
  const first = await world.press(ended, "Streamer2", mia);
  expect(first.shows.text).toBe("Tracking Streamer2 again, as before.");
  expect(labels(first.shows)).toEqual(["↩️ Undo: Streamer1", "↩️ Undo: Streamer3"]);
  await world.press(first.shows, "Streamer1", mia);
  expect(await trackings(world, mia)).toEqual(["Streamer1", "Streamer2"]);
});

test("/untrack without a nickname offers the chat's streamers: one tap ends, another restores", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  expect(shown(await world.ask("/untrack", { from: mia }))).toEqual([
    expect.stringMatching(/^You are not following anyone yet/),
  ]);
  await trackMany(world, mia.id, 9);
  const [choice] = await world.ask("/untrack", { from: mia });
  if (choice === undefined) throw new Error("no keyboard");
  expect(choice.text).toBe("Who should I stop following?");
  expect(labels(choice)).toHaveLength(10);
  const second = await world.press(choice, "›", mia);
  expect(labels(second.shows)).toEqual(["✖️ Streamer1", "‹", "2/2"]);
  const ended = await world.press(second.shows, "Streamer1", mia);
  expect(ended.shows.text).toBe("No longer tracking Streamer1.");
  expect(await trackings(world, mia)).toHaveLength(8);
  await world.press(ended.shows, "Undo", mia);
  expect(await trackings(world, mia)).toHaveLength(9);
});

test("a keyboard that is out of date is drawn anew, with a word about it", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 2);
  const [choice] = await world.ask("/untrack", { from: mia });
  if (choice === undefined) throw new Error("no keyboard");
  const [ended] = await world.ask("/untrack streamer1", { from: mia });
  const stale = await world.press(choice, "Streamer1", mia);
  expect(stale.toast).toBe("This one is no longer on your list.");
  expect(labels(stale.shows)).toEqual(["✖️ Streamer2"]);

  if (ended === undefined) throw new Error("no answer");
  await world.db.for("test").run(sql`UPDATE untracked SET untracked_at = untracked_at - 3600000`);
  const late = await world.press(ended, "Undo", mia);
  expect(late.toast).toMatch(/^It is too late to undo/);
  expect(await trackings(world, mia)).toEqual(["Streamer2"]);
});

test("Undo beyond the limit of trackings says so and waits for room", async () => {
  await using world = await startBotWorld({ maxTrackings: 1 });
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 1);
  await tracked(world.db, 1, "other", wishes("a"));
  const [ended] = await world.ask("/untrack streamer1", { from: mia });
  await world.ask("/track other", { from: mia });
  if (ended === undefined) throw new Error("no answer");
  expect((await world.press(ended, "Undo", mia)).toast).toMatch(/^You follow 1 streamer, which is as many/);
  await world.ask("/untrack other", { from: mia });
  await world.press(ended, "Undo", mia);
  expect(await trackings(world, mia)).toEqual(["Streamer1"]);
});

test("forged presses get a toast and change nothing", async () => {
  await using world = await startBotWorld();
  const [mia, olya] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "en" })];
  await trackMany(world, mia.id, 1);
  const others = await tracked(world.db, olya.id, "others", wishes("a"));
  const [ended] = await world.ask("/untrack streamer1", { from: mia });
  await world.ask("/untrack others", { from: olya });
  await world.ask("/track others", { from: olya });
  if (ended === undefined) throw new Error("no answer");
  const before = await world.db.for("test").all(sql`SELECT * FROM user_streamers`);
  const forged = [`v1:u:${others}`, `v1:r:${others}`, "v1:l:0", "v1:up:0", "v1:l:-1", "v1:l:999999999999999", "v0:u:1"];
  for (const data of [...forged, "v1:u:9".padEnd(64, "9"), "v1:constructor:1", "\u0000", "🎁", "v1:l:0\nv1:u:1"]) {
    const { toast, shows } = await world.press(ended, { data }, mia);
    expect(toast).toBe("This button no longer works. Your list: /list");
    expect(shows).toEqual(ended);
  }
  expect(await world.db.for("test").all(sql`SELECT * FROM user_streamers`)).toEqual(before);
  expect(world.failures).toEqual([]);
});

test("a press on a message that is gone, or that comes too late, is no failure", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 2);
  const [choice] = await world.ask("/untrack", { from: mia });
  if (choice === undefined) throw new Error("no keyboard");
  world.telegram.fault({
    when: ({ method }) => method === "answerCallbackQuery",
    times: 1,
    do: {
      kind: "error",
      code: 400,
      description: "Bad Request: query is too old and response timeout expired or query ID is invalid",
    },
  });
  world.telegram.press(choice, "Streamer2", mia);
  await world.telegram.idle();
  expect(await trackings(world, mia)).toEqual(["Streamer1"]);
  world.telegram.remove(choice);
  expect((await world.press(choice, { data: "v1:u:1" }, mia)).toast).toBe("No longer tracking Streamer1.");
  expect(await trackings(world, mia)).toEqual([]);
  expect(world.failures).toEqual([]);
});

async function startGroup(options: { forum?: boolean } = {}) {
  const world = await startBotWorld({ privacy: false });
  const [boss, member] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "en" })];
  const group: Chat = world.telegram.group({ administrators: [boss], members: [member], supergroup: true, ...options });
  await tracked(world.db, 1, "mila", wishes("a"));
  return { world, boss, member, group };
}

test("in a group only administrators change trackings; anybody may look", async () => {
  const { world, boss, member, group } = await startGroup();
  await using _ = world;
  const say = async (text: string, from: Person) => shown(await world.ask(text, { from, chat: group }));
  expect(await say("/track mila", member)).toEqual([expect.stringMatching(/^Only administrators/)]);
  expect(await trackings(world, group)).toEqual([]);
  expect(await say("/Track@WishbellTestBot mila", boss)).toEqual([expect.stringMatching(/^🔔 Tracking mila/)]);
  expect(await say("/untrack mila", member)).toEqual([expect.stringMatching(/^Only administrators/)]);
  expect(await say("/list", member)).toEqual([expect.stringMatching(/^You follow 1 streamer:/)]);
  expect(await trackings(world, group)).toEqual(["mila"]);
});

test("an anonymous administrator is one; a person who speaks as a channel is not", async () => {
  const { world, member, group } = await startGroup();
  await using _ = world;
  const answered = await world.ask("/track mila", { chat: group, anonymous: true });
  expect(shown(answered)).toEqual([expect.stringMatching(/^🔔 Слежу: mila/)]);
  const channel = { id: -1_009_999_999_999, type: "channel" as const, title: "Mine" };
  await world.bot.handleUpdate({
    update_id: 5,
    message: {
      message_id: 99,
      date: 0,
      chat: { id: group.id, type: "supergroup", title: group.title },
      from: { id: 136_817_688, is_bot: true, first_name: "Channel" },
      sender_chat: channel,
      text: "/untrack mila",
    },
  });
  expect(world.last(group).text).toMatch(/^Менять это здесь/);
  expect(await trackings(world, group)).toEqual(["mila"]);
  expect(member.id).toBeGreaterThan(0);
});

test("a member's press on an administrators' keyboard gets a toast and changes nothing, not even the message", async () => {
  const { world, boss, member, group } = await startGroup();
  await using _ = world;
  await trackMany(world, group.id, 9);
  const [choice] = await world.ask("/untrack", { from: boss, chat: group });
  if (choice === undefined) throw new Error("no keyboard");
  for (const button of ["Streamer9", "›"]) {
    expect(await world.press(choice, button, member)).toEqual({
      toast: "Only administrators may change this here.",
      shows: choice,
    });
  }
  const ended = await world.press(choice, "Streamer9", boss);
  expect((await world.press(ended.shows, "Undo", member)).toast).toMatch(/^Only administrators/);
  expect(await trackings(world, group)).toHaveLength(8);
});

test("in groups nothing else is answered: talk, links, edits, commands for other bots, unknown commands", async () => {
  const { world, boss, group } = await startGroup();
  await using _ = world;
  const says = ["hello", "https://fetta.app/u/mila", "/track@OtherBot mila", "/dance", "@WishbellTestBot mila"];
  for (const text of says) expect(await world.ask(text, { from: boss, chat: group })).toEqual([]);
  expect(await world.ask("/track mila", { from: boss, chat: group, edited: true })).toEqual([]);
  expect(await trackings(world, group)).toEqual([]);
});

test("a channel's posts need no sender, and are its administrators'", async () => {
  await using world = await startBotWorld();
  const channel = world.telegram.channel({ title: "Fans" });
  await tracked(world.db, 1, "mila", wishes("a"));
  expect(await world.ask("a post about https://fetta.app/u/mila", { chat: channel })).toEqual([]);
  expect(shown(await world.ask("/Track mila", { chat: channel }))).toEqual([expect.stringMatching(/^🔔 Слежу: mila/)]);
  expect(await trackings(world, channel)).toEqual(["mila"]);
  const reader = world.telegram.person({ languageCode: "en" });
  const [choice] = await world.ask("/untrack", { chat: channel });
  if (choice === undefined) throw new Error("no keyboard");
  expect((await world.press(choice, "mila", reader)).toast).toMatch(/^Only administrators/);
  expect(await trackings(world, channel)).toEqual(["mila"]);
});

test("in a forum answers go to the topic of the question, and the tracking's news will", async () => {
  const { world, boss, group } = await startGroup({ forum: true });
  await using _ = world;
  const threadId = world.telegram.topic(group, "Wishes");
  const [answer] = await world.ask("/track mila", { from: boss, chat: group, threadId });
  expect(answer).toMatchObject({ threadId, text: expect.stringMatching(/^🔔 Tracking mila/) });
  expect(
    await world.db.for("test").all(sql`SELECT thread_id AS thread FROM user_streamers WHERE user_id = ${group.id}`),
  ).toEqual([{ thread: threadId }]);
});

test("the same update handled twice tracks once", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  world.telegram.say("/start", { from: mia });
  await tracked(world.db, 1, "mila", wishes("a"));
  const update = {
    update_id: 77,
    message: {
      message_id: 50,
      date: 0,
      chat: { id: mia.id, type: "private", first_name: "Mia" },
      from: { id: mia.id, is_bot: false, first_name: "Mia", language_code: "en" },
      text: "/track mila unknown",
    },
  } as const;
  for (let time = 0; time < 2; time++) await world.bot.handleUpdate(structuredClone(update));
  await Promise.all([1, 2].map(() => world.bot.handleUpdate(structuredClone(update))));
  expect(await trackings(world, mia)).toEqual(["mila"]);
  const looks = await world.db.for("test").all(sql`SELECT nickname_key AS key FROM lookups WHERE chat_id = ${mia.id}`);
  expect(looks).toEqual([{ key: "unknown" }]);
});

test("a look that was called off may be asked for again at once", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  for (let time = 0; time < 2; time++) {
    expect(shown(await world.ask("/track mila", { from: mia }))).toEqual(["🔎 Looking for mila…"]);
    expect(shown(await world.ask("/track mila", { from: mia }))).toEqual([
      "🔎 Still looking for mila. I will tell you here.",
    ]);
    expect(shown(await world.ask("/untrack mila", { from: mia }))).toEqual(["OK, I am no longer looking for mila."]);
  }
});

test("a handler that fails says so shortly, and logs one line without the token", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await trackMany(world, mia.id, 11);
  const [list] = await world.ask("/list", { from: mia });
  if (list === undefined) throw new Error("no list");
  await world.db.client.executeMultiple("ALTER TABLE user_streamers RENAME TO hidden");
  expect(shown(await world.ask("/track streamer1", { from: mia }))).toEqual([
    "Something went wrong on my side. Please try again in a minute.",
  ]);
  expect(await world.press(list, "›", mia)).toEqual({
    toast: "Something went wrong on my side. Please try again in a minute.",
    shows: list,
  });
  await world.db.client.executeMultiple("ALTER TABLE hidden RENAME TO user_streamers");
  world.telegram.fault({ when: ({ method }) => method === "sendMessage", times: 1, do: { kind: "reset" } });
  expect(shown(await world.ask("/list", { from: mia }))).toEqual([
    "Something went wrong on my side. Please try again in a minute.",
  ]);
  expect(world.failures.map((line) => JSON.parse(line).msg)).toEqual([
    "update failed",
    "update failed",
    "update failed",
  ]);
  expect(world.failures.join()).not.toContain("TEST-token");
  expect(shown(await world.ask("/list", { from: mia }))[0]).toMatch(/^You follow 11 streamers/);
});

test("who blocks the bot before it could answer is nobody's failure", async () => {
  await using world = await startBotWorld();
  const { telegram } = world;
  const mia = telegram.person({ languageCode: "en" });
  await world.ask("/start", { from: mia });
  telegram.say("/help", { from: mia });
  telegram.block(mia);
  await telegram.idle();
  expect(telegram.calls.filter(({ code }) => code === 403).map(({ method }) => method)).toEqual(["sendMessage"]);
  expect(world.failures).toEqual([]);
});

test("who blocks the bot is closed, who comes back has everything again", async () => {
  await using world = await startBotWorld();
  const { telegram, db } = world;
  const mia = telegram.person({ languageCode: "en" });
  await world.ask("/start", { from: mia });
  await trackMany(world, mia.id, 1);
  const state = () =>
    db
      .for("test")
      .all(sql`SELECT u.active, s.next_check_at IS NULL AS asleep FROM users u, streamers s WHERE u.id = ${mia.id}`);
  telegram.block(mia);
  await telegram.idle();
  expect(await state()).toEqual([{ active: 0, asleep: 1 }]);
  telegram.unblock(mia);
  await telegram.idle();
  expect(await state()).toEqual([{ active: 1, asleep: 0 }]);
  expect(await trackings(world, mia)).toEqual(["Streamer1"]);
});

test.each(["/start", "/track other"])(
  "a chat that was closed by mistake is there again with %s, and all it tracks is looked at",
  async (text) => {
    await using world = await startBotWorld();
    const orm = world.db.for("test");
    const mia = world.telegram.person({ languageCode: "en" });
    await trackMany(world, mia.id, 1);
    await tracked(world.db, 1, "other", wishes("a"));
    await batch(orm, closeChat(orm, mia.id, "suspected"));
    await world.ask(text, { from: mia });
    expect(await orm.all(sql`SELECT active FROM users WHERE id = ${mia.id}`)).toEqual([{ active: 1 }]);
    expect(await orm.all(sql`SELECT 1 FROM streamers WHERE next_check_at IS NULL`)).toEqual([]);
  },
);

test("a group greets those who add the bot once, and moves to its new id with what it tracks", async () => {
  await using world = await startBotWorld();
  const { telegram } = world;
  const boss = telegram.person({ languageCode: "en" });
  const group = telegram.group({ administrators: [boss], bot: "left" });
  telegram.add(group);
  await telegram.idle();
  expect(world.last(group).text).toMatch(/^🔔 Hello!/);
  await tracked(world.db, 1, "mila", wishes("a"));
  await world.ask("/track mila", { from: boss, chat: group });
  const supergroup = telegram.migrate(group);
  await telegram.idle();
  expect(await trackings(world, supergroup)).toEqual(["mila"]);
  telegram.kick(supergroup);
  await telegram.idle();
  expect(await world.db.for("test").all(sql`SELECT active FROM users WHERE id = ${supergroup.id}`)).toEqual([
    { active: 0 },
  ]);
  expect(world.failures).toEqual([]);
});

test("what Telegram notes in a private chat by itself is not answered; a picture is", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await world.ask("/start", { from: mia });
  const message = {
    message_id: 60,
    date: 0,
    chat: { id: mia.id, type: "private", first_name: "Mia" },
    from: { id: mia.id, is_bot: false, first_name: "Mia", language_code: "en" },
  } as const;
  const count = () => world.telegram.messages(mia).length;
  const before = count();
  await world.bot.handleUpdate({
    update_id: 1,
    message: { ...message, message_auto_delete_timer_changed: { message_auto_delete_time: 86_400 } },
  });
  expect(count()).toBe(before);
  await world.bot.handleUpdate({ update_id: 2, message: { ...message, photo: [] } });
  expect(world.last(mia).text).toMatch(/^I know wishlist links/);
});
