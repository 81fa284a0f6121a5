import type { InlineKeyboard } from "grammy";
import type { NewsKind } from "../db/changes.ts";
import type { News } from "../db/news.ts";
import { newsButtons } from "./news-buttons.ts";
import { itemLine, type LineItem, nameLine } from "./news-line.ts";
import { plainText, type Texts } from "./texts.ts";
import { httpUrl, readable } from "./untrusted.ts";

/** Items told in full in one notification; of the rest the names. Ten of the longest leave room for what is around. */
const ITEMS_SHOWN = 10;
/** Names in the fold, and where each is cut: Telegram marks a hundred things in a message, such as what is struck through. */
const NAMES_SHOWN = 60;
const NAME_LENGTH = 64;
/** What Telegram takes in one message: characters that show, and bytes of markup, with a margin. */
const MOST_SHOWN = 4_096;
const MOST_BYTES = 32_000;

export type NewsToTell = Pick<
  News,
  "language" | "chatType" | "streamerId" | "streamerName" | "streamerUrl" | "isMuted" | "unreadable"
> & { items: (LineItem & { imageUrl: string | null })[] };

export type RenderedNews = { html: string; plain: string; previewUrl?: string | undefined; keyboard: InlineKeyboard };

/** Why a list cannot be read, in the words of its subscribers; all else is "does not answer". */
const UNREADABLE: Record<string, string> = {
  not_found: "unreadable-not-found",
  private: "unreadable-private",
  too_long: "unreadable-too-long",
};

const TITLES: Record<NewsKind, string> = {
  added: "news-title",
  cheaper: "news-cheaper",
  available: "news-available",
  gone: "news-gone",
};

/**
 * How news of one streamer reads; undefined when there is nothing to tell. Whatever the site says, Telegram takes the
 * message. A single item is shown with its picture.
 */
export function renderNews(texts: Texts, news: NewsToTell): RenderedNews | undefined {
  const { language, chatType, streamerId, streamerUrl, isMuted, items, unreadable } = news;
  const [first] = items;
  const text = (key: string, variables?: Parameters<Texts>[2]) => texts(language, key, variables);
  const keyboard = newsButtons(text, { streamerId, url: httpUrl(streamerUrl), chatType, muted: isMuted });
  if (first === undefined) {
    if (unreadable === undefined) return undefined;
    const html = unreadableLine(texts, news);
    return { html, plain: plainText(html), keyboard };
  }
  const about = first.kind;
  const shown = items.slice(0, ITEMS_SHOWN).map((item) => itemLine(texts, language, item, { about }));
  const count = items.filter(({ kind }) => kind === about).length;
  const title = text(TITLES[about], about === "added" ? { ...streamerOf(news), count } : streamerOf(news));
  const top = [title, ...shown].join("\n");
  const names = items.slice(ITEMS_SHOWN).map((item) => nameLine(item, { about, length: NAME_LENGTH }));
  const html = top + fold(names, top, (rest) => text("news-more", { count: rest }));
  const previewUrl = items.length === 1 && about !== "gone" ? httpUrl(first.imageUrl) : undefined;
  return { html, plain: plainText(html), previewUrl, keyboard };
}

/** That the list cannot be read, and why. */
export function unreadableLine(texts: Texts, news: NewsToTell): string {
  return texts(news.language, UNREADABLE[news.unreadable ?? ""] ?? "unreadable-silent", streamerOf(news));
}

function streamerOf({ streamerName, streamerUrl }: NewsToTell): { name: string; url: string } {
  return { name: readable(streamerName) ?? readable(streamerUrl) ?? "…", url: httpUrl(streamerUrl) ?? "" };
}

/** As many names as there is room for below `top`, folded up; the rest is counted. */
function fold(lines: string[], top: string, more: (count: number) => string): string {
  const wrap = (count: number) => {
    const rest = lines.length - count;
    const last = rest === 0 ? [] : [more(rest)];
    if (count === 0) return last.map((line) => `\n${line}`).join("");
    return `\n<blockquote expandable>${[...lines.slice(0, count), ...last].join("\n")}</blockquote>`;
  };
  let count = Math.min(lines.length, NAMES_SHOWN);
  while (count > 0 && !fits(top + wrap(count))) count--;
  return wrap(count);
}

/** Whether Telegram takes it. */
export function fits(html: string): boolean {
  return plainText(html).length <= MOST_SHOWN && Buffer.byteLength(html) <= MOST_BYTES;
}
