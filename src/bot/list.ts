import type { Context, InlineKeyboard } from "grammy";
import { listTrackings } from "../db/trackings.ts";
import { addPageButtons, pageOf } from "./pages.ts";
import { acknowledge, languageFor, redraw, say, type Talk, textFor } from "./talk.ts";
import { day, shorten } from "./texts.ts";

const STREAMERS_A_PAGE = 10;

/** /list: one statement, and nothing else touches the database. */
export async function listCommand(talk: Talk, ctx: Context): Promise<void> {
  const { html, keyboard } = await listPage(talk, ctx, 0);
  await say(ctx, html, keyboard);
}

/** Another page of the list; when there is no such page any more, the last one. */
export async function listTurned(talk: Talk, ctx: Context, page: number): Promise<void> {
  const { html, keyboard, number } = await listPage(talk, ctx, page);
  await redraw(ctx, html, keyboard);
  await acknowledge(ctx, number === page ? undefined : textFor(talk, ctx)("page-outdated"));
}

type ListPage = { html: string; keyboard?: InlineKeyboard | undefined; number?: number };

async function listPage(talk: Talk, ctx: Context, page: number): Promise<ListPage> {
  const text = textFor(talk, ctx);
  const tracked = await listTrackings(talk.db.for("list_trackings"), ctx.chat?.id ?? 0);
  if (tracked.length === 0) return { html: text("list-empty") };
  const { shown, first, number, pages } = pageOf(tracked, page, STREAMERS_A_PAGE);
  const lines = shown.map(({ name, url, items, trackedAt }, n) =>
    text("list-line", {
      number: first + n + 1,
      name: shorten(name, 100),
      url,
      items,
      since: day(languageFor(ctx), new Date(trackedAt)),
    }),
  );
  const html = [text("list-title", { count: tracked.length }), ...lines].join("\n");
  return { html, keyboard: addPageButtons(undefined, "l", number, pages), number };
}
