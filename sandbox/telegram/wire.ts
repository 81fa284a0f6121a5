import type { Room, Stored } from "./chats.ts";
import type { Person } from "./types.ts";

/** Who stands as the sender of what anonymous administrators write. */
const anonymousBot = { id: 1_087_968_824, is_bot: true, first_name: "Group", username: "GroupAnonymousBot" };

export type BotUser = { id: number; is_bot: true; first_name: string; username: string };
type People = ReadonlyMap<number, Person>;

const seconds = (ms: number) => Math.floor(ms / 1000);

export function personJson({ id, firstName, username, languageCode }: Person) {
  return { id, is_bot: false, first_name: firstName, username, language_code: languageCode };
}

export function chatJson(room: Room) {
  const { id, type, title } = room;
  if (room.person !== undefined) return { id, first_name: title, username: room.person.username, type };
  return { id, title, type, ...(room.isForum ? { is_forum: true } : {}) };
}

/** A message in the Bot API's shape. What it answers is told one level deep, as Telegram does. */
export function messageJson(bot: BotUser, people: People, room: Room, message: Stored, isNested = false): object {
  const inTopic = room.isForum && message.threadId !== undefined && room.topics.has(message.threadId);
  const answered = room.messages.get(message.replyTo ?? (inTopic ? (message.threadId ?? 0) : 0));
  return {
    message_id: message.id,
    ...sender(bot, people, room, message),
    chat: chatJson(room),
    date: seconds(message.date),
    ...(message.editedAt === undefined ? {} : { edit_date: seconds(message.editedAt) }),
    ...(message.threadId === undefined ? {} : { message_thread_id: message.threadId }),
    ...(inTopic ? { is_topic_message: true } : {}),
    ...(answered === undefined || answered.id === message.id || isNested
      ? {}
      : { reply_to_message: messageJson(bot, people, room, answered, true) }),
    ...content(people, message),
    ...(message.keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: message.keyboard } }),
  };
}

function sender(bot: BotUser, people: People, room: Room, message: Stored) {
  if (room.type === "channel") return { sender_chat: chatJson(room) };
  if (message.fromBot) return { from: bot };
  if (message.asChat) return { from: anonymousBot, sender_chat: chatJson(room) };
  const person = people.get(message.from ?? 0);
  return person === undefined ? {} : { from: personJson(person) };
}

function content(people: People, message: Stored) {
  if (message.service !== undefined) return message.service;
  const entities = message.entities.map((entity) => {
    const person = entity.type === "text_mention" ? people.get(entity.user.id) : undefined;
    return person === undefined ? entity : { ...entity, user: personJson(person) };
  });
  if (message.document !== undefined) {
    return {
      document: documentJson(message, message.document),
      ...(message.text === "" ? {} : { caption: message.text }),
      ...(entities.length > 0 ? { caption_entities: entities } : {}),
    };
  }
  if (message.photo === undefined) {
    const preview = message.linkPreview;
    return {
      text: message.text,
      ...(entities.length > 0 ? { entities } : {}),
      ...(preview === undefined ? {} : { link_preview_options: preview }),
    };
  }
  return {
    photo: [photoJson(message, 90), photoJson(message, 800)],
    ...(message.text === "" ? {} : { caption: message.text }),
    ...(entities.length > 0 ? { caption_entities: entities } : {}),
  };
}

function documentJson({ chatId, id }: Stored, { fileName, text }: NonNullable<Stored["document"]>) {
  const file_id = documentId(chatId, id);
  return { file_id, file_unique_id: `u-${file_id}`, file_name: fileName, file_size: Buffer.byteLength(text) };
}

/** What a document of a chat's message is called in getFile. */
export const documentId = (chatId: number, messageId: number) => `document-${chatId}-${messageId}`;

function photoJson({ chatId, id }: Stored, size: number) {
  const name = `photo-${chatId}-${id}-${size}`;
  return { file_id: name, file_unique_id: `u-${name}`, width: size, height: size };
}
