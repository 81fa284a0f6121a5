import { expect, test } from "vitest";
import { ask, refusal, sandbox } from "./telegram-helpers.ts";

const not = (chat_id: number | string) => ({ chat_id, text: "hi" });

test("a chat may be named by a number or a numeric string, and must exist and want the bot", async () => {
  await using place = await sandbox();
  const { telegram, chat_id } = place;
  const stranger = telegram.person();
  const left = telegram.group({ supergroup: true, bot: "left" });
  expect(await refusal(telegram, "sendMessage", not(String(chat_id)))).toBe("ok");
  expect(await refusal(telegram, "sendMessage", { text: "hi" })).toBe("Bad Request: chat_id is empty");
  expect(await refusal(telegram, "sendMessage", not(5))).toBe("Bad Request: chat not found");
  expect(await refusal(telegram, "sendMessage", not("@somewhere"))).toBe("Bad Request: chat not found");
  expect(await refusal(telegram, "sendMessage", not(stranger.id))).toBe(
    "Forbidden: bot can't initiate conversation with a user",
  );
  expect(await refusal(telegram, "sendMessage", not(left.id))).toBe(
    "Forbidden: bot is not a member of the supergroup chat",
  );
});

test("topics must exist and be open", async () => {
  await using place = await sandbox();
  const { telegram } = place;
  const forum = telegram.group({ forum: true });
  const thread = telegram.topic(forum, "News");
  const send = (message_thread_id: number) => ask(telegram, "sendMessage", { ...not(forum.id), message_thread_id });
  expect((await send(thread)).result).toMatchObject({ message_thread_id: thread, is_topic_message: true });
  expect((await send(thread + 100)).description).toBe("Bad Request: message thread not found");
  telegram.closeTopic(forum, thread);
  expect((await send(thread)).description).toBe("Bad Request: TOPIC_CLOSED");
  telegram.deleteTopic(forum, thread);
  expect((await send(thread)).description).toBe("Bad Request: message thread not found");
});

test("an edit changes the bot's own message, and takes the keyboard away unless it brings one", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const reply_markup = { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] };
  const { message_id } = await api.sendMessage(chat_id, "one", { reply_markup });
  await api.editMessageText(chat_id, message_id, "<b>two</b>", { parse_mode: "HTML", reply_markup });
  expect(telegram.messages(ann).at(-1)).toMatchObject({
    id: message_id,
    text: "two",
    buttons: [[{ text: "Go", data: "go" }]],
  });
  expect(telegram.messages(ann).at(-1)?.editedAt).toBeTypeOf("number");
  await api.editMessageText(chat_id, message_id, "three");
  expect(telegram.messages(ann).at(-1)).toMatchObject({ text: "three", buttons: [] });
  await api.editMessageReplyMarkup(chat_id, message_id, { reply_markup });
  expect(telegram.messages(ann).at(-1)).toMatchObject({ text: "three", buttons: [[{ text: "Go" }]] });
});

test("edits and deletions are refused with Telegram's words", async () => {
  let time = Date.UTC(2030, 0, 1);
  await using place = await sandbox({ now: () => time });
  const { telegram, chat_id, ann, api } = place;
  const sent = await api.sendMessage(chat_id, "same", { parse_mode: "HTML" });
  const edit = (params: object) =>
    refusal(telegram, "editMessageText", { chat_id, message_id: sent.message_id, ...params });
  const isSame =
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";
  expect(await edit({ text: "same " })).toBe(isSame);
  expect(await refusal(telegram, "editMessageReplyMarkup", { chat_id, message_id: sent.message_id })).toBe(isSame);
  expect(await edit({ text: "a", message_id: 999 })).toBe("Bad Request: message to edit not found");
  expect(await edit({ text: "a", message_id: telegram.messages(ann)[0]?.id })).toBe(
    "Bad Request: message can't be edited",
  );
  expect(await refusal(telegram, "editMessageText", { text: "a" })).toBe(
    "Bad Request: message identifier is not specified",
  );
  expect(await refusal(telegram, "editMessageCaption", { chat_id, message_id: sent.message_id, caption: "a" })).toBe(
    "Bad Request: there is no caption in the message to edit",
  );
  const drop = (message_id: number, chat = chat_id) =>
    refusal(telegram, "deleteMessage", { chat_id: chat, message_id });
  expect(await drop(999)).toBe("Bad Request: message to delete not found");
  const group = telegram.group();
  telegram.say("/help", { from: ann, chat: group });
  expect(await drop(telegram.messages(group)[0]?.id ?? 0, group.id)).toBe("Bad Request: message can't be deleted");
  time += 49 * 3_600_000;
  expect(await drop(sent.message_id)).toBe("Bad Request: message can't be deleted");
  const late = await api.sendMessage(chat_id, "late");
  expect(await drop(late.message_id)).toBe("ok");
  expect(telegram.messages(ann).at(-1)?.text).toBe("same");
});

test("photos go by address, with captions of 1024", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const photo = "https://img.example/1.png";
  const send = (params: object) => refusal(telegram, "sendPhoto", { chat_id, ...params });
  expect(await send({})).toBe("Bad Request: there is no photo in the request");
  expect(await send({ photo: "nonsense" })).toBe("Bad Request: wrong file identifier/HTTP URL specified");
  expect(await send({ photo: "https://localhost/a" })).toBe("Bad Request: wrong HTTP URL specified");
  expect(await send({ photo, caption: "x".repeat(1025) })).toBe("Bad Request: message caption is too long");
  const sent = await api.sendPhoto(chat_id, photo, { caption: "<i>a</i>", parse_mode: "HTML" });
  expect(sent).toMatchObject({ caption: "a", caption_entities: [{ type: "italic", offset: 0, length: 1 }] });
  const { message_id } = sent;
  expect(await send({ photo: sent.photo[0]?.file_id })).toBe("ok");
  expect(await refusal(telegram, "editMessageText", { chat_id, message_id, text: "b" })).toBe(
    "Bad Request: there is no text in the message to edit",
  );
  expect(await refusal(telegram, "editMessageCaption", { chat_id, message_id, caption: "b" })).toBe("ok");
  expect(telegram.messages(ann).find(({ id }) => id === message_id)).toMatchObject({ photo, text: "b" });
});

test("flood control: a chat, a group and all together have their limits, and a refusal says when to come again", async () => {
  let time = Date.UTC(2030, 0, 1);
  await using place = await sandbox({ enforceLimits: true, now: () => time });
  const { telegram, ann, chat_id, api } = place;
  for (const text of ["1", "2", "3"]) await api.sendMessage(chat_id, text);
  const refused = await ask(telegram, "sendMessage", not(chat_id));
  expect(refused).toMatchObject({
    error_code: 429,
    description: "Too Many Requests: retry after 1",
    parameters: { retry_after: 1 },
  });
  const edit = { chat_id, message_id: telegram.messages(ann).at(-1)?.id, text: "3a" };
  expect(await refusal(telegram, "editMessageText", edit)).toBe("Too Many Requests: retry after 1");
  time += 1000;
  expect(await refusal(telegram, "editMessageText", edit)).toBe("ok");

  const group = telegram.group();
  time += 1000;
  for (let n = 0; n < 20; n++)
    expect(await refusal(telegram, "sendMessage", { chat_id: group.id, text: `${n}` })).toBe("ok");
  time += 10_000;
  expect(await refusal(telegram, "sendMessage", not(group.id))).toBe("Too Many Requests: retry after 50");
  time += 50_000;
  expect(await refusal(telegram, "sendMessage", not(group.id))).toBe("ok");

  time += 1000;
  const people = Array.from({ length: 31 }, () => telegram.person());
  for (const from of people) telegram.say("/start", { from });
  const answers = await Promise.all(people.map(({ id }) => refusal(telegram, "sendMessage", not(id))));
  expect(answers.filter((answer) => answer === "ok")).toHaveLength(30);
  expect(answers).toContain("Too Many Requests: retry after 1");
});

test("a request may come as a query, a form or multipart, and must carry the token and a method there is", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id } = place;
  const url = `${telegram.url}/bot${telegram.token}/SENDmessage`;
  const keyboard = JSON.stringify({ inline_keyboard: [[{ text: "b", callback_data: "x" }]] });
  const form = new FormData();
  form.set("chat_id", String(chat_id));
  form.set("text", "multipart");
  await fetch(`${url}?chat_id=${chat_id}&text=query`);
  await fetch(url, {
    method: "POST",
    body: new URLSearchParams({ chat_id: `${chat_id}`, text: "form", reply_markup: keyboard }),
  });
  await fetch(url, { method: "POST", body: form });
  expect(telegram.messages(ann).map(({ text }) => text)).toEqual(["/start", "query", "form", "multipart"]);
  expect(telegram.messages(ann)[2]?.buttons).toEqual([[{ text: "b", data: "x" }]]);

  expect(await ask(telegram, "getMe", {}, "42:other")).toEqual({
    ok: false,
    error_code: 401,
    description: "Unauthorized",
  });
  expect(await ask(telegram, "getNothing")).toEqual({ ok: false, error_code: 404, description: "Not Found" });
  expect(telegram.calls.map(({ method, code }) => [method, code])).toEqual(Array(3).fill(["sendMessage", 200]));
});

test("silence, previews and answers are kept with the message", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const first = telegram.messages(ann)[0]?.id ?? 0;
  await api.sendMessage(chat_id, "shh https://shop.example", {
    disable_notification: true,
    link_preview_options: { is_disabled: true },
    reply_parameters: { message_id: first },
  });
  expect(telegram.messages(ann).at(-1)).toMatchObject({
    silent: true,
    linkPreview: { is_disabled: true },
    replyTo: first,
  });
});
