import { expect, test } from "vitest";
import { readAnnouncement } from "../../src/bot/announcement.ts";
import { broadcastScreen } from "../../src/bot/broadcast-screen.ts";
import type { Broadcast } from "../../src/db/broadcasts.ts";
import { sql } from "../../src/db/orm.ts";
import { tracked, wishes } from "../db/story.ts";
import { startBotWorld, texts } from "./world.ts";

const OPERATOR = 777;

async function startAnnouncingWorld() {
  const world = await startBotWorld({ adminIds: [OPERATOR] });
  for (const chat of [5, 6]) await tracked(world.db, chat, "Ann", wishes("a"));
  await world.db.for("test").run(sql`UPDATE users SET settings = '{"language":"en"}' WHERE id = 6`);
  const operator = world.telegram.person({ id: OPERATOR, languageCode: "en" });
  const states = async () =>
    (await world.db.for("test").all<{ state: string }>(sql`SELECT state FROM broadcasts ORDER BY id`)).map(
      ({ state }) => state,
    );
  const owed = async () =>
    (await world.db.for("test").all<{ id: number }>(sql`SELECT chat_id AS id FROM broadcast_messages`)).map(
      ({ id }) => id,
    );
  return { ...world, operator, states, owed };
}

test("/broadcast asks for the texts, shows how they look and to how many they go, and sends only when told twice", async () => {
  await using world = await startAnnouncingWorld();
  const { operator, ask, press, states, owed } = world;
  const [question] = await ask("/broadcast", { from: operator });
  expect(question?.text).toMatch(/What shall I announce/);
  const shown = await ask("Завтра переезжаем\n---\nWe move tomorrow", { from: operator, replyTo: question });
  const [ru, en, draft] = shown;
  expect([ru?.text, en?.text]).toEqual(["Завтра переезжаем", "We move tomorrow"]);
  expect(draft?.text.split("\n")).toEqual([
    "📣 This is how it looks. 2 chats will get it.",
    "Private: 2, groups: 0, channels: 0",
    "In Russian: 1, in English: 1",
    "Up to 29 a second, news first: in 0 sec at the soonest. Who has quiet hours gets it later.",
  ]);
  if (draft === undefined) return;
  const asked = await press(draft, "📣 Send…", operator);
  expect(asked.shows.text).toMatch(/Really send it\?$/);
  expect(await owed()).toEqual([]);
  await press(asked.shows, "‹ Back", operator);
  expect(await states()).toEqual(["draft"]);
  await press(await world.last(operator), "📣 Send…", operator);
  const sending = await press(world.last(operator), "📣 Yes, send it", operator);
  expect(sending.shows.text).toBe("📣 Sending: 0 of 2");
  expect([await states(), await owed()]).toEqual([["sending"], [5, 6]]);

  const stopped = await press(sending.shows, "⏹ Stop", operator);
  expect(stopped.shows.text).toBe("⏹ Stopped: 0 of 2 arrived");
  const [, second] = await ask("/broadcast One for all", { from: operator });
  await press(stopped.shows, "▶️ Continue", operator);
  if (second === undefined) return;
  const busy = await press(second, "🧪 Dry run: all but sending", operator);
  expect(busy.toast).toMatch(/Another broadcast or dry run is going on/);
  expect(await states()).toEqual(["sending", "draft"]);
  const dropped = await press(second, "🗑 Throw away", operator);
  expect(dropped.shows.text).toMatch(/nobody has got anything/);
  expect(await states()).toEqual(["sending"]);
  await world.db.for("test").run(sql`INSERT INTO halts (part, since) VALUES ('delivery', 0)`);
  await press(sending.shows, "⏹ Stop", operator);
  const halted = await press(sending.shows, "▶️ Continue", operator);
  expect(halted.shows.text).toMatch(/Delivery is halted/);
  expect(world.failures).toEqual([]);
});

test("what cannot be announced is said to be so, and nobody but operators announces", async () => {
  await using world = await startAnnouncingWorld();
  const { telegram, operator, ask, press, states } = world;
  const one = async (text: string, from = operator) => (await ask(text, { from })).map((message) => message.text);
  expect(await one("/broadcast a\n---\nb\n---\nc")).toEqual([expect.stringMatching(/^One text for all is needed/)]);
  expect(await one("/broadcast ---\nonly English")).toEqual([expect.stringMatching(/^One text for all is needed/)]);
  const group = telegram.group({ members: [operator] });
  expect((await ask("/broadcast Hi", { from: operator, chat: group }))[0]?.text).toMatch(/in the private chat/);
  telegram.fault({
    when: ({ params }) => params.text === "odd",
    do: { kind: "error", code: 400, description: "Bad Request: can't parse entities" },
  });
  expect(await one("/broadcast odd")).toEqual([
    "Telegram does not take such a message: Bad Request: can't parse entities",
  ]);
  expect(await states()).toEqual([]);

  const fan = telegram.person({ languageCode: "en" });
  expect(await one("/broadcast Buy", fan)).toEqual([expect.stringMatching(/don’t know this command/)]);
  const [, draft] = await ask("/broadcast Hi", { from: operator });
  if (draft === undefined) throw new Error("no draft");
  await world.db.for("test").run(sql`DELETE FROM broadcasts`);
  const gone = await press(draft, "📣 Send…", operator);
  expect(gone.shows).toMatchObject({ text: "This announcement is not there any more.", buttons: [] });
  expect(world.failures).toEqual([]);
});

test("a text keeps its formatting on either side of the dashes, and loses what only its writer could send", () => {
  const text = "Жирный  текст\n—\n  see here ";
  const announcement = readAnnouncement({
    text,
    entities: [
      { type: "bold", offset: 0, length: 6 },
      { type: "custom_emoji", offset: 8, length: 2, custom_emoji_id: "1" },
      { type: "italic", offset: 8, length: 20 },
      { type: "text_link", offset: text.indexOf("here"), length: 4, url: "https://example.com" },
      { type: "url", offset: text.indexOf("see"), length: 3 },
    ],
  });
  expect(announcement).toEqual({
    ru: {
      text: "Жирный  текст",
      entities: [
        { type: "bold", offset: 0, length: 6 },
        { type: "italic", offset: 8, length: 5 },
      ],
    },
    en: {
      text: "see here",
      entities: [
        { type: "italic", offset: 0, length: 8 },
        { type: "text_link", offset: 4, length: 4, url: "https://example.com" },
      ],
    },
  });
  expect(readAnnouncement({ text: "a - b\n—\n- c", entities: [] })?.en.text).toBe("- c");
  expect(readAnnouncement({ text: " \n ", entities: [] })).toBeUndefined();
});

test("the screen tells what became of every chat", () => {
  const broadcast: Broadcast = {
    ...{ id: 3, state: "done", language: "ru", chatId: 1, messageId: 2 },
    ...{ chats: 1_234, sent: 1_200, failed: 10, skipped: 4, quiet: 20, tookMs: 65_000 },
  };
  const audience = { chats: 21, people: 20, groups: 1, channels: 0, russian: 21 };
  const shown = (state: Broadcast["state"], isAsking = false) => {
    const { html, keyboard } = broadcastScreen(texts, "ru", {
      ...{ broadcast: { ...broadcast, state }, audience, messagesPerSecond: 29, isAsking },
    });
    return [
      html,
      keyboard.inline_keyboard.flat().map((button) => ("callback_data" in button ? button.callback_data : "")),
    ];
  };
  expect(shown("done")).toEqual([
    "✅ Разослано: дошло 1\u00a0200 из 1\u00a0234\n🌙 Ждут конца тихих часов: 20\nНе принял Telegram: 10\nУшли или опоздали: 4",
    [],
  ]);
  expect(shown("draft", true)[1]).toEqual(["v1:ob:3:3", "v1:ob:3:0"]);
  expect(shown("rehearsed")[0]).toMatch(/^🧪 Репетиция прошла за 1 мин: [\s\S]*Получит 21 чат\./);
  expect(shown("stopped")[1]).toEqual(["v1:ob:3:5"]);
});
