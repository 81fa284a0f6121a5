import { escapeHtml, money, shorten } from "./texts.ts";

/** What a wishlist site says, made fit to be shown: whatever it is, Telegram takes the message. */

const NAME_LENGTH = 200;
/** In bytes, escaped. Telegram takes 32 KiB of markup in all (tdlib/telegram-bot-api, Client.cpp). */
const LINK_LENGTH = 1_500;

/**
 * A name as it was written, on one line, cut to its length; without what would turn round the writing of what follows,
 * and without halves of characters, which Telegram refuses. Undefined when nothing of it can be seen.
 */
export function readable(name: string, length = NAME_LENGTH): string | undefined {
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
  return /[^\p{Z}\p{Cf}\p{M}\u3164]/u.test(line) ? shorten(line, length) : undefined;
}

/** A link that Telegram takes: others would cost the message its markup, or become a mention of a person. */
export function httpUrl(url: string | null): string | undefined {
  if (url === null || !URL.canParse(url)) return undefined;
  const { protocol, hostname, href } = new URL(url);
  if ((protocol !== "https:" && protocol !== "http:") || !/^[^.].*\.[^.]/.test(hostname)) return undefined;
  return Buffer.byteLength(escapeHtml(href)) > LINK_LENGTH ? undefined : href;
}

/** A name that leads to its page, as HTML; the name alone where there is no page to lead to. */
export function linked(name: string, url: string | null, length?: number): string {
  const shown = escapeHtml(readable(name, length) ?? "…");
  const href = httpUrl(url);
  return href === undefined ? shown : `<a href="${escapeHtml(href)}">${shown}</a>`;
}

/** A price as HTML; undefined when there is none, or when its currency is no currency's code, at which Intl throws. */
export function priced(language: string, price: number | null, currency: string | null): string | undefined {
  if (price === null || currency === null || !/^[a-z]{3}$/i.test(currency)) return undefined;
  return escapeHtml(money(language, price, currency));
}
