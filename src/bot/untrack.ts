import { type Context, InlineKeyboard } from "grammy";
import { listTrackings, type UntrackResult, undoUntrack, untrackNickname, untrackStreamer } from "../db/trackings.ts";
import { readAddresses } from "./addresses.ts";
import { addPageButtons, callbackButtons, callbackData, pageOf } from "./buttons.ts";
import { mayChange } from "./rights.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { plainText, shorten } from "./texts.ts";
import { begin, type Request, type Turn } from "./turn.ts";

const BUTTONS_A_PAGE = 8;
/** For how long a tracking that was ended can be restored. */
const UNDO_MS = 3_600_000;
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
  await redraw(ctx, html, keyboard);
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
    await redraw(ctx, html, keyboard);
    return await acknowledge(ctx, text("untrack-gone"));
  }
  const undo = new InlineKeyboard().text(text("undo"), callbackData(turn, "r", ended.id));
  await tell(ctx, text("untrack-done", named(ended)), undo);
}

export async function undoPressed(request: Request, [streamerId = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const { db, maxTrackings } = turn.talk;
  const undone = await undoUntrack(db.for("undo_untrack"), turn.chatId, streamerId, {
    withinMs: UNDO_MS,
    maxTrackings,
  });
  switch (undone.kind) {
    case "restored":
    case "already":
      return await tell(ctx, text("undo-done", named(undone.streamer)), otherUndos(ctx));
    case "full":
      return await acknowledge(ctx, text("track-full", { max: maxTrackings }));
    case "late":
      return await acknowledge(ctx, text("undo-late"));
  }
}

/** Shows in the message what a press has done, or as a toast when the message is gone. */
async function tell(ctx: Context, html: string, keyboard?: InlineKeyboard): Promise<void> {
  const isShown = await redraw(ctx, html, keyboard);
  await acknowledge(ctx, isShown ? undefined : plainText(html));
}

/** The buttons of streamers that were ended in the same breath as the one that is restored. */
function otherUndos(ctx: Context): InlineKeyboard | undefined {
  const others = callbackButtons(ctx).filter((button) => button.callback_data !== ctx.callbackQuery?.data);
  return others.length === 0 ? undefined : InlineKeyboard.from(others.map((button) => [button]));
}

function named({ name, url }: UntrackResult): { name: string; url: string } {
  return { name: shorten(name, NAME_LENGTH), url };
}

type Choice = { html: string; keyboard?: InlineKeyboard | undefined; number?: number };

async function choice(turn: Turn, page: number): Promise<Choice> {
  const { talk, chatId, text } = turn;
  const { tracked } = await listTrackings(talk.db.for("list_trackings"), chatId);
  if (tracked.length === 0) return { html: text("untrack-empty") };
  const { shown, number, pages } = pageOf(tracked, page, BUTTONS_A_PAGE);
  const keyboard = new InlineKeyboard();
  for (const { id, name } of shown) keyboard.text(`✖️ ${shorten(name, 50)}`, callbackData(turn, "u", id)).row();
  return {
    html: text("untrack-choose"),
    keyboard: addPageButtons(keyboard, { page: number, pages }, (to) => callbackData(turn, "up", to)),
    number,
  };
}
