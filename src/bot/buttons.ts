import type { Context, InlineKeyboard } from "grammy";
import type { InlineKeyboardButton } from "grammy/types";

/**
 * What a button carries: `v1:<kind>[@<chat>][:<number>]…`, at most 64 bytes. `chat` is there when the button is about
 * another chat than the one it is pressed in. All of it is whatever its sender likes: who presses must be allowed to,
 * and what the numbers name must belong to that chat.
 */
export type Callback = { kind: string; chatId: number | undefined; numbers: number[] };

export function readCallback(data: string): Callback | undefined {
  const [, kind, chat, rest = ""] = /^v1:([a-z]{1,3})(?:@(-?\d{1,15}))?((?::-?\d{1,15}){0,4})$/.exec(data) ?? [];
  if (kind === undefined) return undefined;
  const numbers = rest.split(":").slice(1).map(Number);
  return { kind, chatId: chat === undefined ? undefined : Number(chat), numbers };
}

/** The data of a button about the chat that `turn` is about. */
export function callbackData(
  { isAway, chatId }: { isAway: boolean; chatId: number },
  kind: string,
  ...numbers: number[]
) {
  return ["v1", isAway ? `${kind}@${chatId}` : kind, ...numbers].join(":");
}

/** The buttons that the message under a press shows. */
export function callbackButtons(ctx: Context): InlineKeyboardButton.CallbackButton[] {
  const buttons = ctx.msg?.reply_markup?.inline_keyboard.flat() ?? [];
  return buttons.filter((button) => "callback_data" in button);
}

/** One page of a list; a page that is no longer there is the last one. Pages count from 0. */
export function pageOf<T>(
  list: T[],
  page: number,
  size: number,
): { shown: T[]; first: number; number: number; pages: number } {
  const pages = Math.max(Math.ceil(list.length / size), 1);
  const number = Math.min(Math.max(page, 0), pages - 1);
  return { shown: list.slice(number * size, (number + 1) * size), first: number * size, number, pages };
}

/** Adds `‹ 2/5 ›` below a keyboard when there are several pages; `data` gives the button's data for a page. */
export function addPageButtons(
  keyboard: InlineKeyboard,
  { page, pages }: { page: number; pages: number },
  data: (page: number) => string,
): InlineKeyboard {
  if (pages < 2) return keyboard;
  if (page > 0) keyboard.text("‹", data(page - 1));
  keyboard.text(`${page + 1}/${pages}`, data(page));
  if (page < pages - 1) keyboard.text("›", data(page + 1));
  return keyboard.row();
}
