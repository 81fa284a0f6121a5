import { InlineKeyboard } from "grammy";
import {
  ITEM_ORDERS,
  type ItemOrder,
  type Page,
  type ShownItem,
  shownItem,
  trackedStreamer,
  wishlistPage,
} from "../db/items.ts";
import { listTrackings } from "../db/trackings.ts";
import { readAddresses } from "./addresses.ts";
import { addPageButtons, callbackData, pageOf } from "./buttons.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { day, shorten } from "./texts.ts";
import { begin, headed, type Request, type Turn } from "./turn.ts";
import { httpUrl, linked, priced } from "./untrusted.ts";

const ITEMS_A_PAGE = 8;
const STREAMERS_A_PAGE = 8;
const NAME_LENGTH = 100;

/** /wishlist nickname: what is on the list now. Without a nickname: whose? */
export async function wishlistCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  const { wanted, remarks } = readAddresses(args, text);
  const [first] = wanted;
  if (first === undefined) {
    const { html, keyboard } = await choice(turn, 0);
    await say(ctx, [...remarks, html].join("\n\n"), keyboard);
    return;
  }
  const orm = talk.db.for("wishlist");
  const streamerId = await trackedStreamer(orm, chatId, first);
  const page = streamerId === undefined ? undefined : await read(turn, streamerId, 0, "newest");
  if (page === undefined) await say(ctx, text("untrack-unknown", { nickname: first.nickname }));
  else await say(ctx, ...listScreen(turn, page, "newest"));
}

/** Another page of the question whose list to show. */
export async function wishlistChoice(request: Request, [page = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { html, keyboard, number } = await choice(turn, page);
  await redraw(turn.ctx, html, keyboard);
  await acknowledge(turn.ctx, number === page ? undefined : turn.text("page-outdated"));
}

/** One page of a streamer's wishes in one of the orders. */
export async function wishlistShown(request: Request, [streamerId = 0, page = 0, order = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  const found = await read(turn, streamerId, page, orderOf(order));
  if (found === undefined) return await acknowledge(ctx, text("untrack-gone"));
  await redraw(ctx, ...listScreen(turn, found, orderOf(order)));
  await acknowledge(ctx, found.page === page ? undefined : text("page-outdated"));
}

/** One wish with its picture, and the way back to the page it was on. */
export async function wishShown(request: Request, [itemId = 0, page = 0, order = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  const found = await shownItem(talk.db.for("wishlist"), chatId, itemId);
  if (found === undefined) return await acknowledge(ctx, text("button-outdated"));
  const { item, streamer, isRemoved } = found;
  const keyboard = new InlineKeyboard();
  const shop = httpUrl(item.productUrl);
  if (shop !== undefined) keyboard.url(text("wish-open"), shop).row();
  keyboard.text(text("back"), callbackData(turn, "w", streamer.id, page, order));
  const lines = [
    `<b>${linked(item.name, item.productUrl)}</b>`,
    ...[priced(turn.language, item.price, item.currency) ?? []].flat(),
    since(turn, item),
    ...(isRemoved ? [text("wish-gone")] : item.isUnavailable ? [text("wish-unavailable")] : []),
    text("wish-of", { streamer: { html: linked(streamer.name, streamer.url, NAME_LENGTH) } }),
  ];
  await redraw(ctx, headed(turn, lines.join("\n")), keyboard, httpUrl(item.imageUrl));
  await acknowledge(ctx);
}

const orderOf = (order: number): ItemOrder => ITEM_ORDERS[order] ?? "newest";

async function read({ talk, chatId }: Turn, streamerId: number, page: number, order: ItemOrder) {
  const orm = talk.db.for("wishlist");
  return await wishlistPage(orm, { chatId, streamerId, page: Math.max(page, 0), size: ITEMS_A_PAGE, order });
}

function listScreen(
  turn: Turn,
  { streamer, rows, total, page }: Page<ShownItem>,
  order: ItemOrder,
): [string, InlineKeyboard] {
  const { text, language } = turn;
  const first = page * ITEMS_A_PAGE + 1;
  const name = { html: `<b>${linked(streamer.name, streamer.url, NAME_LENGTH)}</b>` };
  const lines = rows.map((item, n) => {
    const price = priced(language, item.price, item.currency);
    const sold = item.isUnavailable ? ` · ${text("wish-sold")}` : "";
    const shown = linked(item.name, item.productUrl, NAME_LENGTH);
    return `${first + n}. ${shown}${price === undefined ? "" : ` – ${price}`}${sold}`;
  });
  const number = ITEM_ORDERS.indexOf(order);
  const keyboard = new InlineKeyboard();
  rows.forEach((item, n) => {
    keyboard.text(`${first + n}`, callbackData(turn, "wi", item.id, page, number));
    if (n % 4 === 3) keyboard.row();
  });
  keyboard.row();
  const pages = Math.ceil(total / ITEMS_A_PAGE);
  addPageButtons(keyboard, { page, pages }, (to) => callbackData(turn, "w", streamer.id, to, number));
  const next = (number + 1) % ITEM_ORDERS.length;
  if (total > 1) keyboard.text(text(ORDER_LABELS[order]), callbackData(turn, "w", streamer.id, 0, next));
  keyboard.text(text("wishlist-card"), callbackData(turn, "c", streamer.id, 0));
  const html = [text("wishlist-title", { streamer: name, count: total }), ...lines].join("\n");
  return [headed(turn, html), keyboard];
}

/** How the list is ordered now; a press goes on to the next order. */
const ORDER_LABELS: Record<ItemOrder, string> = {
  newest: "order-newest",
  cheapest: "order-cheapest",
  dearest: "order-dearest",
};

function since({ text, language }: Turn, { isBaseline, firstSeenAt }: ShownItem): string {
  return text(isBaseline ? "wish-baseline" : "wish-since", { day: day(language, new Date(firstSeenAt)) });
}

async function choice(turn: Turn, page: number) {
  const { talk, chatId, text } = turn;
  const { tracked } = await listTrackings(talk.db.for("list_trackings"), chatId);
  if (tracked.length === 0) return { html: headed(turn, text("list-empty")) };
  const { shown, number, pages } = pageOf(tracked, page, STREAMERS_A_PAGE);
  const keyboard = new InlineKeyboard();
  for (const { id, name } of shown) keyboard.text(shorten(name, 50), callbackData(turn, "w", id, 0, 0)).row();
  addPageButtons(keyboard, { page: number, pages }, (to) => callbackData(turn, "wc", to));
  return { html: headed(turn, text("wishlist-choose")), keyboard, number };
}
