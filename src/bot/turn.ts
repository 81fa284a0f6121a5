import type { Context } from "grammy";
import { type ChatSettings, type KnownChat, readChat } from "../db/settings.ts";
import type { Talk } from "./talk.ts";
import { type Language, languageOf, type Variables } from "./texts.ts";

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
  text: (key: string, variables?: Variables) => string;
};

/** Reads what is known of the chats: one statement, two when it is about another chat. */
export async function begin(request: Request): Promise<Turn> {
  const { talk, ctx, chatId } = request;
  const orm = talk.db.for("chat_settings");
  const here = ctx.chat?.id ?? chatId;
  const known = await readChat(orm, here);
  return turnOf(request, known, here === chatId ? known : await readChat(orm, chatId));
}

/** `here`: what is known of the chat it is asked in; `about`: of the one it is about. */
export function turnOf(request: Request, here: KnownChat | undefined, about = here): Turn {
  const { talk, ctx, chatId } = request;
  const language = here?.settings.language ?? languageOf(ctx.from?.language_code);
  return {
    ...request,
    isAway: ctx.chat !== undefined && ctx.chat.id !== chatId,
    language,
    settings: about?.settings ?? {},
    text: (key, variables) => talk.texts(language, key, variables),
  };
}
