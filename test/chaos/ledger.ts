import type { Finding, Follow, Row, Told, Wish } from "./history.ts";

export type Books = { wishes: Wish[]; follows: Follow[]; told: Told[]; rows: Row[] };

export type Balance = {
  /** Acknowledged facts: a wish that was added while a chat followed its streamer, once for each such chat. */
  events: number;
  lost: Finding[];
  unexpected: Finding[];
  /** From a wish's appearance until a chat was told, in ms, shortest first; those that were only counted are left out. */
  delaysMs: number[];
};

/** A message that was claimed when its chat gave up a streamer may still go out. */
const GRACE_MS = 10_000;

/** Compares what was owed with what arrived, as Jepsen's set checker does. */
export function balance(books: Books): Balance {
  const { wishes, follows, told } = books;
  const heard = firstTold(told);
  const counted = countedOnly(books);
  const byStreamer = Map.groupBy(follows, ({ streamer }) => streamer);
  const lost: Finding[] = [];
  const delaysMs: number[] = [];
  let events = 0;
  for (const wish of wishes) {
    const { token, streamer, addedAt: at } = wish;
    for (const { chat } of owedTo(wish, byStreamer.get(streamer) ?? [])) {
      events++;
      const toldAt = heard.get(`${chat} ${token}`);
      if (toldAt !== undefined) delaysMs.push(toldAt - at);
      else if (!counted.has(`${chat} ${token}`)) lost.push({ what: "never told", chat, streamer, token, at });
    }
  }
  return { events, lost, unexpected: unexpected(books, byStreamer), delaysMs: delaysMs.sort((a, b) => a - b) };
}

/** Who must hear of a wish: whoever had been told "tracking" before it appeared, and has not left. */
export function owedTo({ fate, addedAt, goneAt, settled }: Wish, follows: Follow[]): Follow[] {
  if (fate !== "news" || (goneAt !== undefined && settled !== true)) return [];
  return follows.filter(
    ({ since, leftAskedAt }) => since !== undefined && since < addedAt && leftAskedAt === undefined,
  );
}

/** When each chat was first told of each wish, by `<chat> <token>`. */
export function firstTold(told: Told[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { chat, tokens, at } of told) {
    for (const token of tokens) if (!first.has(`${chat} ${token}`)) first.set(`${chat} ${token}`, at);
  }
  return first;
}

/** Wishes behind "…and 5 more": those of the checks that such a message was about, if it counts exactly them. */
function countedOnly({ told, rows }: Books): Set<string> {
  const groups = Map.groupBy(
    rows.filter(({ group }) => group !== undefined),
    ({ chat, group }) => `${chat} ${group}`,
  );
  const byChat = Map.groupBy([...groups.values()], ([row]) => row?.chat ?? 0);
  const counted = new Set<string>();
  for (const { chat, tokens, more } of told) {
    if (more === 0) continue;
    for (const group of byChat.get(chat) ?? []) {
      const all = new Set(group.flatMap((row) => row.tokens));
      if (all.size !== tokens.length + more || !tokens.every((token) => all.has(token))) continue;
      for (const token of all) counted.add(`${chat} ${token}`);
    }
  }
  return counted;
}

function unexpected({ wishes, told }: Books, follows: Map<string, Follow[]>): Finding[] {
  const byToken = new Map(wishes.map((wish) => [wish.token, wish]));
  const firstAnywhere = new Map<number, number>();
  for (const { tokens, at } of told) {
    for (const token of tokens) if (!firstAnywhere.has(token)) firstAnywhere.set(token, at);
  }
  return told.flatMap((message) =>
    message.tokens.flatMap((token) => {
      const wish = byToken.get(token);
      const spans = (follows.get(wish?.streamer ?? "") ?? []).filter(({ chat }) => chat === message.chat);
      const what = complaint(message, wish, spans, firstAnywhere.get(token) ?? message.at);
      return what === undefined ? [] : [{ what, chat: message.chat, streamer: wish?.streamer, token, at: message.at }];
    }),
  ) as Finding[];
}

/** Why the chat should not have been told; `firstAt`: when anybody was. */
function complaint(message: Told, wish: Wish | undefined, spans: Follow[], firstAt: number): string | undefined {
  if (wish === undefined) return "told of a wish that never was";
  if (wish.fate === "known") return "told of a wish that was there before";
  if (wish.fate === "again") return "told of a product that was only added again";
  if (message.at < wish.addedAt) return "told before it was added";
  const open = spans.filter(
    ({ askedAt, leftAt }) => askedAt <= message.at && message.at <= (leftAt ?? message.at) + GRACE_MS,
  );
  if (open.length === 0) return "told to a chat that does not follow";
  if (open.every(({ thread }) => thread !== message.thread)) return "told in another place than was asked for";
  // Somebody else knew already, so the bot had found it before this chat asked.
  const isOld = spans.every(({ askedAt }) => askedAt > wish.addedAt) && open.every(({ askedAt }) => askedAt > firstAt);
  return isOld ? "told of a wish that was found before the chat asked" : undefined;
}
