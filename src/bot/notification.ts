import { escapeHtml, money, plainText, shorten, type Texts } from "./texts.ts";

/** Items named in one notification; the rest is counted. Ten of the longest fit Telegram's 4,096 characters. */
const ITEMS_SHOWN = 10;
const NAME_LENGTH = 200;

export type NewsToTell = {
  language: string;
  streamerName: string;
  streamerUrl: string;
  items: {
    name: string;
    price: number | null;
    currency: string | null;
    productUrl: string | null;
    imageUrl: string | null;
  }[];
  total: number;
};

/** How news of one streamer reads. The preview shows the first item's picture. Undefined when there is nothing to tell. */
export function renderNews(texts: Texts, news: NewsToTell) {
  const { language, items, total } = news;
  if (items.length === 0) return undefined;
  const shown = items.slice(0, ITEMS_SHOWN);
  const name = shorten(news.streamerName, NAME_LENGTH);
  const lines = [texts(language, "news-title", { name, url: news.streamerUrl, count: total })];
  for (const item of shown) lines.push(itemLine(language, item));
  if (total > shown.length) lines.push(texts(language, "news-more", { count: total - shown.length }));
  const html = lines.join("\n");
  return {
    html,
    plain: plainText(html),
    previewUrl: items.length === 1 ? (items[0]?.imageUrl ?? undefined) : undefined,
  };
}

function itemLine(language: string, item: NewsToTell["items"][number]): string {
  const name = escapeHtml(shorten(item.name, NAME_LENGTH));
  const linked = item.productUrl === null ? name : `<a href="${escapeHtml(item.productUrl)}">${name}</a>`;
  const price = item.price === null || item.currency === null ? "" : ` – ${money(language, item.price, item.currency)}`;
  return `• ${linked}${price}`;
}
