import type { MessageEntity } from "grammy/types";
import { badRequest } from "./errors.ts";
import { fieldsOf, isObject, jsonOf, type Params } from "./fields.ts";
import { mentionedUser, readLink } from "./links.ts";

/** An entity while it is being put together. */
export type Draft = {
  type: MessageEntity["type"];
  offset: number;
  length: number;
  url?: string;
  language?: string;
  custom_emoji_id?: string;
  user?: { id: number; is_bot: boolean; first_name: string };
};

type Place = { offset: number; length: number };

/** Which of two entities on the same characters comes first (TDLib: get_type_priority); others 50. */
const priority: Partial<Record<MessageEntity["type"], number>> = {
  blockquote: 0,
  expandable_blockquote: 0,
  pre: 11,
  code: 20,
  text_link: 49,
  text_mention: 49,
  bold: 90,
  italic: 91,
  underline: 92,
  strikethrough: 93,
  spoiler: 94,
  custom_emoji: 99,
};
const rank = (entity: MessageEntity) => priority[entity.type] ?? 50;

/** Outer before inner, left before right. */
export function sortEntities(entities: MessageEntity[]): MessageEntity[] {
  return entities.sort((a, b) => a.offset - b.offset || b.length - a.length || rank(a) - rank(b));
}

const given = new Set<string>([
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "code",
  "blockquote",
  "expandable_blockquote",
]);
/** Telegram finds these itself and ignores them in a request. */
const found = new Set([
  "mention",
  "hashtag",
  "cashtag",
  "bot_command",
  "url",
  "email",
  "phone_number",
  "bank_card_number",
]);

/** Reads an array of entities (`entities`, `caption_entities`) as Client.cpp does. */
export function readEntities(params: Params, name: string, isKnown: (userId: number) => boolean): MessageEntity[] {
  // Entities that are not JSON or not an array are ignored, as Telegram does.
  let value: unknown;
  try {
    value = jsonOf(params, name, "");
  } catch {}
  if (!Array.isArray(value)) return [];
  const entities = value.flatMap((entity: unknown) => readEntity(entity, isKnown) ?? []);
  return sortEntities(entities as MessageEntity[]);
}

function readEntity(value: unknown, isKnown: (userId: number) => boolean): Draft | undefined {
  const within = "can't parse MessageEntity";
  if (!isObject(value)) throw badRequest(`${within}: expected an Object`);
  const fields = fieldsOf(value, within);
  const place = { offset: fields.integer("offset"), length: fields.integer("length") };
  const type = fields.text("type");
  if (given.has(type)) return { type: type as MessageEntity["type"], ...place };
  if (found.has(type)) return undefined;
  if (type === "pre") return { type, ...place, language: fields.optionalText("language") };
  if (type === "text_link") {
    const link = textLink(fields.text("url"), place, isKnown);
    if ("fault" in link) throw badRequest(`entity URL '${fields.text("url")}' is invalid: ${link.fault}`);
    return link;
  }
  if (type === "text_mention") {
    const id = fieldsOf(fields.object("user"), within).integer("id");
    if (!isKnown(id)) throw badRequest("user not found");
    return { type, ...place, user: mentioned(id) };
  }
  if (type === "custom_emoji") {
    const id = fields.text("custom_emoji_id");
    if (!/^\d{1,19}$/.test(id) || BigInt.asIntN(64, BigInt(id)) !== BigInt(id)) {
      throw fields.fault('Field "custom_emoji_id" must be a valid Number');
    }
    return { type, ...place, custom_emoji_id: id };
  }
  throw fields.fault(type === "" ? "Type is not specified" : "Unsupported type specified");
}

/** What a link on text becomes: a link, a mention, or why it is neither. */
export function textLink(url: string, place: Place, isKnown: (userId: number) => boolean): Draft | { fault: string } {
  const userId = mentionedUser(url);
  if (userId !== undefined) {
    return isKnown(userId) ? { type: "text_mention", ...place, user: mentioned(userId) } : { fault: "user not found" };
  }
  const link = readLink(url);
  return "fault" in link ? link : { type: "text_link", ...place, url: link.url };
}

const mentioned = (id: number) => ({ id, is_bot: false, first_name: "" });
