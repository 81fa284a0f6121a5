import { escapeHtml, money, plainText, shorten, type Texts } from "./texts.ts";

/** Items named in one notification; the rest is counted. Ten of the longest fit Telegram's 4,096 visible characters. */
const ITEMS_SHOWN = 10;
const NAME_LENGTH = 200;
/** In bytes, escaped. Telegram takes 32 KiB of markup in all (tdlib/telegram-bot-api, Client.cpp). */
const LINK_LENGTH = 1_500;

export type NewsToTell = {
  language: string;
  streamerName: string;
  streamerUrl: string;
  items: {
    name: string;
    /** In minor units of `currency`. */
    price: number | null;
    currency: string | null;
    productUrl: string | null;
    imageUrl: string | null;
  }[];
  /** How many items there are in all; `items` are the first of them. */
  total: number;
  /** The list could not be read for days: what its looks came to. */
  unreadable?: string | undefined;
};

/** Why a list cannot be read, in the words of its subscribers; all else is "does not answer". */
const UNREADABLE: Record<string, string> = {
  not_found: "unreadable-not-found",
  private: "unreadable-private",
  too_long: "unreadable-too-long",
};

/**
 * How news of one streamer reads; undefined when there is nothing to tell. Whatever the site says, Telegram takes the
 * message. A single item is shown with its picture.
 */
export function renderNews(
  texts: Texts,
  { language, streamerName, streamerUrl, items, total, unreadable }: NewsToTell,
): { html: string; plain: string; previewUrl?: string | undefined } | undefined {
  const [first] = items;
  if (first === undefined && unreadable !== undefined) {
    const variables = { name: readable(streamerName) ?? "…", url: httpUrl(streamerUrl) ?? "" };
    const html = texts(language, UNREADABLE[unreadable] ?? "unreadable-silent", variables);
    return { html, plain: plainText(html) };
  }
  if (first === undefined) return undefined;
  const shown = items.slice(0, ITEMS_SHOWN);
  const name = readable(streamerName) ?? readable(streamerUrl) ?? "…";
  const url = httpUrl(streamerUrl) ?? "";
  const lines = [texts(language, "news-title", { name, url, count: total })];
  for (const item of shown) lines.push(itemLine(language, item));
  if (total > shown.length) lines.push(texts(language, "news-more", { count: total - shown.length }));
  const html = lines.join("\n");
  const previewUrl = total === 1 ? httpUrl(first.imageUrl) : undefined;
  return { html, plain: plainText(html), previewUrl };
}

function itemLine(language: string, item: NewsToTell["items"][number]): string {
  const name = escapeHtml(readable(item.name) ?? "…");
  const url = httpUrl(item.productUrl);
  const linked = url === undefined ? name : `<a href="${escapeHtml(url)}">${name}</a>`;
  return `• ${linked}${price(language, item)}`;
}

function price(language: string, { price, currency }: NewsToTell["items"][number]): string {
  // Intl throws at what is no currency's code.
  if (price === null || currency === null || !/^[a-z]{3}$/i.test(currency)) return "";
  return ` – ${escapeHtml(money(language, price, currency))}`;
}

/**
 * A name as it was written, on one line, cut to its length; without what would turn round the writing of what follows,
 * and without halves of characters, which Telegram refuses. Undefined when nothing of it can be seen.
 */
function readable(name: string): string | undefined {
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
  return /[^\p{Z}\p{Cf}\p{M}\u3164]/u.test(line) ? shorten(line, NAME_LENGTH) : undefined;
}

/** A link that Telegram takes: others would cost the message its markup, or become a mention of a person. */
function httpUrl(url: string | null): string | undefined {
  if (url === null || !URL.canParse(url)) return undefined;
  const { protocol, hostname, href } = new URL(url);
  if ((protocol !== "https:" && protocol !== "http:") || !/^[^.].*\.[^.]/.test(hostname)) return undefined;
  return Buffer.byteLength(escapeHtml(href)) > LINK_LENGTH ? undefined : href;
}
