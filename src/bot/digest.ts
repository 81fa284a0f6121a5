import { InlineKeyboard } from "grammy";
import { itemLine } from "./news-line.ts";
import { fits, type NewsToTell, type RenderedNews, unreadableLine } from "./notification.ts";
import { plainText, type Texts } from "./texts.ts";
import { linked } from "./untrusted.ts";

/** Items told of each streamer: as many as all of them leave room for. */
const ITEMS_SHOWN = [10, 7, 5, 3, 2, 1];
const NAME_LENGTH = 80;
/** Telegram marks a hundred things in a message, such as links: what comes after has none. */
const MOST_MARKS = 100;
/** Of a streamer's name, which is bold and a link. */
const MARKS_OF_NAME = 2;

/** What has piled up of several streamers, the latest first, in one message; undefined when there is nothing to tell. */
export function renderDigest(texts: Texts, news: NewsToTell[]): RenderedNews | undefined {
  const [first] = news;
  if (first === undefined) return undefined;
  const { language, chatType } = first;
  const keyboard = new InlineKeyboard();
  // A channel's readers follow nobody.
  if (chatType !== "channel") keyboard.text(texts(language, "digest-open"), "v1:n:0");
  const html = bodyOf(texts, language, news);
  return { html, plain: plainText(html), keyboard };
}

function bodyOf(texts: Texts, language: string, news: NewsToTell[]): string {
  const title = texts(language, "digest-title");
  const paragraphs = (most: number) => news.map((one) => paragraph(texts, one, most));
  // Most items are links: what leaves no room for these is not even written.
  for (const most of ITEMS_SHOWN.filter((most) => news.length * (MARKS_OF_NAME + most) <= MOST_MARKS)) {
    const html = [title, ...paragraphs(most)].join("\n\n");
    if (isTaken(html)) return html;
  }
  const shortest = paragraphs(1);
  for (let count = shortest.length - 1; count > 0; count--) {
    const rest = texts(language, "digest-streamers", { count: shortest.length - count });
    const html = [title, ...shortest.slice(0, count), rest].join("\n\n");
    if (isTaken(html)) return html;
  }
  return title;
}

/** A streamer with the first items; the rest is counted. */
function paragraph(texts: Texts, news: NewsToTell, most: number): string {
  const { language, streamerName, streamerUrl, items } = news;
  if (items.length === 0) return unreadableLine(texts, news);
  const shown = items.slice(0, most);
  const lines = shown.map((item) => itemLine(texts, language, item, { about: "added", length: NAME_LENGTH }));
  const rest = items.length - shown.length;
  if (rest > 0) lines.push(texts(language, "news-more", { count: rest }));
  return [`<b>${linked(streamerName, streamerUrl, NAME_LENGTH)}</b>`, ...lines].join("\n");
}

function isTaken(html: string): boolean {
  return fits(html) && (html.match(/<[a-z]/g) ?? []).length <= MOST_MARKS;
}
