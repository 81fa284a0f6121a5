import { InlineKeyboard } from "grammy";
import { type ListedStreamer, listTrackings } from "../db/trackings.ts";
import { addPageButtons, callbackData, pageOf } from "./buttons.ts";
import { recentDay, zoneOf } from "./clock.ts";
import { addWayBack } from "./screen.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { day } from "./texts.ts";
import { chatHere, headed, type Request, type Turn, turnOf } from "./turn.ts";
import { linked } from "./untrusted.ts";

const STREAMERS_A_PAGE = 10;
const NUMBERS_A_ROW = 5;
const NAME_LENGTH = 64;

/** How the list can be ordered, and what the button that leads on to the next order says. */
const ORDERS = ["news", "name", "since"] as const;
const ORDER_LABELS: Record<Order, string> = { news: "list-by-news", name: "list-by-name", since: "list-by-since" };
type Order = (typeof ORDERS)[number];

/** A page of the list in one of its orders, as one number for a button's data: cards lead back to where they were opened. */
function placeAt(page: number, order: number): number {
  return page * ORDERS.length + order;
}

function readPlace(place: number): { page: number; order: Order } {
  const order = ORDERS[place % ORDERS.length] ?? "news";
  return { page: Math.floor(place / ORDERS.length), order };
}

/** /list: one statement, and nothing else touches the database. */
export async function listCommand(request: Request): Promise<void> {
  const { html, keyboard } = await listScreen(request, 0);
  await say(request.ctx, html, keyboard);
}

/** A page of the list; when there is no such page any more, the last one. */
export async function listTurned(request: Request, [place = 0]: number[]): Promise<void> {
  const { turn, html, keyboard, page } = await listScreen(request, place);
  await redraw(request.ctx, html, keyboard);
  await acknowledge(request.ctx, page === readPlace(place).page ? undefined : turn.text("page-outdated"));
}

/** Shows the list where a card was, with a word about why. */
export async function listInstead(request: Request, place: number, toast: string): Promise<void> {
  const { turn, html, keyboard } = await listScreen(request, place);
  await redraw(request.ctx, html, keyboard);
  await acknowledge(request.ctx, turn.text(toast));
}

type ListScreen = { turn: Turn; html: string; keyboard: InlineKeyboard; page?: number };

async function listScreen(request: Request, place: number): Promise<ListScreen> {
  const { chat, tracked, now } = await listTrackings(request.talk.db.for("list_trackings"), request.chatId);
  const turn = turnOf(request, chat, await chatHere(request, chat));
  const { text } = turn;
  const keyboard = new InlineKeyboard();
  if (tracked.length === 0) {
    return { turn, html: headed(turn, text("list-empty")), keyboard: addWayBack(turn, keyboard) };
  }
  const { page: asked, order } = readPlace(place);
  const number = ORDERS.indexOf(order);
  const { shown, first, number: page, pages } = pageOf(ordered(turn, tracked, order), asked, STREAMERS_A_PAGE);
  const lines = shown.map((streamer, n) => line(turn, streamer, first + n + 1, now));
  shown.forEach(({ id }, n) => {
    keyboard.text(`${first + n + 1}`, callbackData(turn, "c", id, placeAt(page, number)));
    if (n % NUMBERS_A_ROW === NUMBERS_A_ROW - 1) keyboard.row();
  });
  keyboard.row();
  addPageButtons(keyboard, { page, pages }, (to) => callbackData(turn, "l", placeAt(to, number)));
  const next = placeAt(0, (number + 1) % ORDERS.length);
  if (tracked.length > 1) keyboard.text(text(ORDER_LABELS[order]), callbackData(turn, "l", next));
  const html = [text("list-title", { count: tracked.length }), ...lines, "", text("list-hint")].join("\n");
  return { turn, html: headed(turn, html), keyboard: addWayBack(turn, keyboard), page };
}

function ordered({ language }: Turn, tracked: ListedStreamer[], order: Order): ListedStreamer[] {
  switch (order) {
    case "news":
      return tracked.toSorted((a, b) => (b.newsAt ?? 0) - (a.newsAt ?? 0));
    case "name": {
      const { compare } = new Intl.Collator(language, { numeric: true });
      return tracked.toSorted((a, b) => compare(a.name, b.name));
    }
    case "since":
      return tracked;
  }
}

function line(
  { text, language, settings }: Turn,
  { name, url, items, trackedAt, newsAt, isMuted, isUnreadable }: ListedStreamer,
  number: number,
  now: number,
): string {
  const marks = `${isMuted ? " 🔕" : ""}${isUnreadable ? " ⚠️" : ""}`;
  const shown = text("list-line", {
    ...{ number, items },
    name: { html: `${linked(name, url, NAME_LENGTH)}${marks}` },
    since: day(language, new Date(trackedAt)),
  });
  const zone = zoneOf(settings);
  return newsAt === null ? shown : `${shown}${text("list-news", { day: recentDay(language, newsAt, now, zone) })}`;
}
