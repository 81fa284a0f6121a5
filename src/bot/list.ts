import { InlineKeyboard } from "grammy";
import { listTrackings } from "../db/trackings.ts";
import { addPageButtons, callbackData, pageOf } from "./buttons.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { day, shorten } from "./texts.ts";
import { type Request, type Turn, turnOf } from "./turn.ts";

const STREAMERS_A_PAGE = 10;

/** /list: one statement, and nothing else touches the database. */
export async function listCommand(request: Request): Promise<void> {
  const { html, keyboard } = await listPage(request, 0);
  await say(request.ctx, html, keyboard);
}

/** Another page of the list; when there is no such page any more, the last one. */
export async function listTurned(request: Request, [page = 0]: number[]): Promise<void> {
  const { turn, html, keyboard, number } = await listPage(request, page);
  await redraw(request.ctx, html, keyboard);
  await acknowledge(request.ctx, number === page ? undefined : turn.text("page-outdated"));
}

type ListPage = { turn: Turn; html: string; keyboard?: InlineKeyboard; number?: number };

async function listPage(request: Request, page: number): Promise<ListPage> {
  const { chat, tracked } = await listTrackings(request.talk.db.for("list_trackings"), request.chatId);
  const turn = turnOf(request, chat);
  const { text, language } = turn;
  if (tracked.length === 0) return { turn, html: text("list-empty") };
  const { shown, first, number, pages } = pageOf(tracked, page, STREAMERS_A_PAGE);
  const lines = shown.map(({ name, url, items, trackedAt }, n) =>
    text("list-line", {
      number: first + n + 1,
      name: shorten(name, 100),
      url,
      items,
      since: day(language, new Date(trackedAt)),
    }),
  );
  const html = [text("list-title", { count: tracked.length }), ...lines].join("\n");
  const keyboard = addPageButtons(new InlineKeyboard(), { page: number, pages }, (to) => callbackData(turn, "l", to));
  return { turn, html, keyboard, number };
}
