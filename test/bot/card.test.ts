import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { look, tracked, wishes } from "../db/story.ts";
import { setChat, showButton, trackingSettings, visitor } from "./taps.ts";
import { type BotWorld, startBotWorld } from "./world.ts";

async function onCard(world: BotWorld, languageCode: "ru" | "en", id?: number) {
  const person = world.telegram.person({ languageCode, ...(id === undefined ? {} : { id }) });
  const ann = await tracked(world.db, person.id, "ann", wishes("abcdefghijklmnopqrstu"));
  const orm = world.db.for("test");
  const at = Date.parse("2026-01-05T12:00Z");
  await orm.run(sql`UPDATE user_streamers SET created_at = ${at} WHERE streamer_id = ${ann}`);
  const guest = visitor(world, person);
  await guest.say("/list");
  await guest.tap("1");
  return { person, ann, guest, orm };
}

test("a card tells at a glance what there is to know, in one statement, where the list was", async () => {
  await using world = await startBotWorld();
  const { ann, guest, person, orm } = await onCard(world, "ru");
  expect(guest.text).toBe(
    ["ann", "21 товар, слежу с 5 января 2026 г.", "Новостей пока не было", "", "🔔 Поводы написать: новое"].join("\n"),
  );
  expect(guest.labels).toEqual([
    "Открыть",
    "Вишлист",
    "История",
    "🔕 Молчать",
    "🔎 Фильтры",
    "🏷 Поводы и цены",
    "Не следить",
    "‹ Назад",
  ]);
  expect(guest.message.buttons[0]?.[0]?.url).toBe("https://fetta.app/u/ann");
  expect(guest.message.linkPreview).toEqual({ is_disabled: true });
  expect(world.telegram.messages(person).filter(({ fromBot }) => fromBot)).toHaveLength(1);
  await look(world.db, ann, wishes("abcdefghijklmnopqrstuvw"));
  await orm.run(sql`UPDATE streamers SET failures = 4, failing_since = ${Date.parse("2026-02-03T12:00Z")}`);
  await guest.tap("Назад");
  world.statements.length = 0;
  await guest.tap("1");
  expect(world.statements).toEqual(["card"]);
  expect(guest.text).toContain("\n23 товара, слежу с 5 января 2026 г.\nПоследняя новость: сегодня\n");
  expect(guest.text).toMatch(/⚠️ Вишлист не читается с 3 февраля/);
});

test("a tracking ends with one tap, and Undo in its place brings the card back as it was", async () => {
  await using world = await startBotWorld();
  const { ann, guest, person, orm } = await onCard(world, "en");
  await orm.run(sql`UPDATE user_streamers SET settings = '{"maxPrice":50000}'`);
  const before = await orm.all(sql`SELECT * FROM user_streamers`);
  await guest.tap("Untrack");
  expect(guest.text).toBe("No longer tracking ann.");
  expect(guest.labels).toEqual(["↩️ Undo", "‹ Back"]);
  expect(await trackingSettings(world, person, ann)).toBeUndefined();
  expect(await guest.tap("Undo")).toBe("Tracked again, as before.");
  expect(guest.text).toContain("💰 Price: up to RUB 500");
  expect(await orm.all(sql`SELECT * FROM user_streamers`)).toEqual(before);
  await guest.tap("Untrack", "Back");
  expect(guest.text).toMatch(/^You are not following anyone yet/);
});

test("two people at the same buttons: the second press does no harm", async () => {
  await using world = await startBotWorld();
  const [boss, other] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "en" })];
  const group = world.telegram.group({ administrators: [boss, other], supergroup: true });
  const ann = await tracked(world.db, group.id, "ann", wishes("a"));
  const [one, two] = [visitor(world, boss, group), visitor(world, other, group)];
  await one.say("/list");
  await one.tap("1");
  const message = one.message;
  const untrack = message.buttons.flat().find(({ text }) => text === "Untrack")?.data ?? "";
  world.telegram.press(message, "Untrack", boss);
  world.telegram.press(message, { data: untrack }, other);
  await world.telegram.idle();
  expect(await trackingSettings(world, group, ann)).toBeUndefined();
  two.at(message);
  expect(world.telegram.callbackAnswers).toHaveLength(3);
  one.at(world.last(group));
  if (one.labels.includes("↩️ Undo")) await one.tap("Undo");
  expect(world.failures).toEqual([]);
});

test("operators set the priority from the card; for others there is no such button, nor does a forged press work", async () => {
  await using world = await startBotWorld({ adminIds: [777] });
  const { ann, guest, orm } = await onCard(world, "en", 777);
  const priority = async () => await orm.all(sql`SELECT priority FROM streamers WHERE id = ${ann}`);
  expect(guest.text).toContain("⭐ Priority: normal");
  await guest.tap("⭐ Priority", "VIP");
  expect(guest.text).toContain("⭐ Priority: VIP");
  expect(await priority()).toEqual([{ priority: 10 }]);
  await guest.tap("⭐ Priority", "high");
  expect(await priority()).toEqual([{ priority: 3 }]);

  const mia = world.telegram.person({ languageCode: "en" });
  await tracked(world.db, mia.id, "bob", wishes("a"));
  await world.ask("/track ann", { from: mia });
  const forger = visitor(world, mia);
  await forger.say("/list");
  await forger.tap("1");
  expect(forger.labels).not.toContain("⭐ Priority");
  forger.at(await showButton(world, mia, `v1:p:${ann}:0:2`));
  expect(await forger.tap("there")).toBe("This button no longer works. Your list: /list");
  expect(await priority()).toEqual([{ priority: 3 }]);
});

test("a card that an operator opened in a group does not lend the priority to others", async () => {
  await using world = await startBotWorld({ adminIds: [777] });
  const [operator, boss] = [
    world.telegram.person({ id: 777, languageCode: "en" }),
    world.telegram.person({ languageCode: "en" }),
  ];
  const group = world.telegram.group({ administrators: [boss], members: [operator], supergroup: true });
  await tracked(world.db, group.id, "ann", wishes("a"));
  const [one, two] = [visitor(world, operator, group), visitor(world, boss, group)];
  await one.say("/list");
  await one.tap("1");
  two.at(one.message);
  expect(await two.tap("⭐ Priority")).toMatch(/no longer works/);
});

test("in a forum a card says whether its news comes to this topic, and one tap brings it here", async () => {
  await using world = await startBotWorld({ privacy: false });
  const boss = world.telegram.person({ languageCode: "en" });
  const forum = world.telegram.group({ administrators: [boss], supergroup: true, forum: true });
  const topic = world.telegram.topic(forum, "Wishes");
  const ann = await tracked(world.db, forum.id, "ann", wishes("a"));
  const guest = visitor(world, boss, forum);
  await guest.say("/list", { threadId: topic });
  await guest.tap("1");
  expect(guest.text).toContain("📌 News comes to another topic");
  expect(await guest.tap("Write to this topic")).toBe("News comes to this topic from now on.");
  expect(guest.text).toContain("📌 News comes to this topic");
  expect(guest.labels).not.toContain("📌 Write to this topic");
  const orm = world.db.for("test");
  expect(await orm.all(sql`SELECT thread_id AS thread FROM user_streamers WHERE streamer_id = ${ann}`)).toEqual([
    { thread: topic },
  ]);
});

test("from the private chat an administrator sees a group's list and cards, under its name, and changes them", async () => {
  await using world = await startBotWorld();
  const boss = world.telegram.person({ languageCode: "ru" });
  const group = world.telegram.group({ administrators: [boss], supergroup: true, title: "Совы & <Ко>" });
  const ann = await tracked(world.db, group.id, "ann", wishes("a"));
  await world.db.for("test").run(sql`UPDATE users SET title = ${group.title} WHERE id = ${group.id}`);
  const guest = visitor(world, boss);
  guest.at(await showButton(world, boss, `v1:l@${group.id}:0`));
  world.statements.length = 0;
  await guest.tap("there");
  expect(guest.text).toMatch(/^💬 Совы & <Ко>\nВы следите за 1 стримером:/);
  expect(guest.labels).toEqual(["1", "‹ Назад"]);
  await guest.tap("1");
  expect(world.statements).toEqual(["list_trackings", "chat_settings", "card", "chat_settings"]);
  expect(guest.text).toMatch(/^💬 Совы & <Ко>\nann\n/);
  await guest.tap("Молчать", "24 часа");
  expect(guest.text).toMatch(/^💬 Совы & <Ко>\nann\n[\s\S]*🔕 Молчу до/);
  expect((await trackingSettings(world, group, ann))?.mutedUntil).toBeGreaterThan(0);
  await guest.tap("Фильтры", "Цена до");
  expect(await guest.reply("1к")).toMatch(/^💬 Совы & <Ко>\n🔎 ann: фильтры\n💰 Цена: до 1 000 ₽$/);
  expect((await trackingSettings(world, group, ann))?.maxPrice).toBe(100_000);
  const member = visitor(world, world.telegram.person({ languageCode: "ru" }));
  for (const data of [`v1:l@${group.id}:0`, `v1:c@${group.id}:${ann}`, `v1:s@${group.id}:18:1`]) {
    member.at(await showButton(world, member.person, data));
    expect(await member.tap("there")).toMatch(/только администраторы/);
    expect(member.text).toBe("Chats");
  }
});

test("a chat's language is that of its cards and toasts, whoever presses", async () => {
  await using world = await startBotWorld();
  const { person, guest } = await onCard(world, "ru");
  await setChat(world, person, { language: "en" });
  await guest.tap("Назад");
  expect(guest.text).toMatch(/^You follow 1 streamer:/);
  await world.db.for("test").run(sql`DELETE FROM user_streamers`);
  expect(await guest.tap("1")).toBe("This one is no longer on your list.");
  expect(await guest.say("/dance")).toMatch(/^I don’t know this command/);
});
