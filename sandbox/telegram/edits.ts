import { isDeepStrictEqual } from "node:util";
import { checkDeliverable, enterChat } from "./access.ts";
import type { Room, Stored } from "./chats.ts";
import type { Core } from "./core.ts";
import { badRequest } from "./errors.ts";
import { integerOf, type Params, textOf } from "./fields.ts";
import { buttonsOf, checkMarkup, type Markup, readMarkup } from "./markup.ts";
import type { Request } from "./methods.ts";
import { readPreview } from "./preview.ts";
import { checkLength } from "./sends.ts";
import { type Formatted, readText, tidyText } from "./text.ts";

const notModified =
  "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";
/** Nobody's messages can be deleted later than this (core.telegram.org/bots/api#deletemessage). */
const deletableMs = 48 * 3_600_000;

/** Editing and deleting. An edit without `reply_markup` takes the keyboard away, as on Telegram. */
export function editMethods(core: Core) {
  const { chats, messages, limits, now } = core;
  const isKnown = (id: number) => chats.people.has(id);

  function find(params: Params) {
    const id = integerOf(params, "message_id", 0);
    if (textOf(params, "chat_id") === "" && id === 0) throw badRequest("message identifier is not specified");
    const room = enterChat(chats, params);
    const message = room.messages.get(id);
    if (message === undefined) throw badRequest("message to edit not found");
    if (!message.fromBot) throw badRequest("message can't be edited");
    return { room, message };
  }

  function apply(room: Room, old: Stored, markup: Markup | undefined, content: Partial<Stored>) {
    if (markup !== undefined && "reply" in markup) throw badRequest("inline keyboard expected");
    const keyboard = checkMarkup(markup);
    const next = { ...content, keyboard };
    checkDeliverable(room, old.threadId);
    const same = (name: keyof typeof next) => name === "html" || isDeepStrictEqual(old[name], next[name]);
    if ((Object.keys(next) as (keyof typeof next)[]).every(same)) throw badRequest(notModified);
    limits?.take(room);
    return core.json(room, messages.edit(room, old, { ...next, buttons: buttonsOf(keyboard) }));
  }

  function content(formatted: Formatted, isCaption: boolean): Partial<Stored> {
    const { text, entities, html } = tidyText(formatted, { allowEmpty: isCaption });
    checkLength(text, isCaption);
    return { text, entities, html };
  }

  return {
    editMessageText({ params }: Request) {
      const linkPreview = readPreview(params);
      if (textOf(params, "text") === "") throw badRequest("message text is empty");
      const formatted = readText(params, "text", isKnown);
      const markup = readMarkup(params);
      const { room, message } = find(params);
      if (message.photo !== undefined) throw badRequest("there is no text in the message to edit");
      return apply(room, message, markup, { ...content(formatted, false), linkPreview });
    },
    editMessageCaption({ params }: Request) {
      const markup = readMarkup(params);
      const formatted = readText(params, "caption", isKnown);
      const { room, message } = find(params);
      if (message.photo === undefined) throw badRequest("there is no caption in the message to edit");
      return apply(room, message, markup, content(formatted, true));
    },
    editMessageReplyMarkup({ params }: Request) {
      const markup = readMarkup(params);
      const { room, message } = find(params);
      return apply(room, message, markup, {});
    },
    deleteMessage({ params }: Request) {
      const id = integerOf(params, "message_id", 0);
      if (textOf(params, "chat_id") === "") throw badRequest("chat identifier is not specified");
      if (id === 0) throw badRequest("message identifier is not specified");
      const room = enterChat(chats, params);
      const message = room.messages.get(id);
      if (message === undefined) throw badRequest("message to delete not found");
      const isAllowed = message.fromBot || room.type === "private" || room.botIsAdministrator;
      if (!isAllowed || now() - message.date > deletableMs) throw badRequest("message can't be deleted");
      messages.remove(room, id);
      return true;
    },
  };
}
