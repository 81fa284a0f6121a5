import type { Api } from "grammy";
import type { InlineKeyboardMarkup } from "grammy/types";
import type { FormattedText } from "../db/broadcasts.ts";

/** A message as Telegram gets it: its HTML, and the text that shows, for when Telegram refuses the markup. */
export type OutgoingMessage = {
  html: string;
  plain: string;
  /** The picture or page shown with it; without one, no preview is shown at all. */
  previewUrl?: string | undefined;
  /** Below it; left out where the markup is. */
  keyboard?: InlineKeyboardMarkup | undefined;
};

export type SendOptions = {
  /** The text without markup. */
  plain?: boolean;
  /** It makes no sound. */
  silent?: boolean;
};

export type Telegram = ReturnType<typeof createTelegram>;

/**
 * What delivery asks of the Bot API. Each call is made once and rejects as grammY's calls do, within the time-out of
 * `api`: what a failure means is for answers.ts to say.
 */
export function createTelegram(api: Api) {
  const optionsOf = ({ previewUrl, keyboard }: OutgoingMessage, plain: boolean) => ({
    ...(plain ? {} : { parse_mode: "HTML" as const }),
    ...(plain || keyboard === undefined ? {} : { reply_markup: keyboard }),
    link_preview_options:
      previewUrl === undefined || plain
        ? { is_disabled: true }
        : { url: previewUrl, prefer_large_media: true, show_above_text: true },
  });
  return {
    /** Writes to a chat, and to a topic of it unless `threadId` is 0; gives the message's id. */
    async send(chatId: number, threadId: number, message: OutgoingMessage, options: SendOptions = {}): Promise<number> {
      const { plain = false, silent = false } = options;
      const { message_id: messageId } = await api.sendMessage(chatId, plain ? message.plain : message.html, {
        ...optionsOf(message, plain),
        ...(threadId === 0 ? {} : { message_thread_id: threadId }),
        ...(silent ? { disable_notification: true } : {}),
      });
      return messageId;
    },
    /** Writes a text with the formatting that an operator has given it. */
    async announce(
      chatId: number,
      threadId: number,
      { text, entities }: FormattedText,
      { silent = false }: SendOptions = {},
    ): Promise<void> {
      await api.sendMessage(chatId, text, {
        ...{ entities, link_preview_options: { is_disabled: true } },
        ...(threadId === 0 ? {} : { message_thread_id: threadId }),
        ...(silent ? { disable_notification: true } : {}),
      });
    },
    /** Changes what a message says. */
    async edit(chatId: number, messageId: number, message: OutgoingMessage, plain = false): Promise<void> {
      await api.editMessageText(chatId, messageId, plain ? message.plain : message.html, optionsOf(message, plain));
    },
    /** Asks something that changes nothing, to learn whether Telegram answers. */
    async probe(): Promise<void> {
      await api.getMe();
    },
  };
}
