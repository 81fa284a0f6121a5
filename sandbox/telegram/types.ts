/**
 * What a test or the demo sees of the sandbox: people, chats, the messages a chat shows, what the bot asked for, and the
 * faults to put in its way. Ids are Telegram's; times are milliseconds of the sandbox's clock (`now`).
 */
import type { BotCommand, BotCommandScope, LinkPreviewOptions, MessageEntity } from "grammy/types";
import type { Access, Role } from "./chats.ts";

/** Someone with a Telegram account. Their private chat with the bot has the same id. */
export type Person = {
  id: number;
  firstName: string;
  username?: string | undefined;
  languageCode?: string | undefined;
};

export type Chat = {
  id: number;
  type: "private" | "group" | "supergroup" | "channel";
  title: string;
  isForum: boolean;
};

/** A chat with how things stand in it. */
export type ChatDetails = Chat & {
  access: Access;
  botIsAdministrator: boolean;
  /** Whoever has ever spoken in it or was put into it; a private chat has none. */
  roles: { id: number; role: Role }[];
  topics: { id: number; name: string; isClosed: boolean }[];
};

export type Button = { text: string; data?: string | undefined; url?: string | undefined };

/** A message as a chat shows it. A value: an edit makes a new one with the same id. */
export type Message = {
  /** Counts from 1 in each chat. */
  id: number;
  chatId: number;
  threadId?: number | undefined;
  /** The visible text (a photo's caption) after entity parsing; "" for a service message. */
  text: string;
  /** What the bot sent, when it used `parse_mode: "HTML"`. */
  html?: string | undefined;
  entities: MessageEntity[];
  buttons: Button[][];
  /** A file, whose text is all there is to it here. */
  document?: { fileName: string; text: string } | undefined;
  /** The photo's address or file id. */
  photo?: string | undefined;
  fromBot: boolean;
  /** The person who wrote it; absent for the bot, channel posts and anonymous administrators. */
  from?: number | undefined;
  date: number;
  editedAt?: number | undefined;
  /** The id of the message it answers. */
  replyTo?: number | undefined;
  /** Sent with `disable_notification`. */
  silent: boolean;
  linkPreview?: LinkPreviewOptions | undefined;
  /** Opens a field to answer in: of everybody, or when `selective` of whom the message mentions or answers. */
  forceReply?: { placeholder: string; selective: boolean } | undefined;
  /** What a service message says, in Telegram's field names. */
  service?: Record<string, unknown> | undefined;
};

/** One request of the bot, logged when it has been read. */
export type Call = {
  /** As the documentation spells it: `sendMessage`. */
  method: string;
  params: Record<string, unknown>;
  chatId?: number | undefined;
  at: number;
  /** 200, the answer's `error_code` (the status of an HTML page), or 0 while there is no answer and when there never is one. */
  code: number;
};

export type CallbackAnswer = { from: number; text?: string | undefined; showAlert: boolean; at: number };

/** What was set with `setMyCommands` for one scope and language ("" is every language). */
export type CommandList = { scope: BotCommandScope; languageCode: string; commands: BotCommand[] };

export type Fault = {
  when: (call: { method: string; params: Record<string, unknown>; chatId?: number | undefined }) => boolean;
  /** How many requests it meets before it goes away; default: all of them. */
  times?: number | undefined;
  do: FaultKind;
};

/**
 * - `error`: refused, nothing happened · `html`: refused with a gateway's page
 * - `reset`: the connection breaks, nothing happened · `hang`: nothing happened and no answer ever comes
 * - `accept-then-reset`: done, then the connection breaks · `cut`: done, answered with half of the JSON
 * - `body`: done, answered with this instead
 * - `delay`: done and answered, `ms` later
 */
export type FaultKind =
  | { kind: "error"; code: number; description: string; parameters?: ErrorParameters | undefined }
  | { kind: "html"; status: number }
  | { kind: "body"; body: string }
  | { kind: "cut" | "reset" | "accept-then-reset" | "hang" }
  | { kind: "delay"; ms: number };

export type ErrorParameters = { retry_after?: number; migrate_to_chat_id?: number };

/** What just happened, for whoever draws it or waits for it. */
export type Change =
  | { kind: "message" | "edit"; message: Message }
  | { kind: "delete"; chatId: number; messageId: number }
  | { kind: "chat"; chat: Chat }
  | { kind: "callbackAnswer"; answer: CallbackAnswer }
  | { kind: "chatAction"; chatId: number; action: string }
  | { kind: "call"; call: Call }
  | { kind: "answered"; call: Call }
  | { kind: "updates"; pending: number };
