import { InlineKeyboard } from "grammy";
import { historyPage, type ShownEvent } from "../db/items.ts";
import { addPageButtons, callbackData } from "./buttons.ts";
import { acknowledge, redraw } from "./talk.ts";
import { date } from "./texts.ts";
import { begin, headed, type Request, type Turn } from "./turn.ts";
import { linked, priced, readable } from "./untrusted.ts";

const EVENTS_A_PAGE = 10;
const NAME_LENGTH = 100;

const KINDS: Record<string, string> = {
  added: "event-added",
  returned: "event-returned",
  removed: "event-removed",
  unavailable: "event-unavailable",
  available: "event-available",
};

/** What has happened to a streamer's list, the latest first. */
export async function historyShown(request: Request, [streamerId = 0, asked = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  const found = await historyPage(talk.db.for("history"), {
    ...{ chatId, streamerId, size: EVENTS_A_PAGE },
    page: Math.max(asked, 0),
  });
  if (found === undefined) return await acknowledge(ctx, text("untrack-gone"));
  const { streamer, rows, total, page } = found;
  const keyboard = new InlineKeyboard();
  const pages = Math.ceil(total / EVENTS_A_PAGE);
  addPageButtons(keyboard, { page, pages }, (to) => callbackData(turn, "h", streamerId, to));
  keyboard.text(text("back"), callbackData(turn, "c", streamerId, 0));
  const name = { html: `<b>${linked(streamer.name, streamer.url, NAME_LENGTH)}</b>` };
  const lines = rows.map((event) => line(turn, event));
  const title = text(total === 0 ? "history-none" : "history-title", { streamer: name });
  await redraw(ctx, headed(turn, [title, ...lines].join("\n")), keyboard);
  await acknowledge(ctx, page === asked ? undefined : text("page-outdated"));
}

function line({ text, language }: Turn, { kind, name, price, previousPrice, currency, at }: ShownEvent): string {
  const item = readable(name, NAME_LENGTH) ?? "…";
  const day = date(language, new Date(at));
  const now = priced(language, price, currency);
  const before = priced(language, previousPrice, currency);
  if (kind === "price_changed" && now !== undefined && before !== undefined) {
    const key = Number(price) < Number(previousPrice) ? "event-cheaper" : "event-dearer";
    return text(key, { day, item, before: { html: before }, now: { html: now } });
  }
  return text(KINDS[kind] ?? "event-returned", { day, item });
}
