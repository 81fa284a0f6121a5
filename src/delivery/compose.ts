import type { Orm } from "../db/client.ts";
import { type News, type NewsRequest, newsFor } from "../db/news.ts";
import type { OutgoingMessage } from "./telegram.ts";

/** How news reads; undefined when there is nothing to tell. */
export type Render = {
  render: (news: News) => OutgoingMessage | undefined;
  /** Of several streamers, the latest news first. */
  renderDigest: (news: News[]) => OutgoingMessage | undefined;
};

/** One check of one streamer. */
export type Look = { streamerId: number; checkNumber: number };

/** What a message has to tell of one streamer; no news when the chat does not want any. */
export type Part<T extends Look> = { rows: T[]; news: News | undefined };

/** Events of a message that are read; a list of more that is new all at once is told as one of so many. */
const EVENTS_READ = 1_000;

/** A message, and the looks that it is about, oldest first. */
export type Told<T extends Look> = { chatId: number; rows: T[] } & Pick<NewsRequest, "again">;

/** Reads what messages have to tell, each by streamer, the one with the latest look in front. */
export async function readParts<T extends Look>(orm: Orm, messages: Told<T>[]): Promise<Part<T>[][]> {
  const parts = messages.map(({ chatId, rows, again }) => {
    const groups = Map.groupBy(rows.toReversed(), ({ streamerId }) => streamerId);
    return [...groups].map(([streamerId, rows]) => {
      const checkNumbers = rows.map(({ checkNumber }) => checkNumber);
      return { rows, request: { chatId, streamerId, checkNumbers, again } };
    });
  });
  const requests = parts.flat().map(({ request }) => request);
  const news = (await newsFor(orm, requests, EVENTS_READ)).values();
  return parts.map((each) => each.map(({ rows }) => ({ rows, news: news.next().value })));
}

/** Why there is nothing to tell; undefined when there is. */
export function whyNothing(news: News | undefined): string | undefined {
  // The word that Undo looks for.
  if (news === undefined) return "untracked";
  if (news.isMuted) return "muted";
  if (news.items.length === 0) return news.unreadable === undefined ? "nothing to tell" : undefined;
  const isOver = news.items.every(({ kind, state }) => kind !== "gone" && state === "removed");
  return isOver ? "gone already" : undefined;
}

/** Writes the news of one streamer, or a digest. */
export function writeMessage({ render, renderDigest }: Render, news: News[]): OutgoingMessage | undefined {
  const [only, ...others] = news;
  if (only === undefined) return undefined;
  return others.length === 0 ? render(only) : renderDigest(news);
}

/** How many checks of each streamer are in the news, by its id. */
export function seenIn(news: News[]): Record<number, number> {
  return Object.fromEntries(news.map(({ streamerId, checks }) => [streamerId, checks]));
}
