import type { InlineKeyboard } from "grammy";
import { callbackData } from "./buttons.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { plainText, shorten } from "./texts.ts";
import { headed, type Turn } from "./turn.ts";

/** What one message shows. */
export type Screen = { html: string; keyboard: InlineKeyboard };

/** A toast's longest text (core.telegram.org/bots/api#answercallbackquery). */
const TOAST_LENGTH = 200;

/** A screen in place of the one whose button was pressed, or as the answer to a message. */
export async function show(turn: Turn, { html, keyboard }: Screen, toast?: string): Promise<void> {
  const { ctx } = turn;
  if (ctx.callbackQuery === undefined) {
    await say(ctx, headed(turn, html), keyboard);
    return;
  }
  const isShown = await redraw(ctx, headed(turn, html), keyboard);
  // Where the message is gone, what it would show is said for a moment.
  await acknowledge(ctx, isShown ? toast : toastOf(toast ?? html));
}

/** Below what is shown of another chat: the way back to what else can be done about it. */
export function addWayBack(turn: Turn, keyboard: InlineKeyboard): InlineKeyboard {
  return turn.isAway ? keyboard.row().text(turn.text("back"), callbackData(turn, "g")) : keyboard;
}

/** What fits above a message for a moment. */
export function toastOf(html: string): string {
  return shorten(plainText(html), TOAST_LENGTH);
}
