import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Update } from "grammy/types";
import { expect, test, vi } from "vitest";
import { ask, refusal, sandbox, updatesOf } from "./telegram-helpers.ts";

test("a message reaches the bot in Telegram's shape", async () => {
  await using place = await sandbox({ now: () => 1_900_000_000_500 });
  const { telegram, ann } = place;
  const [first] = await updatesOf(telegram);
  expect(first?.message).toEqual({
    message_id: 1,
    from: { id: ann.id, is_bot: false, first_name: "Ann", language_code: "en" },
    chat: { id: ann.id, first_name: "Ann", type: "private" },
    date: 1_900_000_000,
    text: "/start",
    entities: [{ type: "bot_command", offset: 0, length: 6 }],
  });
  expect(telegram.say("again", { from: ann })).toBe((first?.update_id ?? 0) + 1);
  telegram.say("better", { from: ann, edited: true });
  const [, edit] = await updatesOf(telegram);
  expect(edit?.edited_message).toMatchObject({ message_id: 2, text: "better", edit_date: 1_900_000_000 });
});

test("anonymous administrators, topics and channel posts look as they do on Telegram", async () => {
  await using place = await sandbox();
  const { telegram, ann } = place;
  await updatesOf(telegram);
  const forum = telegram.group({ forum: true, title: "Fans", administrators: [ann] });
  const channel = telegram.channel({ title: "Daily" });
  const threadId = telegram.topic(forum, "News");
  telegram.say("/list", { chat: forum, anonymous: true });
  telegram.say("/list", { chat: forum, from: ann, threadId });
  telegram.say("hello", { chat: channel });
  telegram.say("hello!", { chat: channel, edited: true });
  const [opened, anonymous, topic, post, edited] = await updatesOf(telegram);
  expect(opened?.message).toMatchObject({
    message_id: threadId,
    forum_topic_created: { name: "News" },
    is_topic_message: true,
  });
  expect(anonymous?.message).toMatchObject({
    from: { id: 1_087_968_824, is_bot: true, username: "GroupAnonymousBot" },
    sender_chat: { id: forum.id, title: "Fans", type: "supergroup", is_forum: true },
  });
  expect(topic?.message).toMatchObject({ message_thread_id: threadId, is_topic_message: true, from: { id: ann.id } });
  expect(topic?.message?.reply_to_message).toMatchObject({ message_id: threadId });
  expect(post?.channel_post).toMatchObject({ text: "hello", sender_chat: { id: channel.id, type: "channel" } });
  expect(post?.channel_post?.from).toBeUndefined();
  expect(edited?.edited_channel_post?.text).toBe("hello!");
});

test("privacy mode: in groups the bot hears its commands and answers to it; administrators hear all", async () => {
  await using place = await sandbox();
  const { telegram, ann, api } = place;
  const group = telegram.group({ members: [ann] });
  await updatesOf(telegram);
  const own = await api.sendMessage(group.id, "question?");
  const replyTo = telegram.messages(group).find(({ id }) => id === own.message_id);
  const said = (text: string, more = {}) => telegram.say(text, { from: ann, chat: group, ...more }) > 0;
  expect(said("chatter")).toBe(false);
  expect(said("/list@OtherBot")).toBe(false);
  expect(said("look: /list")).toBe(false);
  expect(said("/list")).toBe(true);
  expect(said("/list@wishbelltestbot now")).toBe(true);
  expect(said("answer", { replyTo })).toBe(true);
  const office = telegram.group({ bot: "administrator" });
  expect(telegram.say("chatter", { from: ann, chat: office })).toBeGreaterThan(0);
  expect((await updatesOf(telegram)).map((one) => one.message?.text)).toEqual([
    "/list",
    "/list@wishbelltestbot now",
    "answer",
    "chatter",
  ]);

  await using open = await sandbox({ privacy: false });
  expect(open.telegram.say("chatter", { from: open.ann, chat: open.telegram.group() })).toBeGreaterThan(0);
});

test("updates stay until their offset is passed, and only the kinds that were asked for come", async () => {
  await using place = await sandbox();
  const { telegram, ann, api } = place;
  telegram.say("two", { from: ann });
  const offset = (await api.getUpdates({ limit: 1 }))[0]?.update_id ?? 0;
  expect(await api.getUpdates({ offset })).toHaveLength(2);
  const rest = await api.getUpdates({ offset: offset + 1, allowed_updates: ["my_chat_member"] });
  expect(rest.map((one) => one.message?.text)).toEqual(["two"]);
  expect(telegram.pending()).toBe(1);
  expect(telegram.say("three", { from: ann })).toBe(0);
  telegram.block(ann);
  expect(await api.getUpdates({ offset: -1 })).toMatchObject([
    { my_chat_member: { new_chat_member: { status: "kicked" } } },
  ]);
});

test("a long poll is answered when something is said, and with nothing when its time is over", async () => {
  await using place = await sandbox();
  const { telegram, ann, api } = place;
  await updatesOf(telegram);
  expect(await api.getUpdates({ timeout: 1 })).toEqual([]);
  const poll = api.getUpdates({ timeout: 30 });
  await vi.waitUntil(() => telegram.calls.filter(({ params }) => params.timeout === 30).length === 1);
  telegram.say("one", { from: ann });
  telegram.say("two", { from: ann });
  expect((await poll).map((one) => one.message?.text)).toEqual(["one", "two"]);
});

test("of two pollers the older is told to stop, and so is every poller once there is a webhook", async () => {
  await using place = await sandbox();
  const { telegram } = place;
  await updatesOf(telegram);
  const first = ask(telegram, "getUpdates", { timeout: 30, limit: 1 });
  await vi.waitUntil(() => telegram.calls.some(({ params }) => params.limit === 1));
  const second = ask(telegram, "getUpdates", { timeout: 30, limit: 2 });
  expect(await first).toEqual({
    ok: false,
    error_code: 409,
    description: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
  });
  await ask(telegram, "setWebhook", { url: "http://127.0.0.1:1/webhook" });
  expect((await second).description).toBe("Conflict: terminated by setWebhook request");
  expect(await refusal(telegram, "getUpdates", {})).toBe(
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
  );
  await ask(telegram, "deleteWebhook");
  expect(await refusal(telegram, "getUpdates", {})).toBe("ok");
});

test("a webhook must be HTTPS away from loopback, with a decent secret", async () => {
  await using place = await sandbox();
  const { telegram } = place;
  const set = (params: object) => refusal(telegram, "setWebhook", params);
  expect(await set({ url: "http://bot.example/webhook" })).toBe(
    "Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
  );
  expect(await set({ url: "https://bot.example:8080/" })).toBe(
    "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
  );
  expect(await set({ url: "ftp://bot.example" })).toBe("Bad Request: invalid webhook URL specified");
  const url = "http://127.0.0.1:1/webhook";
  expect(await set({ url, secret_token: "with space" })).toBe(
    "Bad Request: secret token contains unallowed characters",
  );
  expect(await set({ url, secret_token: "x".repeat(257) })).toBe("Bad Request: secret token is too long");
  expect(await set({ url, secret_token: "s3cret_-" })).toBe("ok");
  expect(telegram.webhook()).toEqual({ url, secretToken: "s3cret_-" });
  await ask(telegram, "deleteWebhook", { drop_pending_updates: true });
  expect([telegram.webhook(), telegram.pending()]).toEqual([undefined, 0]);
});

test("a webhook gets each chat's updates in order with the secret, other chats meanwhile, and failures again", async () => {
  await using place = await sandbox({ webhook: { retryMs: 5, timeoutMs: 200 } });
  const { telegram, ann, api } = place;
  await updatesOf(telegram);
  const bob = telegram.person();
  const got: { text: string; secret: unknown; port: number | undefined }[] = [];
  const gate = Promise.withResolvers<void>();
  let failures = 2;
  await using hook = await serve(async (update, request) => {
    const text = update.message?.text ?? "";
    got.push({ text, secret: request.headers["x-telegram-bot-api-secret-token"], port: request.socket.remotePort });
    if (text === "a1" && failures-- > 0) return failures === 1 ? 500 : "hang";
    if (text === "a2") await gate.promise;
    return 200;
  });
  telegram.say("a1", { from: ann });
  await ask(telegram, "setWebhook", { url: hook.url, secret_token: "s3cret" });
  telegram.say("a2", { from: ann });
  telegram.say("a3", { from: ann });
  telegram.say("b1", { from: bob });
  telegram.say("b2", { from: bob });
  const texts = () => got.map(({ text }) => text);
  await vi.waitUntil(() => texts().includes("a2") && texts().includes("b2"));
  expect(texts().filter((text) => text.startsWith("a"))).toEqual(["a1", "a1", "a1", "a2"]);
  expect(await api.getWebhookInfo()).toMatchObject({
    url: hook.url,
    max_connections: 40,
    pending_update_count: 2,
  });
  gate.resolve();
  await telegram.idle();
  expect(texts().at(-1)).toBe("a3");
  expect(new Set(got.map(({ secret }) => secret))).toEqual(new Set(["s3cret"]));
  expect(new Set(got.map(({ port }) => port)).size).toBeLessThan(got.length);
  expect((await api.getWebhookInfo()).last_error_message).toBe("Read timeout expired");
});

test("no more connections are used than allowed, and setting the same webhook again disturbs nothing", async () => {
  await using place = await sandbox();
  const { telegram } = place;
  await updatesOf(telegram);
  let [now, most, count] = [0, 0, 0];
  const gate = Promise.withResolvers<void>();
  await using hook = await serve(async () => {
    count++;
    most = Math.max(most, ++now);
    await gate.promise;
    now--;
    return 200;
  });
  const params = { url: hook.url, max_connections: 2 };
  await ask(telegram, "setWebhook", params);
  for (let n = 0; n < 10; n++) telegram.say("/start", { from: telegram.person() });
  await vi.waitUntil(() => now === 2);
  await ask(telegram, "setWebhook", params);
  gate.resolve();
  await telegram.idle();
  expect([most, count]).toEqual([2, 10]);
});

test("a method in the answer to a webhook is performed", async () => {
  await using place = await sandbox();
  const { telegram, ann } = place;
  await using hook = await serve(async () => ({ method: "sendMessage", chat_id: ann.id, text: "from the answer" }));
  await ask(telegram, "setWebhook", { url: hook.url });
  expect((await telegram.until(ann, /from the answer/)).fromBot).toBe(true);
});

test("thousands of messages a second go through", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  await updatesOf(telegram);
  const started = performance.now();
  for (let n = 0; n < 2000; n++) telegram.say(`/track ${n}`, { from: ann });
  expect(await updatesOf(telegram)).toHaveLength(100);
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => api.sendMessage(chat_id, `<b>${round}</b> ${n}`, { parse_mode: "HTML" })),
    );
  }
  // Far from the point where a test would notice, whatever else this machine does: mostly grammY's own time.
  expect(performance.now() - started).toBeLessThan(10_000);
});

type Handler = (update: Update, request: http.IncomingMessage) => Promise<number | "hang" | object>;

/** A bot's webhook server. */
async function serve(handle: Handler) {
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const answer = await handle(JSON.parse(body), request);
    if (answer === "hang") return;
    if (typeof answer === "number") response.writeHead(answer).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("a carrier gets the updates instead of the bot, and nothing waits for it", async () => {
  const carried: object[] = [];
  await using place = await sandbox({ carrier: (update) => carried.push(update) });
  const { telegram, ann } = place;
  const id = telegram.say("/list", { from: ann });
  expect(carried).toMatchObject([{ message: { text: "/start" } }, { update_id: id, message: { text: "/list" } }]);
  expect(telegram.pending()).toBe(0);
  expect(await updatesOf(telegram)).toEqual([]);
});
