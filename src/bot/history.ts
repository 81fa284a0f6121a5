import { InlineKeyboard } from "grammy";
import { type HistoryPage, historyPage, type PastOfItem, type ShownEvent } from "../db/items.ts";
import { addPageButtons, callbackData } from "./buttons.ts";
import { someDay, zoneOf } from "./clock.ts";
import { acknowledge, redraw } from "./talk.ts";
import { begin, headed, type Request, type Turn } from "./turn.ts";
import { linked, priced, readable } from "./untrusted.ts";

const ROWS_A_PAGE = 10;
const NAME_LENGTH = 100;

const KINDS = {
  added: "event-added",
  returned: "event-returned",
  removed: "event-removed",
  unavailable: "event-unavailable",
  available: "event-available",
  // Without prices to be shown.
  price_changed: "event-returned",
} as const;

/** What has happened to a streamer's list, the latest first; what is long past in short. */
export async function historyShown(request: Request, [streamerId = 0, asked = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  const found = await historyPage(talk.db.for("history"), {
    ...{ chatId, streamerId, size: ROWS_A_PAGE },
    page: Math.max(asked, 0),
  });
  if (found === undefined) return await acknowledge(ctx, text("untrack-gone"));
  const { page } = found;
  const keyboard = new InlineKeyboard();
  const pages = Math.ceil(found.total / ROWS_A_PAGE);
  addPageButtons(keyboard, { page, pages }, (to) => callbackData(turn, "h", streamerId, to));
  keyboard.text(text("back"), callbackData(turn, "c", streamerId, 0));
  await redraw(ctx, headed(turn, linesOf(turn, found).join("\n")), keyboard);
  await acknowledge(ctx, page === asked ? undefined : text("page-outdated"));
}

function linesOf(turn: Turn, { streamer, rows, total, now }: HistoryPage): string[] {
  const { text, language, settings } = turn;
  const name = { html: `<b>${linked(streamer.name, streamer.url, NAME_LENGTH)}</b>` };
  const day = (at: number) => someDay(language, at, now, zoneOf(settings));
  const past = rows.filter((row) => row.kind === "past");
  return [
    text(total === 0 ? "history-none" : "history-title", { streamer: name }),
    ...rows.filter((row) => row.kind !== "past").map((event) => eventLine(turn, event, day(event.at))),
    ...(past.length > 0 ? ["", text("history-past-title")] : []),
    ...past.map((item) => pastLine(turn, item, day)),
  ];
}

function eventLine(
  { text, language }: Turn,
  { kind, name, price, previousPrice, currency }: ShownEvent,
  day: string,
): string {
  const item = readable(name, NAME_LENGTH) ?? "…";
  const now = priced(language, price, currency);
  const before = priced(language, previousPrice, currency);
  if (kind === "price_changed" && now !== undefined && before !== undefined) {
    const key = Number(price) < Number(previousPrice) ? "event-cheaper" : "event-dearer";
    return text(key, { day, item, before: { html: before }, now: { html: now } });
  }
  return text(KINDS[kind], { day, item });
}

/** What happened to one item so long ago that single events are not kept. */
function pastLine({ text, language }: Turn, past: PastOfItem, day: (at: number) => string): string {
  const { name, events, currency, isAddedOnly, isRemoved } = past;
  const item = readable(name, NAME_LENGTH) ?? "…";
  const [from, to] = [day(past.from), day(past.to)];
  const line = isAddedOnly
    ? text("event-added", { day: from, item })
    : text("history-past", { days: from === to ? from : `${from} – ${to}`, item, count: events });
  const lowest = priced(language, past.lowest, currency);
  const highest = priced(language, past.highest, currency);
  return [
    line,
    ...(lowest === undefined || highest === undefined ? [] : [lowest === highest ? lowest : `${lowest} – ${highest}`]),
    ...(isRemoved ? [text("history-past-gone")] : []),
  ].join(" · ");
}
