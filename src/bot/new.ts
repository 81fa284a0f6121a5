import { InlineKeyboard } from "grammy";
import { recentItems } from "../db/items.ts";
import { addPageButtons, callbackData } from "./buttons.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { date } from "./texts.ts";
import { begin, headed, type Request, type Turn } from "./turn.ts";
import { linked, priced } from "./untrusted.ts";

const ITEMS_A_PAGE = 10;
const DAYS = 7;
const NAME_LENGTH = 100;

/** /new: what appeared in the last days on all the lists that the chat follows. */
export async function newCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { html, keyboard } = await screen(turn, 0);
  await say(turn.ctx, html, keyboard);
}

export async function newTurned(request: Request, [page = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { html, keyboard, number } = await screen(turn, page);
  await redraw(turn.ctx, html, keyboard);
  await acknowledge(turn.ctx, number === page ? undefined : turn.text("page-outdated"));
}

async function screen(turn: Turn, asked: number) {
  const { talk, chatId, text, language } = turn;
  const { rows, total, page } = await recentItems(talk.db.for("recent_items"), {
    ...{ chatId, withinMs: DAYS * 24 * 3_600_000, size: ITEMS_A_PAGE },
    page: Math.max(asked, 0),
  });
  if (total === 0) return { html: headed(turn, text("new-none", { days: DAYS })), number: asked };
  const lines: string[] = [];
  let heading = "";
  for (const { streamerName, streamerUrl, name, price, currency, productUrl, isUnavailable, at } of rows) {
    // What appeared on one day at one streamer's stands together.
    const above = `<b>${linked(streamerName, streamerUrl, NAME_LENGTH)}</b> · ${date(language, new Date(at))}`;
    if (above !== heading) lines.push(`${heading === "" ? "" : "\n"}${above}`);
    heading = above;
    const cost = priced(language, price, currency);
    const sold = isUnavailable ? ` · ${text("wish-sold")}` : "";
    lines.push(`• ${linked(name, productUrl, NAME_LENGTH)}${cost === undefined ? "" : ` – ${cost}`}${sold}`);
  }
  const keyboard = new InlineKeyboard();
  addPageButtons(keyboard, { page, pages: Math.ceil(total / ITEMS_A_PAGE) }, (to) => callbackData(turn, "n", to));
  const html = [text("new-title", { count: total, days: DAYS }), "", ...lines].join("\n");
  return { html: headed(turn, html), keyboard, number: page };
}
