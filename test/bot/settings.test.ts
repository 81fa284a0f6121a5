import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { tracked, wishes } from "../db/story.ts";
import { chatSettings, setChat, showButton, trackingSettings, visitor } from "./taps.ts";
import { type BotWorld, startBotWorld } from "./world.ts";

async function person(world: BotWorld, languageCode: "ru" | "en" = "en") {
  const person = world.telegram.person({ languageCode });
  return { person, guest: visitor(world, person) };
}

async function onNotify(world: BotWorld) {
  const { person: mia, guest } = await person(world);
  const ann = await tracked(world.db, mia.id, "ann", wishes("a"));
  await guest.say("/list");
  await guest.tap("1", "News & prices");
  return { mia, guest, ann };
}

test("/settings shows all that holds at a glance, and a chat that was not known is known from its first change on", async () => {
  await using world = await startBotWorld();
  const { person: olya, guest } = await person(world, "ru");
  expect(await guest.say("/settings")).toBe(
    [
      "⚙️ Настройки",
      "",
      "🌐 Язык: как у вас в Telegram",
      "🔔 Поводы написать: новое",
      "🌙 Тихие часы: нет",
      "🗞 Сводка: нет, пишу сразу",
      "🕐 Часовой пояс: Москва, UTC+3",
    ].join("\n"),
  );
  expect(await chatSettings(world, olya)).toBeUndefined();
  await guest.tap("О чём писать", "Дешевле", "10 %", "Назад", "Исчезло", "Назад");
  await guest.tap("Тихие часы", "22:00–8:00", "без звука", "Назад");
  await guest.tap("Сводка", "21:00", "Назад", "Часовой пояс", "›", "Алматы");
  expect(guest.text).toBe(
    [
      "⚙️ Настройки",
      "",
      "🌐 Язык: как у вас в Telegram",
      "🔔 Поводы написать: новое, дешевле на 10 % и больше, исчезло",
      "🌙 Тихие часы: 22:00–8:00, новости приходят без звука",
      "🗞 Сводка: раз в день, в 21:00",
      "🕐 Часовой пояс: Алматы, UTC+5",
    ].join("\n"),
  );
  expect(await chatSettings(world, olya)).toEqual({
    notify: { dropPercent: 10, gone: true },
    quiet: { from: 1_320, to: 480, silent: true },
    digestAt: 1_260,
    timeZone: "Asia/Almaty",
  });
  await guest.tap("Тихие часы", "Без тихих часов", "Назад", "Сводка", "Писать сразу", "Назад");
  await guest.tap("О чём писать", "Исчезло", "Дешевле", "нет", "Назад", "Новое");
  expect(guest.text).toMatch(/Поводы написать: никаких$/);
  expect(await chatSettings(world, olya)).toEqual({ notify: { added: false }, timeZone: "Asia/Almaty" });
  expect(world.telegram.messages(olya).filter(({ fromBot }) => fromBot)).toHaveLength(1);
});

test("the language that a chat chooses holds at once and everywhere; automatic is each speaker's own", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await guest.say("/settings");
  await guest.tap("Language", "русский");
  expect(guest.text).toBe("🌐 На каком языке писать?");
  expect(guest.labels).toContain("✅ русский");
  expect(await guest.say("hello")).toMatch(/^Я понимаю ссылки/);
  expect(await guest.say("/lang en")).toBe("🌐 Language: English");
  expect(await chatSettings(world, mia)).toEqual({ language: "en" });
  expect(await guest.say("/lang AUTO")).toBe("🌐 Language: as in your Telegram");
  expect(await chatSettings(world, mia)).toEqual({});
  expect(await guest.say("/lang klingon")).toBe("🌐 Which language shall I write in?");
  await guest.tap("Back");
  expect(guest.text).toMatch(/^⚙️ Settings/);
});

test("an answer to /track comes in the language that was chosen while the look was owed", async () => {
  await using world = await startBotWorld();
  const { person: olya } = await person(world, "ru");
  await world.ask("/track nobody", { from: olya });
  await setChat(world, olya, { language: "en" });
  const { staleLookupMessages } = await import("../../src/db/lookups.ts");
  const orm = world.db.for("test");
  await orm.run(sql`UPDATE lookups SET outcome = 'not_found', done = 1`);
  expect(await staleLookupMessages(orm, 5)).toMatchObject([{ language: "en" }]);
});

test("hours of one's own are asked for, explained again after nonsense, and may be answered twice", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await guest.say("/settings");
  await guest.tap("Quiet hours", "Other hours");
  const question = world.last(mia);
  expect(question.forceReply).toEqual({ placeholder: "23:30-8:15", selective: true });
  for (const nonsense of ["at night", "25-99", "8-8", "🌙"]) {
    expect(await guest.reply(nonsense)).toMatch(/^I did not understand that\.\nFrom when to when/);
  }
  expect(await guest.reply("23:30-8:15")).toMatch(/^🌙 Quiet hours: 23:30–8:15\. News waits/);
  expect(guest.labels).toContain("✅ 23:30–8:15");
  expect(await guest.say("1-2", { replyTo: question })).toMatch(/^🌙 Quiet hours: 1:00–2:00/);
  expect(await guest.say("-", { replyTo: question })).toMatch(/^🌙 No quiet hours/);
  await guest.tap("Back", "Digest", "Another time");
  expect(await guest.reply("late")).toMatch(/^I did not understand/);
  expect(await guest.reply("19:30")).toBe("🗞 All news comes once a day, at 19:30.");
  await guest.tap("Write at once");
  expect(await chatSettings(world, mia)).toEqual({});
});

test("a picture or a sticker in answer to a question gets the question again; a command is a command", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await guest.say("/settings");
  await guest.tap("What to tell", "Price up to");
  const question = world.last(mia);
  await world.bot.handleUpdate({
    update_id: 9,
    message: {
      ...{ message_id: 900, date: 0, photo: [], chat: { id: mia.id, type: "private", first_name: "Mia" } },
      from: { id: mia.id, is_bot: false, first_name: "Mia", language_code: "en" },
      reply_to_message: {
        ...{ message_id: question.id, date: 0, reply_to_message: undefined, entities: question.entities as never },
        ...{ chat: { id: mia.id, type: "private", first_name: "Mia" }, from: world.bot.botInfo, text: question.text },
      },
    },
  });
  expect(world.failures).toEqual([]);
  expect(world.last(mia).text).toMatch(/I did not understand that\./);
  expect(await guest.reply("/settings")).toMatch(/^⚙️ Settings/);
  expect(await guest.say("1 500 ₽", { replyTo: question })).toMatch(/prices that fall to RUB 1,500 or below$/);
  expect(await chatSettings(world, mia)).toEqual({ notify: { priceBelow: 150_000 } });
});

test("what was held back is decided anew when quiet hours, digest or zone change, and only then", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await guest.say("/lang en");
  const orm = world.db.for("test");
  const held = async () => {
    const [row] = await orm.all<{ held: number }>(
      sql`SELECT held_until > unixepoch() * 1000 + 60000 AS held FROM users`,
    );
    await orm.run(sql`UPDATE users SET held_until = unixepoch() * 1000 + 3600000`);
    return row?.held === 1;
  };
  await held();
  await guest.say("/settings");
  await guest.tap("Quiet hours", "23:00–9:00");
  expect(await held()).toBe(false);
  await guest.tap("Send at once");
  expect(await held()).toBe(false);
  await guest.tap("Back", "Digest", "9:00");
  expect(await held()).toBe(false);
  await guest.tap("Back", "Time zone", "Samara");
  expect(await held()).toBe(false);
  await guest.tap("Language", "русский");
  expect(await held()).toBe(true);
  expect(mia.id).toBeGreaterThan(0);
});

test("what is told of one streamer begins as for all, goes its own way, and can go back", async () => {
  await using world = await startBotWorld();
  const { mia, guest, ann } = await onNotify(world);
  await setChat(world, mia, { notify: { available: true, dropPercent: 20 } });
  await guest.tap("Back", "News & prices");
  expect(guest.text).toBe(
    "🏷 ann: as for all\nI write about: what is new, price drops of 20% and more, what is available again",
  );
  await guest.tap("Gone");
  expect(guest.text).toMatch(/^🏷 ann: a choice of its own\n/);
  expect(await trackingSettings(world, mia, ann)).toEqual({ notify: { available: true, dropPercent: 20, gone: true } });
  await guest.tap("Price drops", "no", "Back");
  expect(await trackingSettings(world, mia, ann)).toEqual({ notify: { available: true, gone: true } });
  expect(guest.text).toBe(
    "🏷 ann: a choice of its own\nI write about: what is new, what is available again, what is gone",
  );
  await guest.tap("As for all");
  expect(await trackingSettings(world, mia, ann)).toEqual({});
  expect(guest.text).toMatch(/^🏷 ann: as for all\n/);
});

test("off for one streamer is off, also where the chat says otherwise", async () => {
  await using world = await startBotWorld();
  const { mia, guest, ann } = await onNotify(world);
  await setChat(world, mia, { notify: { dropPercent: 20 } });
  await guest.tap("Price drops", "no");
  expect(await trackingSettings(world, mia, ann)).toEqual({ notify: {} });
  await guest.tap("Back", "Back");
  expect(guest.text).toMatch(/I write about: what is new$/m);
});

test("price alerts take a percentage and a price in words, and a dash takes them back", async () => {
  await using world = await startBotWorld();
  const { mia, guest, ann } = await onNotify(world);
  await guest.tap("Price drops", "Another percentage");
  expect(await guest.reply("150")).toMatch(/^I did not understand that\.\nFrom how many percent on\?/);
  expect(await guest.reply("15 %")).toMatch(/price drops of 15% and more$/);
  await guest.tap("Price up to");
  expect(await guest.reply("free")).toMatch(/^I did not understand that\.\nWhich price in rubles/);
  expect(await guest.reply("1.5к")).toMatch(/prices that fall to RUB 1,500 or below$/);
  expect(await trackingSettings(world, mia, ann)).toEqual({ notify: { dropPercent: 15, priceBelow: 150_000 } });
  await guest.tap("Price up to: RUB 1,500");
  expect(world.last(mia).text).toContain("Now: RUB");
  await guest.reply("-");
  expect(await trackingSettings(world, mia, ann)).toEqual({ notify: { dropPercent: 15 } });
});

test("filters are words and prices; what cannot be is explained, and all of them go with one button", async () => {
  await using world = await startBotWorld();
  const { person: olya, guest } = await person(world, "ru");
  const ann = await tracked(world.db, olya.id, "ann", wishes("a"));
  await guest.say("/list");
  await guest.tap("1", "Фильтры");
  expect(guest.text).toBe("🔎 ann: фильтры\nПишу обо всём. Фильтры оставят только то, что вам интересно.");
  await guest.tap("Только со словами");
  const question = world.last(olya);
  expect(await guest.reply("…")).toMatch(/^Не получилось разобрать ответ\./);
  const many = Array.from({ length: 21 }, (_, n) => `слово${n}`).join(", ");
  expect(await guest.reply(many)).toMatch(/^Это больше, чем 20 слов\.\nКакие слова/);
  expect(await guest.reply("а".repeat(51))).toMatch(/^Одно из слов длиннее, чем 50 букв\./);
  expect(await guest.reply("Мышь, КЛАВИАТУРА <b>\nмышь")).toBe(
    "🔎 ann: фильтры\n🔎 Только со словами: мышь, клавиатура <b>",
  );
  await guest.tap("Без слов");
  await guest.reply("стикер");
  await guest.tap("Цена от");
  await guest.reply("1 500");
  await guest.tap("Цена до");
  expect(await guest.reply("500")).toMatch(/^Так ничего не останется: цена «от» выше цены «до»\.\nДо какой цены/);
  await guest.reply("10к");
  expect(await trackingSettings(world, olya, ann)).toEqual({
    ...{ include: ["мышь", "клавиатура <b>"], exclude: ["стикер"] },
    ...{ minPrice: 150_000, maxPrice: 1_000_000 },
  });
  await guest.tap("Назад");
  expect(guest.text).toContain(
    "🔎 Только со словами: мышь, клавиатура <b>\n🚫 Без слов: стикер\n💰 Цена: от 1 500 ₽ до 10 000 ₽",
  );
  await guest.say("-", { replyTo: question });
  expect(guest.text).not.toContain("мышь");
  await guest.tap("Убрать все фильтры");
  expect(await trackingSettings(world, olya, ann)).toEqual({});
  await world.ask("/untrack ann", { from: olya });
  expect(await guest.say("мышь", { replyTo: question })).toBe("Этого стримера в списке уже нет.");
});

test("twenty of the longest words fit on the card and on every screen", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await tracked(world.db, mia.id, "ann", wishes("a"));
  await guest.say("/list");
  await guest.tap("1", "Filters");
  const words = Array.from({ length: 20 }, (_, n) => `${n}`.padStart(49, "<"));
  for (const button of ["Only with words", "Without words"]) {
    await guest.tap(button);
    await guest.reply(words.join("\n"));
    await guest.tap(button);
    expect(world.last(mia).text).toMatch(/Now: <<</);
  }
  await guest.tap("Back");
  expect(guest.text).toMatch(/Without the words: <<</);
  expect(world.failures).toEqual([]);
});

test("in a group administrators alone open the settings, and they alone let everybody change things", async () => {
  await using world = await startBotWorld();
  const [boss, member] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "en" })];
  const group = world.telegram.group({ administrators: [boss], members: [member], supergroup: true });
  const [one, two] = [visitor(world, boss, group), visitor(world, member, group)];
  expect(await two.say("/settings")).toMatch(/^Only administrators/);
  expect(await two.say("/lang ru")).toMatch(/^Only administrators/);
  expect(await one.say("/settings")).toContain("👥 Administrators may change the list and the settings");
  two.at(one.message);
  for (const button of ["Allow everybody", "Language", "Quiet hours"])
    expect(await two.tap(button)).toMatch(/^Only administrators/);
  await one.tap("Allow everybody");
  expect(await chatSettings(world, group)).toEqual({ everybody: true });
  two.at(one.message);
  expect(await two.tap("Administrators only")).toMatch(/^Only administrators/);
  await two.tap("Quiet hours", "22:00–8:00");
  expect(await chatSettings(world, group)).toEqual({ everybody: true, quiet: { from: 1_320, to: 480 } });
  await two.tap("Other hours");
  const question = world.last(group);
  expect(await two.reply("1-2")).toMatch(/^🌙 Quiet hours: 1:00–2:00/);
  one.at(two.message);
  await one.tap("Back", "Administrators only");
  expect(await chatSettings(world, group)).toEqual({ quiet: { from: 60, to: 120 } });
  expect(await two.say("3-4", { replyTo: question })).toMatch(/^Only administrators/);
});

test("in a forum everything can be brought to the topic that the settings are in", async () => {
  await using world = await startBotWorld({ privacy: false });
  const boss = world.telegram.person({ languageCode: "en" });
  const forum = world.telegram.group({ administrators: [boss], supergroup: true, forum: true });
  const topic = world.telegram.topic(forum, "Wishes");
  for (const name of ["ann", "bob"]) await tracked(world.db, forum.id, name, wishes("a"));
  await world.db.for("test").run(sql`UPDATE user_streamers SET thread_id = ${topic} WHERE streamer_id = 1`);
  const guest = visitor(world, boss, forum);
  expect(await guest.say("/settings", { threadId: topic })).toContain(
    "📌 News comes to several topics, this one among them",
  );
  expect(await guest.tap("Everything to this topic")).toBe("News comes to this topic from now on.");
  expect(guest.text).toContain("📌 News comes to this topic");
  expect(guest.labels).not.toContain("📌 Everything to this topic");
  expect(await world.db.for("test").all(sql`SELECT DISTINCT thread_id AS thread FROM user_streamers`)).toEqual([
    { thread: topic },
  ]);
  expect(await guest.say("/settings")).toContain("📌 News comes to other topics");
});

test("in a channel nothing is asked that nobody could answer", async () => {
  await using world = await startBotWorld();
  const boss = world.telegram.person({ languageCode: "ru" });
  const channel = world.telegram.channel({ administrators: [boss] });
  await tracked(world.db, channel.id, "ann", wishes("a"));
  const [settings] = await world.ask("/settings", { chat: channel });
  if (settings === undefined) throw new Error("no settings");
  const guest = visitor(world, boss, channel);
  guest.at(settings);
  await guest.tap("Тихие часы");
  expect(guest.labels).toEqual(["22:00–8:00", "23:00–9:00", "0:00–10:00", "‹ Назад"]);
  await guest.tap("22:00–8:00", "Назад", "О чём писать");
  expect(guest.labels.join()).not.toContain("Цена до");
  const [list] = await world.ask("/list", { chat: channel });
  if (list === undefined) throw new Error("no list");
  guest.at(list);
  await guest.tap("1", "Фильтры");
  expect(guest.text).toMatch(/задаются в личном чате со мной\.$/);
  expect(guest.labels).toEqual(["‹ Назад"]);
  expect(world.failures).toEqual([]);
});

test("a group's settings are changed from the private chat, questions and answers included", async () => {
  await using world = await startBotWorld();
  const boss = world.telegram.person({ languageCode: "en" });
  const group = world.telegram.group({ administrators: [boss], supergroup: true, title: "Owls" });
  await tracked(world.db, group.id, "ann", wishes("a"));
  await world.db.for("test").run(sql`UPDATE users SET title = 'Owls', type = 'supergroup' WHERE id = ${group.id}`);
  const guest = visitor(world, boss);
  guest.at(await showButton(world, boss, `v1:s@${group.id}:0`));
  await guest.tap("there");
  expect(guest.text).toMatch(/^💬 Owls\n⚙️ Settings/);
  expect(guest.labels).toContain("👥 Allow everybody");
  expect(guest.labels).toContain("‹ Back");
  await guest.tap("Allow everybody", "Quiet hours", "Other hours");
  expect(world.last(boss).text).toMatch(/💬 Owls\nFrom when to when/);
  expect(await guest.reply("1-2")).toMatch(/^💬 Owls\n🌙 Quiet hours: 1:00–2:00/);
  expect(await chatSettings(world, group)).toEqual({ everybody: true, quiet: { from: 60, to: 120 } });
  expect(await chatSettings(world, boss)).toBeUndefined();
  await guest.tap("Back", "Language", "русский");
  expect(guest.text, "the group's language is not that of the private chat").toMatch(/^💬 Owls\n🌐 Which language/);
});

test("a switch of hours that are gone, or of what was never offered, shows how things are, with a word", async () => {
  await using world = await startBotWorld();
  const { person: mia, guest } = await person(world);
  await guest.say("/settings");
  await guest.tap("Quiet hours", "22:00–8:00");
  await setChat(world, mia, { quiet: null });
  expect(await guest.tap("without a sound")).toBe("The settings have changed.");
  expect(guest.text).toMatch(/^🌙 No quiet hours/);
  for (const data of [
    "v1:s:14:99",
    "v1:s:10:-5",
    "v1:s:10:1441",
    "v1:s:15:1440",
    "v1:s:1:7",
    "v1:s:6:91",
    "v1:s:17:1",
  ]) {
    guest.at(await showButton(world, mia, data));
    expect(await guest.tap("there")).toBe("The settings have changed.");
  }
  expect(await chatSettings(world, mia)).toEqual({});
});
