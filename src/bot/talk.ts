import { type Context, GrammyError, type InlineKeyboard } from "grammy";
import type { Message } from "grammy/types";
import type { Database } from "../db/client.ts";
import type { Chat } from "../db/users.ts";
import type { Administrators } from "./administrators.ts";
import type { Quota } from "./quota.ts";
import { languageOf, type Texts, type Variables } from "./texts.ts";

/** What runs here, for operators: the process as the lock names it, and the limits that are set. */
export type Deployment = {
  instance: string;
  version: string;
  messagesPerSecond: number;
  /** To each wishlist site. */
  requestsPerMinute: number;
};

/** What the handlers work with. */
export type Talk = {
  db: Database;
  texts: Texts;
  maxTrackings: number;
  /** Telegram user ids that may run admin commands. */
  adminIds: number[];
  deployment: Deployment;
  administrators: Administrators;
  quota: Quota;
  /** Where Telegram gives a file of this `file_path`; carries the token. */
  fileUrl: (path: string) => string;
};

/** Says something in the language of whoever speaks. */
export function textFor({ texts }: Talk, ctx: Context): (key: string, variables?: Variables) => string {
  const language = languageFor(ctx);
  return (key, variables) => texts(language, key, variables);
}

export function languageFor(ctx: Context) {
  return languageOf(ctx.from?.language_code);
}

/** The forum topic an update belongs to; 0 for none. */
export function threadOf(ctx: Context): number {
  const message = ctx.msg;
  return message?.is_topic_message ? (message.message_thread_id ?? 0) : 0;
}

/** Writes to the chat that the update came from; grammY adds its topic. */
export async function say(ctx: Context, html: string, keyboard?: InlineKeyboard): Promise<Message.TextMessage> {
  return await ctx.reply(html, {
    parse_mode: "HTML",
    link_preview_options: { is_disabled: true },
    ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
  });
}

/**
 * Changes the message under the pressed button; gives whether it shows this now: that it is gone is no failure.
 * `previewUrl`: a picture or page to show above the text.
 */
export async function redraw(
  ctx: Context,
  html: string,
  keyboard?: InlineKeyboard,
  previewUrl?: string,
): Promise<boolean> {
  try {
    await ctx.editMessageText(html, {
      parse_mode: "HTML",
      link_preview_options:
        previewUrl === undefined
          ? { is_disabled: true }
          : { url: previewUrl, prefer_large_media: true, show_above_text: true },
      ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
    });
    return true;
  } catch (error) {
    if (!isStale(error)) throw error;
    return NOT_MODIFIED.test(error.description);
  }
}

/** Changes only the buttons of the message under the pressed one. */
export async function rebutton(ctx: Context, keyboard: InlineKeyboard): Promise<void> {
  try {
    await ctx.editMessageReplyMarkup({ reply_markup: keyboard });
  } catch (error) {
    if (!isStale(error)) throw error;
  }
}

/** Stops the button's spinner, with a short note if there is one; too late for that is no failure. */
export async function acknowledge(ctx: Context, text?: string): Promise<void> {
  try {
    await ctx.answerCallbackQuery(text === undefined ? {} : { text });
  } catch (error) {
    if (!isStale(error)) throw error;
  }
}

const NOT_MODIFIED = /message is not modified/i;
const GONE = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID|query is too old/i;

function isStale(error: unknown): error is GrammyError {
  return error instanceof GrammyError && (NOT_MODIFIED.test(error.description) || GONE.test(error.description));
}

/** The chat of an update as it is stored; people's names are not. */
export function chatOf(ctx: Context): Chat | undefined {
  const chat = ctx.chat;
  return chat === undefined ? undefined : { id: chat.id, type: chat.type, title: chat.title };
}
