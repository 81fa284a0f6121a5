import type { Context } from "grammy";
import { type ChatSettings, type KnownChat, readChat } from "../db/settings.ts";
import type { Chat } from "../db/users.ts";
import type { Talk } from "./talk.ts";
import { type Language, languageOf, type Variables } from "./texts.ts";
import { readable } from "./untrusted.ts";

const TITLE_LENGTH = 64;

/** What somebody asks of the bot, before anything is read. */
export type Request = {
  talk: Talk;
  ctx: Context;
  /** The chat it is about: the one it is asked in or, from a private chat, a group or channel that the person manages. */
  chatId: number;
};

/** The same, with how the asker wants to be spoken to. */
export type Turn = Request & {
  /** It is about another chat than the one it is asked in. */
  isAway: boolean;
  language: Language;
  /** Of the chat that it is about. */
  settings: ChatSettings;
  /** What kind of chat it is about, and its title when it is a group or a channel. */
  chatType: KnownChat["type"];
  title: string;
  /** Nothing is stored of the chat that it is about. */
  isUnknown: boolean;
  text: (key: string, variables?: Variables) => string;
};

/** Reads what is known of the chats: one statement, two when it is about another chat. */
export async function begin(request: Request): Promise<Turn> {
  const orm = request.talk.db.for("chat_settings");
  const about = await readChat(orm, request.chatId);
  return turnOf(request, about, await chatHere(request, about));
}

/** What is known of the chat it is asked in; reads nothing when that is the one it is `about`. */
export async function chatHere({ talk, ctx, chatId }: Request, about: KnownChat | undefined) {
  if (ctx.chat === undefined || ctx.chat.id === chatId) return about;
  return await readChat(talk.db.for("chat_settings"), ctx.chat.id);
}

/** `about`: what is known of the chat it is about; `here`: of the one it is asked in. */
export function turnOf(request: Request, about: KnownChat | undefined, here: KnownChat | undefined): Turn {
  const { talk, ctx, chatId } = request;
  // Channels and anonymous administrators speak no language of their own.
  const language = here?.settings.language ?? languageOf(ctx.from?.language_code ?? here?.language);
  const isAway = ctx.chat !== undefined && ctx.chat.id !== chatId;
  return {
    ...request,
    isAway,
    isUnknown: about === undefined,
    language,
    settings: about?.settings ?? {},
    chatType: (isAway ? undefined : ctx.chat?.type) ?? about?.type ?? "private",
    title: (isAway ? undefined : ctx.chat?.title) ?? about?.title ?? "…",
    text: (key, variables) => talk.texts(language, key, variables),
  };
}

/** The chat that a turn is about, as it is stored. */
export function aboutChat({ chatId, chatType, title }: Turn): Chat {
  return { id: chatId, type: chatType, ...(chatType !== "private" && { title }) };
}

/** A screen's text; from afar it says above which chat it is about. */
export function headed({ isAway, title, text }: Turn, html: string): string {
  return isAway ? `${text("about-chat", { title: readable(title, TITLE_LENGTH) ?? "…" })}\n${html}` : html;
}
