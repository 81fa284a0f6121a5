import { type Context, InlineKeyboard } from "grammy";
import { untrackStreamer } from "../db/trackings.ts";
import { setMute } from "./mute.ts";
import { newsButtons } from "./news-buttons.ts";
import { mayChange } from "./rights.ts";
import { toastOf } from "./screen.ts";
import { acknowledge, rebutton } from "./talk.ts";
import { begin, type Request } from "./turn.ts";
import { named, undo } from "./untrack.ts";

/** Presses below news. The news stays as it is: what was done is said for a moment, and the buttons offer the way back. */

/** Mutes the streamer for some hours, or with 0 ends that; the one button becomes its opposite. */
export async function newsMutePressed(request: Request, [streamerId = 0, hours = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text, chatType } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  if (!(await setMute(turn, streamerId, hours))) return await acknowledge(ctx, text("untrack-gone"));
  const muted = hours !== 0;
  await rebutton(ctx, below(ctx, newsButtons(text, { streamerId, url: undefined, chatType, muted })));
  await acknowledge(ctx, text(muted ? "mute-day-done" : "mute-ended"));
}

/** Ends the tracking; only Undo is left to press. */
export async function newsUntrackPressed(request: Request, [streamerId = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const ended = await untrackStreamer(talk.db.for("untrack"), chatId, streamerId);
  if (ended === undefined) return await acknowledge(ctx, text("untrack-gone"));
  await rebutton(ctx, below(ctx, new InlineKeyboard().text(text("undo"), `v1:nr:${streamerId}`)));
  await acknowledge(ctx, toastOf(text("untrack-done", named(ended))));
}

/** Restores the tracking, and the buttons as they were. */
export async function newsUndoPressed(request: Request, [streamerId = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text, chatType } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const undone = await undo(turn, streamerId);
  if ("refusal" in undone) return await acknowledge(ctx, undone.refusal);
  const { isMuted: muted } = undone;
  await rebutton(ctx, below(ctx, newsButtons(text, { streamerId, url: undefined, chatType, muted })));
  await acknowledge(ctx, toastOf(text("undo-done", named(undone))));
}

/** Other buttons beside those of the message that open pages. */
function below(ctx: Context, others: InlineKeyboard): InlineKeyboard {
  const rows = ctx.msg?.reply_markup?.inline_keyboard ?? [];
  const pages = rows.flat().filter((button) => "url" in button);
  return InlineKeyboard.from([[...pages, ...others.inline_keyboard.flat()]]);
}
