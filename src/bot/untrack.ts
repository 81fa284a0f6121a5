import { type Context, InlineKeyboard } from "grammy";
import { type ListedStreamer, listTrackings, undoUntrack, untrackNickname, untrackStreamer } from "../db/trackings.ts";
import { addPageButtons, pageOf } from "./pages.ts";
import { mayChange } from "./rights.ts";
import { acknowledge, redraw, say, type Talk, textFor } from "./talk.ts";
import { shorten } from "./texts.ts";
import { readAddresses } from "./track.ts";

const BUTTONS_A_PAGE = 8;
/** For how long a tracking that was ended can be restored. */
const UNDO_MS = 3_600_000;

/** /untrack: by nickname, or from a keyboard of the chat's streamers. */
export async function untrackCommand(talk: Talk, ctx: Context, args: string): Promise<void> {
  const text = textFor(talk, ctx);
  if (ctx.chat === undefined) return;
  if (!(await mayChange(ctx))) {
    await say(ctx, text("only-admins"));
    return;
  }
  const words = args.split(/[\s,;]+/).filter((word) => word !== "");
  if (words.length === 0) {
    const { html, keyboard } = await choice(talk, ctx, 0);
    await say(ctx, html, keyboard);
    return;
  }
  const { wanted, remarks } = readAddresses(words, text);
  const lines: string[] = [];
  const keyboard = new InlineKeyboard();
  for (const address of wanted) {
    const { nickname } = address;
    const ended = await untrackNickname(talk.db.for("untrack"), ctx.chat.id, address);
    if (ended === undefined) lines.push(text("untrack-unknown", { nickname }));
    else if (ended === "cancelled") lines.push(text("untrack-cancelled", { nickname }));
    else {
      lines.push(text("untrack-done", { name: ended.name, url: ended.url }));
      const label = wanted.length === 1 ? text("undo") : `${text("undo")} ${shorten(ended.name, 40)}`;
      keyboard.text(label, `v1:r:${ended.id}`).row();
    }
  }
  await say(
    ctx,
    [...lines, ...remarks].join("\n"),
    keyboard.inline_keyboard.some((row) => row.length > 0) ? keyboard : undefined,
  );
}

/** Another page of the keyboard. */
export async function untrackPage(talk: Talk, ctx: Context, page: number): Promise<void> {
  const { html, keyboard } = await choice(talk, ctx, page);
  await redraw(ctx, html, keyboard);
  await acknowledge(ctx);
}

/** A streamer on the keyboard was pressed: one tap ends the tracking, another brings it back. */
export async function untrackPressed(talk: Talk, ctx: Context, streamerId: number): Promise<void> {
  const text = textFor(talk, ctx);
  if (ctx.chat === undefined) return;
  if (!(await mayChange(ctx))) return await acknowledge(ctx, text("only-admins"));
  const ended = await untrackStreamer(talk.db.for("untrack"), ctx.chat.id, streamerId);
  if (ended === undefined) {
    const { html, keyboard } = await choice(talk, ctx, 0);
    await redraw(ctx, html, keyboard);
    return await acknowledge(ctx, text("untrack-gone"));
  }
  const undo = new InlineKeyboard().text(text("undo"), `v1:r:${ended.id}`);
  await redraw(ctx, text("untrack-done", { name: ended.name, url: ended.url }), undo);
  await acknowledge(ctx);
}

export async function undoPressed(talk: Talk, ctx: Context, streamerId: number): Promise<void> {
  const text = textFor(talk, ctx);
  if (ctx.chat === undefined) return;
  if (!(await mayChange(ctx))) return await acknowledge(ctx, text("only-admins"));
  const { db, maxTrackings } = talk;
  const undone = await undoUntrack(db.for("undo_untrack"), ctx.chat.id, streamerId, {
    withinMs: UNDO_MS,
    maxTrackings,
  });
  switch (undone.kind) {
    case "restored":
    case "already":
      await redraw(ctx, text("undo-done", { name: undone.streamer.name, url: undone.streamer.url }));
      return await acknowledge(ctx);
    case "full":
      return await acknowledge(ctx, text("track-full", { max: maxTrackings }));
    case "late":
      return await acknowledge(ctx, text("undo-late"));
  }
}

async function choice(talk: Talk, ctx: Context, page: number): Promise<{ html: string; keyboard?: InlineKeyboard }> {
  const text = textFor(talk, ctx);
  const tracked: ListedStreamer[] = await listTrackings(talk.db.for("list_trackings"), ctx.chat?.id ?? 0);
  if (tracked.length === 0) return { html: text("untrack-empty") };
  const { shown, number, pages } = pageOf(tracked, page, BUTTONS_A_PAGE);
  const keyboard = new InlineKeyboard();
  for (const { id, name } of shown) keyboard.text(`✖️ ${shorten(name, 50)}`, `v1:u:${id}`).row();
  return { html: text("untrack-choose"), keyboard: addPageButtons(keyboard, "up", number, pages) };
}
