import { Bot, InlineKeyboard } from "grammy";
import { expect, test } from "vitest";
import { type Change, startTelegram, type Telegram } from "../../sandbox/telegram/telegram.ts";
import { refusal, sandbox, updatesOf } from "./telegram-helpers.ts";

/** A bot that counts, polling the sandbox. */
function countingBot(telegram: Telegram) {
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.url } });
  const keyboard = new InlineKeyboard().text("One more", "v1:more").url("Shop", "https://shop.example/");
  bot.command("count", (ctx) => ctx.reply("<b>0</b> so far", { parse_mode: "HTML", reply_markup: keyboard }));
  bot.callbackQuery("v1:more", async (ctx) => {
    await ctx.answerCallbackQuery({ text: "Counted", show_alert: true });
    await ctx.editMessageText(`${Number.parseInt(ctx.msg?.text ?? "", 10) + 1} so far`, { reply_markup: keyboard });
  });
  bot.on("callback_query:data", (ctx) => ctx.answerCallbackQuery("This button is old"));
  const polling = bot.start();
  return {
    async [Symbol.asyncDispose]() {
      await bot.stop();
      await polling;
    },
  };
}

test("a grammY bot converses with a person: command, answer, button, toast, edit", async () => {
  await using telegram = await startTelegram();
  await using _bot = countingBot(telegram);
  const ann = telegram.person();
  telegram.say("/count", { from: ann });
  const message = await telegram.until(ann, /0 so far/);
  expect(message.buttons).toEqual([
    [
      { text: "One more", data: "v1:more" },
      { text: "Shop", url: "https://shop.example/" },
    ],
  ]);
  telegram.press(message, "more", ann);
  expect((await telegram.until(ann, /1 so far/)).id).toBe(message.id);
  telegram.press(message, "One more", ann);
  await telegram.until(ann, (shown) => shown.text === "2 so far");
  telegram.press(message, { data: "../../etc" }, ann);
  await telegram.idle();
  expect(telegram.callbackAnswers).toMatchObject([
    ...Array(2).fill({ from: ann.id, text: "Counted", showAlert: true }),
    { text: "This button is old", showAlert: false },
  ]);
  expect(telegram.messages(ann).map(({ text, fromBot }) => [text, fromBot])).toEqual([
    ["/count", false],
    ["2 so far", true],
  ]);
  expect(() => telegram.press(message, "Shop", ann)).toThrow("opens https://shop.example/");
  expect(() => telegram.press(message, "Nothing", ann)).toThrow("it has: One more | Shop");
});

test("a press is answered once, in time, with a short text", async () => {
  let time = Date.UTC(2030, 0, 1);
  await using place = await sandbox({ now: () => time });
  const { telegram, ann, chat_id, api } = place;
  await api.sendMessage(chat_id, "a", { reply_markup: new InlineKeyboard().text("b", "x") });
  const message = await telegram.until(ann, /a/);
  await updatesOf(telegram);
  const tooOld = "Bad Request: query is too old and response timeout expired or query ID is invalid";
  const answer = async (params = {}) => {
    telegram.press(message, "b", ann);
    const callback_query = (await updatesOf(telegram))[0]?.callback_query;
    return {
      callback_query,
      ask: (more = params) =>
        refusal(telegram, "answerCallbackQuery", { callback_query_id: callback_query?.id, ...more }),
    };
  };
  const first = await answer();
  expect(first.callback_query).toMatchObject({
    from: { id: ann.id },
    data: "x",
    message: { text: "a", message_id: message.id },
  });
  expect(await first.ask({ text: "x".repeat(201) })).toBe("Bad Request: MESSAGE_TOO_LONG");
  expect(await first.ask()).toBe("ok");
  expect(await first.ask()).toBe(tooOld);
  const late = await answer();
  time += 16_000;
  expect(await late.ask()).toBe(tooOld);
  telegram.remove(message);
  telegram.press(message, { data: "x" }, ann);
  const [gone] = await updatesOf(telegram);
  expect(gone?.callback_query?.message).toEqual({
    chat: { id: ann.id, first_name: "Ann", type: "private" },
    message_id: message.id,
    date: 0,
  });
});

test("waiting in vain tells what the chat shows instead", async () => {
  await using place = await sandbox();
  await place.api.sendMessage(place.chat_id, "something else");
  await expect(place.telegram.until(place.ann, /start|never/, 10)).rejects.toThrow("bot 2: something else");
  await expect(place.telegram.until(place.ann, (message) => message.text === "/start")).resolves.toMatchObject({
    id: 1,
  });
  await expect(place.telegram.idle(10)).rejects.toThrow("updates to confirm");
});

test("everything that happens is told to listeners", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const seen: Change["kind"][] = [];
  const stop = telegram.onChange(({ kind }) => seen.push(kind));
  telegram.say("hi", { from: ann });
  await api.sendMessage(chat_id, "hello");
  stop();
  telegram.say("unheard", { from: ann });
  expect(seen.filter((kind) => kind !== "answered")).toEqual(["message", "updates", "call", "message"]);
});

test("every chat exists before anyone talks in it", async () => {
  await using telegram = await startTelegram({ token: "77:other", username: "OtherBot" });
  expect(telegram.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(() => telegram.say("hi", { from: { id: 5, firstName: "Nobody" } })).toThrow("no chat 5");
  expect(() => telegram.person({ id: telegram.person().id })).toThrow("already");
  expect(telegram.person({ id: 9, languageCode: "ru", firstName: "Ivo" })).toMatchObject({
    id: 9,
    languageCode: "ru",
    firstName: "Ivo",
  });
  expect(telegram.chats().map(({ type }) => type)).toEqual(["private", "private"]);
});
