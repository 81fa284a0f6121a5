import type { Chats } from "./chats.ts";
import { readLanguage } from "./commands.ts";
import { badRequest } from "./errors.ts";
import { fieldsOf, isObject, jsonOf, type Params, textOf } from "./fields.ts";
import { readLink } from "./links.ts";
import type { Request } from "./methods.ts";
import type { BotUser } from "./wire.ts";

/** What the bot says of itself: who it is, its descriptions by language ("" is every language), its menu button by chat (0: everywhere). */
export function createProfile({ bot, chats, privacy }: { bot: BotUser; chats: Chats; privacy: boolean }) {
  const descriptions: Record<string, string> = {};
  const shortDescriptions: Record<string, string> = {};
  const menuButtons: Record<number, Params> = {};

  function setText(kept: Record<string, string>, params: Params, name: string, longest: number) {
    const language = readLanguage(params);
    const text = textOf(params, name).trim();
    if ([...text].length > longest) throw badRequest(`${name.toUpperCase()}_TOO_LONG`);
    if (text === "") delete kept[language];
    else kept[language] = text;
    return true;
  }

  return {
    descriptions,
    shortDescriptions,
    menuButtons,
    methods: {
      getMe: () => ({
        ...bot,
        can_join_groups: true,
        can_read_all_group_messages: !privacy,
        supports_inline_queries: false,
        can_connect_to_business: false,
        has_main_web_app: false,
      }),
      setMyDescription: ({ params }: Request) => setText(descriptions, params, "description", 512),
      getMyDescription: ({ params }: Request) => ({ description: descriptions[readLanguage(params)] ?? "" }),
      setMyShortDescription: ({ params }: Request) => setText(shortDescriptions, params, "short_description", 120),
      getMyShortDescription: ({ params }: Request) => ({
        short_description: shortDescriptions[readLanguage(params)] ?? "",
      }),
      setChatMenuButton({ params }: Request) {
        const button = readMenuButton(params);
        menuButtons[readChat(params, chats)] = button;
        return true;
      },
      getChatMenuButton: ({ params }: Request) =>
        menuButtons[readChat(params, chats)] ?? menuButtons[0] ?? { type: "commands" },
    },
  };
}

/** Menu buttons belong to private chats; 0 is all of them. */
function readChat(params: Params, chats: Chats): number {
  const id = textOf(params, "chat_id");
  if (id === "") return 0;
  if (!chats.people.has(Number(id))) throw badRequest("user not found");
  return Number(id);
}

function readMenuButton(params: Params): Params {
  const value = jsonOf(params, "menu_button", "can't parse menu button JSON object");
  if (value === undefined) return { type: "default" };
  const within = "can't parse menu button";
  if (!isObject(value)) throw badRequest(`${within}: MenuButton must be an Object`);
  const fields = fieldsOf(value, within);
  const type = fields.text("type");
  if (type === "default" || type === "commands") return { type };
  if (type !== "web_app") throw fields.fault("MenuButton has unsupported type");
  const url = fieldsOf(fields.object("web_app"), within).text("url");
  const text = fields.text("text");
  if (text === "") throw badRequest("menu button text must be non-empty");
  const link = readLink(url);
  if ("fault" in link) throw badRequest(`menu button Web App URL '${url}' is invalid: ${link.fault}`);
  if (!url.startsWith("https:"))
    throw badRequest(`menu button Web App URL '${url}' is invalid: Only HTTPS links are allowed`);
  return { type, text, web_app: { url: link.url } };
}
