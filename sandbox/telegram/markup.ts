import { badRequest } from "./errors.ts";
import { fieldsOf, flagOf, isObject, jsonOf, type Params, textOf } from "./fields.ts";
import { readLink } from "./links.ts";
import type { Button, Message } from "./types.ts";

/** A button of an inline keyboard in Telegram's field names. */
export type InlineButton = { text: string } & Params;
/** `rows`: an inline keyboard; `reply`: a reply keyboard, its removal or a forced reply, kept as it came. */
export type Markup = { rows: InlineButton[][] } | { reply: Params };

const buttonFault = "can't parse inline keyboard button";
const otherActions = [
  "callback_game",
  "pay",
  "switch_inline_query",
  "switch_inline_query_chosen_chat",
  "switch_inline_query_current_chat",
  "login_url",
  "web_app",
  "copy_text",
];

/** Reads `reply_markup` as Client.cpp does; `checkMarkup` is what follows when the chat is known. */
export function readMarkup(params: Params): Markup | undefined {
  const value = jsonOf(params, "reply_markup", "can't parse reply keyboard markup JSON object");
  if (value === undefined) return undefined;
  if (!isObject(value)) throw badRequest("object expected as reply markup");
  const fields = fieldsOf(value);
  const keyboard = fields.array("keyboard") ?? [];
  const inline = fields.array("inline_keyboard") ?? [];
  const rows = inline.map((row) => {
    if (!Array.isArray(row)) {
      throw badRequest('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays');
    }
    return row.map(readButton);
  });
  const flags = [
    "remove_keyboard",
    "selective",
    "force_reply",
    "resize_keyboard",
    "one_time_keyboard",
    "is_persistent",
  ];
  const set = flags.filter((name) => fields.flag(name));
  if (keyboard.length > 0 || set.includes("remove_keyboard") || set.includes("force_reply")) return { reply: value };
  const filled = rows.filter((row) => row.length > 0);
  return filled.length > 0 ? { rows: filled } : undefined;
}

function readButton(value: unknown): InlineButton {
  if (!isObject(value)) throw badRequest(`${buttonFault}: InlineKeyboardButton must be an Object`);
  const fields = fieldsOf(value, buttonFault);
  const text = fields.text("text");
  const url = fields.optionalText("url");
  if (url !== "") return { text, url };
  const data = fields.optionalText("callback_data");
  if (data !== "") return { text, callback_data: data };
  const action = otherActions.find((name) => fields.has(name));
  if (action === undefined) throw badRequest(`${buttonFault}: Text buttons are unallowed in the inline keyboard`);
  return { text, [action]: value[action] };
}

/**
 * The limits of an inline keyboard: real links, 1–64 bytes of data, at most 100 buttons, 8 a row. Stricter than
 * Telegram in two places, because it hides the mistake there: it drops buttons without a text and all behind the 12th of a row.
 */
export function checkMarkup(markup: Markup | undefined): InlineButton[][] {
  if (markup === undefined || "reply" in markup) return [];
  const rows = markup.rows.map((row) => row.map(checkButton));
  if (rows.flat().length > 100 || rows.some((row) => row.length > 8)) throw badRequest("reply markup is too long");
  return rows;
}

/** The documentation gives the placeholder 1–64 characters and does not say what becomes of longer ones: refused here. */
export function readForceReply(markup: Markup | undefined): Message["forceReply"] {
  if (markup === undefined || "rows" in markup || !flagOf(markup.reply, "force_reply")) return undefined;
  const placeholder = textOf(markup.reply, "input_field_placeholder");
  if ([...placeholder].length > 64) throw badRequest("input field placeholder is too long");
  return { placeholder, selective: flagOf(markup.reply, "selective") };
}

function checkButton(button: InlineButton): InlineButton {
  if (button.text.trim() === "") throw badRequest("inline keyboard button text must be non-empty");
  if (Buffer.byteLength(String(button.callback_data ?? "")) > 64) throw badRequest("BUTTON_DATA_INVALID");
  if (button.pay !== undefined || button.callback_game !== undefined) throw badRequest("BUTTON_TYPE_INVALID");
  if (typeof button.url !== "string") return button;
  const link = readLink(button.url);
  if ("fault" in link) throw badRequest(`inline keyboard button URL '${button.url}' is invalid: ${link.fault}`);
  return { text: button.text, url: link.url };
}

/** What a person sees of a keyboard. */
export function buttonsOf(rows: InlineButton[][]): Button[][] {
  return rows.map((row) =>
    row.map(({ text, callback_data: data, url }) => ({
      text,
      ...(typeof data === "string" ? { data } : {}),
      ...(typeof url === "string" ? { url } : {}),
    })),
  );
}
