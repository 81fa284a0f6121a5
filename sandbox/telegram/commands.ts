import type { BotCommand, BotCommandScope } from "grammy/types";
import { enterChat } from "./access.ts";
import type { Chats, Room } from "./chats.ts";
import { badRequest } from "./errors.ts";
import { fieldsOf, isObject, jsonOf, type Params, textOf } from "./fields.ts";
import type { Request } from "./methods.ts";
import type { CommandList, Person } from "./types.ts";

const mostCommands = 100;

/** The command menus, one for each scope and language. Names are checked as TDLib and Telegram's servers do. */
export function createCommands({ chats }: { chats: Chats }) {
  const lists = new Map<string, CommandList>();
  const keyOf = (scope: BotCommandScope, languageCode: string) => `${JSON.stringify(scope)} ${languageCode}`;

  function readPlace(params: Params) {
    const scope = readScope(params, chats);
    const languageCode = readLanguage(params);
    return { scope, languageCode, key: keyOf(scope, languageCode) };
  }

  return {
    lists: () => [...lists.values()],
    /** The first list there is, the narrowest scope first (core.telegram.org/bots/api#determining-list-of-commands). */
    menu(room: Room, { id, languageCode = "" }: Person): BotCommand[] {
      const keys = scopesOf(room, id).flatMap((scope) => [keyOf(scope, languageCode.slice(0, 2)), keyOf(scope, "")]);
      return keys.flatMap((key) => lists.get(key) ?? [])[0]?.commands ?? [];
    },
    methods: {
      setMyCommands({ params }: Request) {
        const commands = readCommands(params);
        const { scope, languageCode, key } = readPlace(params);
        commands.forEach(checkCommand);
        if (commands.length > mostCommands) throw badRequest("BOT_COMMANDS_TOO_MUCH");
        if (commands.some(({ command }) => !/^[a-z0-9_]+$/.test(command))) throw badRequest("BOT_COMMAND_INVALID");
        if (commands.length === 0) lists.delete(key);
        else lists.set(key, { scope, languageCode, commands });
        return true;
      },
      getMyCommands: ({ params }: Request) => lists.get(readPlace(params).key)?.commands ?? [],
      deleteMyCommands({ params }: Request) {
        lists.delete(readPlace(params).key);
        return true;
      },
    },
  };
}

function scopesOf({ id, type, roles }: Room, personId: number): BotCommandScope[] {
  if (type === "channel") return [];
  const chat = { type: "chat", chat_id: id } as const;
  if (type === "private") return [chat, { type: "all_private_chats" }, { type: "default" }];
  const isAdministrator = (roles.get(personId) ?? "member") !== "member";
  return [
    { type: "chat_member", chat_id: id, user_id: personId },
    ...(isAdministrator ? [{ type: "chat_administrators", chat_id: id } as const] : []),
    chat,
    ...(isAdministrator ? [{ type: "all_chat_administrators" } as const] : []),
    { type: "all_group_chats" },
    { type: "default" },
  ];
}

export function readLanguage(params: Params): string {
  const code = textOf(params, "language_code");
  if (code !== "" && !/^[a-z]{2}$/.test(code)) throw badRequest("invalid language code specified");
  return code;
}

function readCommands(params: Params): BotCommand[] {
  const value = jsonOf(params, "commands", "can't parse commands JSON object") ?? [];
  if (!Array.isArray(value)) throw badRequest("expected an Array of BotCommand");
  return value.map((command: unknown) => {
    if (!isObject(command)) throw badRequest("can't parse BotCommand: expected an Object");
    const fields = fieldsOf(command, "can't parse BotCommand");
    return {
      command: fields.text("command").trim().replace(/^\//, ""),
      description: fields.text("description").trim(),
    };
  });
}

function checkCommand({ command, description }: BotCommand) {
  if (command === "") throw badRequest("command must be non-empty");
  if (command.length > 32) throw badRequest("command length must not exceed 32");
  if (description === "") throw badRequest("command description must be non-empty");
  if ([...description].length > 256) throw badRequest("command description length must not exceed 256");
}

function readScope(params: Params, chats: Chats): BotCommandScope {
  const value = jsonOf(params, "scope", "can't parse BotCommandScope JSON object");
  if (value === undefined) return { type: "default" };
  const within = "can't parse BotCommandScope";
  if (!isObject(value)) throw badRequest(`${within}: BotCommandScope must be an Object`);
  const fields = fieldsOf(value, within);
  const type = fields.text("type");
  if (["default", "all_private_chats", "all_group_chats", "all_chat_administrators"].includes(type)) {
    return { type } as BotCommandScope;
  }
  if (type !== "chat" && type !== "chat_administrators" && type !== "chat_member") {
    throw fields.fault("Unsupported type specified");
  }
  const chatId = fields.text("chat_id");
  const userId = type === "chat_member" ? fields.integer("user_id") : 0;
  const room = enterChat(chats, { chat_id: chatId });
  if (room.type === "private" && type !== "chat") throw badRequest("can't use specified scope in private chats");
  if (room.type === "channel") throw badRequest("can't change commands in channel chats");
  return type === "chat_member" ? { type, chat_id: room.id, user_id: userId } : { type, chat_id: room.id };
}
