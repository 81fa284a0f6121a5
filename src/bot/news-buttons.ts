import { InlineKeyboard } from "grammy";
import type { Turn } from "./turn.ts";

export type NewsButtons = {
  streamerId: number;
  /** The wishlist's page; without one there is no button to open it. */
  url: string | undefined;
  /** As in `users.type`. */
  chatType: string;
  /** The chat has muted this streamer: the button then undoes that. */
  muted?: boolean | undefined;
};

/**
 * The buttons below news: Open · Mute 24 h · Untrack. Presses on news carry kinds of their own (`nm` with the hours,
 * `nu`, `nr`), since they change the buttons alone and leave the news as it is. A channel's readers may only open.
 */
export function newsButtons(text: Turn["text"], { streamerId, url, chatType, muted }: NewsButtons): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  if (url !== undefined) keyboard.url(text("button-open"), url);
  if (chatType === "channel") return keyboard;
  if (muted === true) keyboard.text(text("button-unmute"), `v1:nm:${streamerId}:0`);
  else keyboard.text(text("button-mute-day"), `v1:nm:${streamerId}:24`);
  return keyboard.text(text("button-untrack"), `v1:nu:${streamerId}`);
}
