import { checkDeliverable, enterChat } from "./access.ts";
import type { Room } from "./chats.ts";
import type { Core } from "./core.ts";
import { badRequest } from "./errors.ts";
import { fieldsOf, flagOf, integerOf, isObject, jsonOf, type Params, textOf } from "./fields.ts";
import { readLink } from "./links.ts";
import { buttonsOf, checkMarkup, readForceReply, readMarkup } from "./markup.ts";
import type { Request } from "./methods.ts";
import { readPreview } from "./preview.ts";
import { type Formatted, readText, tidyText } from "./text.ts";
import type { Message } from "./types.ts";

export const longestText = 4096;
export const longestCaption = 1024;
type Sendable = { formatted: Formatted; content: Partial<Message>; isCaption: boolean };

/**
 * `sendMessage`, `sendPhoto` and `sendDocument`. The order of the checks is Telegram's: the request's form, the chat, what is answered
 * to, the text and buttons, and last what the people there allow.
 */
export function sendMethods(core: Core) {
  const { chats, messages, limits } = core;
  const isKnown = (id: number) => chats.people.has(id);

  function send(params: Params, { formatted, content, isCaption }: Sendable) {
    const reply = readReply(params);
    const markup = readMarkup(params);
    const room = enterChat(chats, params);
    const replyTo = findAnswered(room, reply);
    const threadId = findThread(room, params);
    const { text, entities, html } = tidyText(formatted, { allowEmpty: isCaption });
    const keyboard = checkMarkup(markup);
    const forceReply = readForceReply(markup);
    checkLength(text, isCaption);
    checkDeliverable(room, threadId);
    limits?.take(room);
    const message = messages.post(room, {
      ...content,
      ...{ text, entities, html, keyboard, buttons: buttonsOf(keyboard), forceReply, replyTo, threadId },
      fromBot: true,
      silent: flagOf(params, "disable_notification"),
    });
    return core.json(room, message);
  }

  return {
    sendMessage({ params }: Request) {
      const linkPreview = readPreview(params);
      if (textOf(params, "text") === "") throw badRequest("message text is empty");
      return send(params, { formatted: readText(params, "text", isKnown), content: { linkPreview }, isCaption: false });
    },
    sendPhoto({ params }: Request) {
      const photo = readPhoto(params);
      return send(params, { formatted: readText(params, "caption", isKnown), content: { photo }, isCaption: true });
    },
    sendDocument({ params }: Request) {
      const document = readDocument(params);
      return send(params, {
        formatted: readText(params, "caption", isKnown),
        content: { document },
        isCaption: true,
      });
    },
    sendChatAction({ params }: Request) {
      const action = textOf(params, "action").toLowerCase();
      if (!actions.has(action)) throw badRequest("wrong parameter action in request");
      const room = enterChat(chats, params);
      checkDeliverable(room);
      core.changes.emit({ kind: "chatAction", chatId: room.id, action });
      return true;
    },
  };
}

/** Counted in UTF-16 units, after the entities were taken out. */
export function checkLength(text: string, isCaption: boolean) {
  if (isCaption && text.length > longestCaption) throw badRequest("message caption is too long");
  if (!isCaption && text.length > longestText) throw badRequest("message is too long");
}

/** A picture is an address or the file id of one sent before; an upload is taken by its name. */
function readPhoto(params: Params): string {
  const { photo } = params;
  if (isObject(photo)) return String(photo.fileName);
  const source = textOf(params, "photo");
  if (source === "") throw badRequest("there is no photo in the request");
  if (/^photo--?\d+-\d+-\d+$/.test(source)) return source;
  if (!/^https?:\/\//i.test(source)) throw badRequest("wrong file identifier/HTTP URL specified");
  if ("fault" in readLink(source)) throw badRequest("wrong HTTP URL specified");
  return source;
}

/** An upload, or the file id of a document that was sent before. */
function readDocument(params: Params): Message["document"] {
  const { document } = params;
  if (isObject(document)) return { fileName: String(document.fileName), text: String(document.text) };
  throw badRequest(
    textOf(params, "document") === ""
      ? "there is no document in the request"
      : "wrong remote file identifier specified",
  );
}

function readReply(params: Params) {
  const value = jsonOf(params, "reply_parameters", "can't parse reply parameters JSON object");
  if (value === undefined) {
    return {
      id: integerOf(params, "reply_to_message_id", 0),
      isOptional: flagOf(params, "allow_sending_without_reply"),
    };
  }
  if (!isObject(value)) throw badRequest("object expected as reply parameters");
  if (Object.keys(value).length === 0) return { id: 0, isOptional: true };
  const fields = fieldsOf(value);
  return { id: fields.integer("message_id"), isOptional: fields.flag("allow_sending_without_reply") };
}

function findAnswered(room: Room, { id, isOptional }: { id: number; isOptional: boolean }): number | undefined {
  if (id <= 0) return undefined;
  if (room.messages.has(id)) return id;
  if (isOptional) return undefined;
  throw badRequest("message to be replied not found");
}

/** Topics exist in forums; in other supergroups a thread is named after the message it began with. */
function findThread(room: Room, params: Params): number | undefined {
  const id = integerOf(params, "message_thread_id", 0);
  if (id <= 0) return undefined;
  const exists = room.isForum ? room.topics.has(id) : room.type === "supergroup" && room.messages.has(id);
  if (!exists) throw badRequest("message thread not found");
  return id;
}

const actions = new Set([
  ...[
    "cancel",
    "typing",
    "record_video",
    "upload_video",
    "record_audio",
    "record_voice",
    "upload_audio",
    "upload_voice",
  ],
  ...["upload_photo", "upload_document", "choose_sticker", "pick_up_location", "find_location"],
  ...["record_video_note", "upload_video_note"],
]);
