import { expect, test } from "vitest";
import { ask, refusal, sandbox } from "./telegram-helpers.ts";

test("command menus are kept by scope and language, and checked", async () => {
  await using place = await sandbox();
  const { telegram, chat_id, api } = place;
  const set = (commands: object[], more = {}) => refusal(telegram, "setMyCommands", { commands, ...more });
  const list = { command: "list", description: "What is watched" };
  const scope = { type: "chat" as const, chat_id };
  await api.setMyCommands([list]);
  await api.setMyCommands([{ command: "status", description: "Status" }], { scope, language_code: "ru" });
  expect(telegram.commands).toEqual([
    { scope: { type: "default" }, languageCode: "", commands: [list] },
    { scope, languageCode: "ru", commands: [{ command: "status", description: "Status" }] },
  ]);
  expect(await api.getMyCommands({ scope, language_code: "ru" })).toHaveLength(1);
  expect(await api.getMyCommands({ language_code: "ru" })).toEqual([]);
  await api.deleteMyCommands({ scope, language_code: "ru" });
  expect(telegram.commands).toHaveLength(1);

  expect(await set([{ command: "", description: "x" }])).toBe("Bad Request: command must be non-empty");
  expect(await set([{ command: "x", description: " " }])).toBe("Bad Request: command description must be non-empty");
  expect(await set([{ command: "x".repeat(33), description: "x" }])).toBe(
    "Bad Request: command length must not exceed 32",
  );
  expect(await set([{ command: "x", description: "x".repeat(257) }])).toBe(
    "Bad Request: command description length must not exceed 256",
  );
  expect(await set([{ command: "List", description: "x" }])).toBe("Bad Request: BOT_COMMAND_INVALID");
  expect(await set(Array(101).fill(list))).toBe("Bad Request: BOT_COMMANDS_TOO_MUCH");
  expect(await set([list], { language_code: "russian" })).toBe("Bad Request: invalid language code specified");
  expect(await set([list], { scope: { type: "odd" } })).toBe(
    "Bad Request: can't parse BotCommandScope: Unsupported type specified",
  );
  expect(await set([list], { scope: { type: "chat" } })).toBe(
    `Bad Request: can't parse BotCommandScope: Can't find field "chat_id"`,
  );
  expect(await set([list], { scope: { type: "chat_administrators", chat_id } })).toBe(
    "Bad Request: can't use specified scope in private chats",
  );
});

test("descriptions and the menu button are kept as set", async () => {
  await using place = await sandbox();
  const { telegram, chat_id, api } = place;
  await api.setMyDescription("Rings", { language_code: "en" });
  await api.setMyShortDescription("Bell");
  await api.setChatMenuButton({ chat_id, menu_button: { type: "commands" } });
  expect(telegram.descriptions).toEqual({ en: "Rings" });
  expect(telegram.shortDescriptions).toEqual({ "": "Bell" });
  expect(telegram.menuButtons).toEqual({ [chat_id]: { type: "commands" } });
  expect(await refusal(telegram, "setMyShortDescription", { short_description: "x".repeat(121) })).toContain(
    "TOO_LONG",
  );
  const button = { type: "web_app", text: "Open", web_app: { url: "http://app.example" } };
  expect(await refusal(telegram, "setChatMenuButton", { menu_button: button })).toBe(
    "Bad Request: menu button Web App URL 'http://app.example' is invalid: Only HTTPS links are allowed",
  );
});

test("members are told by their place in the chat", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const [boss, helper, fan] = [telegram.person(), telegram.person(), telegram.person()];
  const group = telegram.group({ administrators: [boss, helper], members: [fan], bot: "administrator" });
  const status = async (id: number) => (await api.getChatMember(group.id, id)).status;
  expect([await status(boss.id), await status(helper.id), await status(fan.id), await status(ann.id)]).toEqual([
    "creator",
    "administrator",
    "member",
    "left",
  ]);
  expect((await api.getChatAdministrators(group.id)).map(({ user }) => user.id)).toEqual([boss.id, helper.id, 42]);
  expect(await api.getChat(group.id)).toMatchObject({ id: group.id, title: group.title, type: "group" });
  expect(await refusal(telegram, "getChatMember", { chat_id: group.id, user_id: 7 })).toBe(
    "Bad Request: user not found",
  );
  expect(await refusal(telegram, "getChatMember", { chat_id: group.id })).toBe(
    "Bad Request: invalid user_id specified",
  );
  expect(await refusal(telegram, "getChatAdministrators", { chat_id })).toBe(
    "Bad Request: there are no administrators in the private chat",
  );
  await api.leaveChat(group.id);
  expect(await refusal(telegram, "sendMessage", { chat_id: group.id, text: "a" })).toBe(
    "Forbidden: bot is not a member of the group chat",
  );
  expect((await ask(telegram, "getMe")).result).toMatchObject({
    ...{ id: 42, is_bot: true, username: "WishbellTestBot" },
    ...{ can_join_groups: true, can_read_all_group_messages: false },
  });
  expect(await refusal(telegram, "sendChatAction", { chat_id, action: "juggling" })).toBe(
    "Bad Request: wrong parameter action in request",
  );
  expect(await api.sendChatAction(chat_id, "typing")).toBe(true);
});
