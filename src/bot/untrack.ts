import { type Context, InlineKeyboard } from "grammy";
import { listTrackings, type UntrackResult, undoUntrack, untrackNickname, untrackStreamer } from "../db/trackings.ts";
import { readAddresses } from "./addresses.ts";
import { addPageButtons, callbackButtons, callbackData, pageOf } from "./buttons.ts";
import { showCard } from "./card.ts";
import { listInstead } from "./list.ts";
import { mayChange } from "./rights.ts";
import { type Screen, show } from "./screen.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { shorten } from "./texts.ts";
import { begin, headed, type Request, type Turn } from "./turn.ts";

const BUTTONS_A_PAGE = 8;
/** For how long a tracking that was ended can be restored. */
export const UNDO_MS = 3_600_000;
const NAME_LENGTH = 100;

/** /untrack: by nickname, or from a keyboard of the chat's streamers. */
export async function untrackCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { talk, ctx, chatId, text } = turn;
  if (!(await mayChange(turn))) {
    await say(ctx, text("only-admins"));
    return;
  }
  const { wanted, remarks } = readAddresses(args, text);
  if (wanted.length + remarks.length === 0) {
    const { html, keyboard } = await choice(turn, 0);
    await say(ctx, html, keyboard);
    return;
  }
  const lines: string[] = [];
  const ended: { id: number; name: string }[] = [];
  for (const address of wanted) {
    const { nickname } = address;
    const result = await untrackNickname(talk.db.for("untrack"), chatId, address);
    if (result === undefined) lines.push(text("untrack-unknown", { nickname }));
    else if (result === "cancelled") lines.push(text("untrack-cancelled", { nickname }));
    else {
      lines.push(text("untrack-done", named(result)));
      ended.push(result);
    }
  }
  const keyboard = new InlineKeyboard();
  for (const { id, name } of ended) {
    keyboard
      .text(ended.length === 1 ? text("undo") : `${text("undo")}: ${shorten(name, 40)}`, callbackData(turn, "r", id))
      .row();
  }
  await say(ctx, [...lines, ...remarks].join("\n\n"), ended.length > 0 ? keyboard : undefined);
}

/** Another page of the keyboard; when there is no such page any more, the last one. */
export async function untrackPage(request: Request, [page = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const { html, keyboard, number } = await choice(turn, page);
  await redraw(ctx, headed(turn, html), keyboard);
  await acknowledge(ctx, number === page ? undefined : text("page-outdated"));
}

/** A streamer on the keyboard was pressed: one tap ends the tracking, another brings it back. */
export async function untrackPressed(request: Request, [streamerId = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const ended = await untrackStreamer(turn.talk.db.for("untrack"), turn.chatId, streamerId);
  if (ended === undefined) {
    const { html, keyboard } = await choice(turn, 0);
    return await show(turn, { html, keyboard }, text("untrack-gone"));
  }
  const undo = new InlineKeyboard().text(text("undo"), callbackData(turn, "r", ended.id));
  await show(turn, { html: text("untrack-done", named(ended)), keyboard: undo });
}

/** The same from a streamer's card, which was opened at `place` on the list. */
export async function cardUntracked(request: Request, [streamerId = 0, place = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const ended = await untrackStreamer(turn.talk.db.for("untrack"), turn.chatId, streamerId);
  if (ended === undefined) return await listInstead(request, place, "untrack-gone");
  const keyboard = new InlineKeyboard()
    .text(text("undo"), callbackData(turn, "cr", streamerId, place))
    .row()
    .text(text("back"), callbackData(turn, "l", place));
  await show(turn, { html: text("untrack-done", named(ended)), keyboard });
}

/** Undo where the card was: the card is there again. */
export async function cardUndone(request: Request, [streamerId = 0, place = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const undone = await undo(turn, streamerId);
  if ("refusal" in undone) await acknowledge(ctx, undone.refusal);
  else await showCard(request, streamerId, place, "undo-back");
}

export async function undoPressed(request: Request, [streamerId = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const undone = await undo(turn, streamerId);
  if ("refusal" in undone) await acknowledge(ctx, undone.refusal);
  else await show(turn, { html: text("undo-done", named(undone)), keyboard: otherUndos(ctx) });
}

/** Restores a tracking; when that cannot be, why. */
export async function undo(
  { talk: { db, maxTrackings }, chatId, text }: Turn,
  streamerId: number,
): Promise<UntrackResult | { refusal: string }> {
  const orm = db.for("undo_untrack");
  const undone = await undoUntrack(orm, chatId, streamerId, { withinMs: UNDO_MS, maxTrackings });
  switch (undone.kind) {
    case "restored":
    case "already":
      return undone.streamer;
    case "full":
      return { refusal: text("track-full", { max: maxTrackings }) };
    case "late":
      return { refusal: text("undo-late") };
  }
}

/** The buttons of streamers that were ended in the same breath as the one that is restored. */
function otherUndos(ctx: Context): InlineKeyboard {
  const others = callbackButtons(ctx).filter((button) => button.callback_data !== ctx.callbackQuery?.data);
  return InlineKeyboard.from(others.map((button) => [button]));
}

export function named({ name, url }: UntrackResult): { name: string; url: string } {
  return { name: shorten(name, NAME_LENGTH), url };
}

type Choice = Screen & { number?: number };

async function choice(turn: Turn, page: number): Promise<Choice> {
  const { talk, chatId, text } = turn;
  const { tracked } = await listTrackings(talk.db.for("list_trackings"), chatId);
  const keyboard = new InlineKeyboard();
  if (tracked.length === 0) return { html: text("untrack-empty"), keyboard };
  const { shown, number, pages } = pageOf(tracked, page, BUTTONS_A_PAGE);
  for (const { id, name } of shown) keyboard.text(`✖️ ${shorten(name, 50)}`, callbackData(turn, "u", id)).row();
  return {
    html: text("untrack-choose"),
    keyboard: addPageButtons(keyboard, { page: number, pages }, (to) => callbackData(turn, "up", to)),
    number,
  };
}
