import { GrammyError, HttpError } from "grammy";
import { expect, test, vi } from "vitest";
import type { FaultKind, Telegram } from "../../sandbox/telegram/telegram.ts";
import { ask, refusal, sandbox, updatesOf } from "./telegram-helpers.ts";

const onSends = (telegram: Telegram, kind: FaultKind, times = 1) =>
  telegram.fault({ when: ({ method }) => method === "sendMessage", times, do: kind });

test("a fault meets the requests it is meant for, as often as it was told, and can be taken away", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const bob = telegram.person();
  telegram.say("/start", { from: bob });
  const parameters = { retry_after: 7 };
  const remove = telegram.fault({
    when: ({ chatId, params }) => chatId === bob.id && params.text !== "urgent",
    do: { kind: "error", code: 429, description: "Too Many Requests: retry after 7", parameters },
  });
  await api.sendMessage(chat_id, "fine");
  await api.sendMessage(bob.id, "urgent");
  const error = await api.sendMessage(bob.id, "no").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(GrammyError);
  expect(error).toMatchObject({ error_code: 429, parameters });
  remove();
  await api.sendMessage(bob.id, "yes");
  onSends(telegram, { kind: "error", code: 500, description: "Internal Server Error: restart" }, 2);
  const again = () => refusal(telegram, "sendMessage", { chat_id, text: "a" });
  expect([await again(), await again(), await again()]).toEqual([
    ...Array(2).fill("Internal Server Error: restart"),
    "ok",
  ]);
  expect(telegram.messages(bob).map(({ text }) => text)).toEqual(["/start", "urgent", "yes"]);
  expect(telegram.messages(ann).map(({ text }) => text)).toEqual(["/start", "fine", "a"]);
});

test.each<[FaultKind, string[], number]>([
  [{ kind: "html", status: 502 }, ["/start"], 502],
  [{ kind: "reset" }, ["/start"], 0],
  [{ kind: "cut" }, ["/start", "hi"], 200],
  [{ kind: "body", body: "" }, ["/start", "hi"], 200],
  [{ kind: "accept-then-reset" }, ["/start", "hi"], 0],
])("after $kind the bot knows nothing, and the chat shows whether it was done", async (kind, shown, code) => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  onSends(telegram, kind);
  await expect(api.sendMessage(chat_id, "hi")).rejects.toBeInstanceOf(HttpError);
  expect(telegram.messages(ann).map(({ text }) => text)).toEqual(shown);
  expect(telegram.calls.at(-1)).toMatchObject({ method: "sendMessage", chatId: ann.id, code });
});

test("an answer can be late, or never come until the bot gives up", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  await updatesOf(telegram);
  onSends(telegram, { kind: "delay", ms: 50 });
  const started = performance.now();
  await api.sendMessage(chat_id, "late");
  expect(performance.now() - started).toBeGreaterThan(45);
  onSends(telegram, { kind: "hang" });
  const patience = new AbortController();
  const hung = fetch(`${telegram.url}/bot${telegram.token}/sendMessage?chat_id=${chat_id}&text=hung`, patience);
  await vi.waitUntil(() => telegram.calls.at(-1)?.params.text === "hung");
  await expect(telegram.idle(20)).rejects.toThrow("requests under way");
  patience.abort();
  await expect(hung).rejects.toThrow();
  await telegram.idle();
  expect(telegram.messages(ann).at(-1)?.text).toBe("late");
});

test("blocking refuses the bot and is told to it; so is coming back", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const sent = await api.sendMessage(chat_id, "before");
  await updatesOf(telegram);
  telegram.block(ann);
  const blocked = "Forbidden: bot was blocked by the user";
  expect(await ask(telegram, "sendMessage", { chat_id, text: "a" })).toEqual({
    ok: false,
    error_code: 403,
    description: blocked,
  });
  expect(await refusal(telegram, "editMessageText", { chat_id, message_id: sent.message_id, text: "a" })).toBe(blocked);
  expect(() => telegram.say("hi", { from: ann })).toThrow("blocked");
  telegram.unblock(ann);
  expect(await refusal(telegram, "sendMessage", { chat_id, text: "a" })).toBe("ok");
  const [left, back] = await updatesOf(telegram);
  expect(left?.my_chat_member).toMatchObject({
    chat: { id: ann.id, type: "private" },
    from: { id: ann.id },
    old_chat_member: { status: "member", user: { id: 42, is_bot: true } },
    new_chat_member: { status: "kicked" },
  });
  expect(back?.my_chat_member).toMatchObject({
    old_chat_member: { status: "kicked" },
    new_chat_member: { status: "member" },
  });
  telegram.deactivate(ann);
  expect(await refusal(telegram, "sendMessage", { chat_id, text: "a" })).toBe("Forbidden: user is deactivated");
});

test.each([
  ["group", {}, "group"],
  ["supergroup", { supergroup: true }, "supergroup"],
  ["channel", undefined, "channel"],
])("a %s that throws the bot out refuses it until it is invited again", async (_, options, kind) => {
  await using place = await sandbox();
  const { telegram } = place;
  await updatesOf(telegram);
  const chat = options === undefined ? telegram.channel() : telegram.group(options);
  const send = () => refusal(telegram, "sendMessage", { chat_id: chat.id, text: "a" });
  telegram.kick(chat);
  expect(await send()).toBe(`Forbidden: bot was kicked from the ${kind} chat`);
  telegram.kick(chat, "left");
  expect(await send()).toBe(`Forbidden: bot is not a member of the ${kind} chat`);
  telegram.add(chat);
  expect(await send()).toBe("ok");
  const statuses = (await updatesOf(telegram)).flatMap((one) => one.my_chat_member?.new_chat_member.status ?? []);
  expect(statuses).toEqual(["kicked", "left", kind === "channel" ? "administrator" : "member"]);
});

test("a group that became a supergroup says where it went, in the error and in messages", async () => {
  await using place = await sandbox();
  const { telegram, ann } = place;
  await updatesOf(telegram);
  const group = telegram.group({ title: "Fans", administrators: [ann] });
  const next = telegram.migrate(group);
  expect(next).toMatchObject({ type: "supergroup", title: "Fans" });
  expect(await ask(telegram, "sendMessage", { chat_id: group.id, text: "a" })).toEqual({
    ok: false,
    error_code: 400,
    description: "Bad Request: group chat was upgraded to a supergroup chat",
    parameters: { migrate_to_chat_id: next.id },
  });
  expect(await refusal(telegram, "sendMessage", { chat_id: next.id, text: "a" })).toBe("ok");
  const [there, here] = await updatesOf(telegram);
  expect(there?.message).toMatchObject({ chat: { id: group.id, type: "group" }, migrate_to_chat_id: next.id });
  expect(here?.message).toMatchObject({ chat: { id: next.id, type: "supergroup" }, migrate_from_chat_id: group.id });
});

test("closing ends long polls, hung requests and waits at once", async () => {
  const place = await sandbox();
  const { telegram, chat_id, ann } = place;
  await updatesOf(telegram);
  onSends(telegram, { kind: "hang" });
  onSends(telegram, { kind: "delay", ms: 60_000 });
  const gone = Promise.allSettled([
    ask(telegram, "getUpdates", { timeout: 30 }),
    ask(telegram, "sendMessage", { chat_id, text: "1" }),
    ask(telegram, "sendMessage", { chat_id, text: "2" }),
  ]);
  await vi.waitUntil(() => telegram.calls.length === 5);
  const waits = Promise.allSettled([telegram.until(ann, /never/, 60_000), telegram.idle(60_000)]);
  await telegram.close();
  await telegram.close();
  expect([...(await gone), ...(await waits)].map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
});
