import type { NewsItem, NewsKind } from "../db/changes.ts";
import { escapeHtml, languageOf, type Texts } from "./texts.ts";
import { linked, priced, readable } from "./untrusted.ts";

/** An item as far as its line shows it. */
export type LineItem = Pick<
  NewsItem,
  "kind" | "name" | "price" | "previousPrice" | "currency" | "productUrl" | "state"
>;

/** What stands before an item: a point for what the title is about, and a mark for what is told besides. */
const MARKS: Record<NewsKind, string> = { added: "🎁", cheaper: "📉", available: "✅", gone: "✖️" };

type LineOptions = {
  /** What the title above it is about. */
  about: NewsKind;
  /** Names are cut to it. */
  length?: number;
};

/** "• Lamp – 2,000 ₽": one item of a notification, as HTML. What cannot be had any more is struck through. */
export function itemLine(texts: Texts, language: string, item: LineItem, { about, length }: LineOptions): string {
  const { kind, state } = item;
  const cost = costOf(texts, language, item);
  const name = linked(item.name, item.productUrl, length);
  const told = cost === undefined ? name : `${name} – ${cost}`;
  const notes: string[] = [];
  if (kind === "available" && about !== kind && state === "listed") notes.push(texts(language, "news-line-available"));
  if (state === "removed") notes.push(texts(language, "news-line-removed"));
  if (state === "sold_out") notes.push(texts(language, "wish-sold"));
  const isOver = kind !== "gone" && state !== "listed";
  return [`${markOf(kind, about)} ${isOver ? `<s>${told}</s>` : told}`, ...notes].join(" · ");
}

/** "• Lamp": the name alone, for where there is little room. */
export function nameLine({ kind, name, state }: LineItem, { about, length }: LineOptions): string {
  const shown = escapeHtml(readable(name, length) ?? "…");
  return `${markOf(kind, about)} ${kind !== "gone" && state !== "listed" ? `<s>${shown}</s>` : shown}`;
}

const markOf = (kind: NewsKind, about: NewsKind) => (kind === about ? "•" : MARKS[kind]);

function costOf(texts: Texts, language: string, { kind, price, previousPrice, currency }: LineItem) {
  const now = priced(language, price, currency);
  const before = priced(language, previousPrice, currency);
  if (kind !== "cheaper" || now === undefined || before === undefined) return now;
  const drop = lessBy(language, Number(previousPrice), Number(price));
  return texts(language, "news-line-cheaper", { before: { html: before }, now: { html: now }, drop });
}

/** "−25 %": a loss of less than half a percent is told as less than one. */
function lessBy(language: string, before: number, now: number): string {
  const share = (before - now) / before;
  const format = new Intl.NumberFormat(languageOf(language), { style: "percent", maximumFractionDigits: 0 });
  return share < 0.005 ? `< ${format.format(0.01)}` : `−${format.format(share)}`;
}
