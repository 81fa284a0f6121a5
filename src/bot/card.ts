import { InlineKeyboard } from "grammy";
import { type Card, readCard } from "../db/card.ts";
import { FOREVER_MS, notifyOf } from "../db/settings.ts";
import { callbackData } from "./buttons.ts";
import { moment, recentDay, someDay, zoneOf } from "./clock.ts";
import { filterLines } from "./filters.ts";
import { levelOf } from "./levels.ts";
import { listInstead } from "./list.ts";
import { notifyWords } from "./notify.ts";
import { isOperator } from "./operators.ts";
import { type Screen, show } from "./screen.ts";
import { trackingLead } from "./screens.ts";
import { threadOf } from "./talk.ts";
import { day } from "./texts.ts";
import { chatHere, type Request, type Turn, turnOf } from "./turn.ts";
import { httpUrl, linked } from "./untrusted.ts";

const NAME_LENGTH = 100;

/** A streamer's card in place of the list, or of what it led to; `place` is where on the list. */
export async function cardPressed(request: Request, [streamerId = 0, place = 0]: number[]): Promise<void> {
  await showCard(request, streamerId, place);
}

/** The same, with a word about what has been done; the list is shown when the chat does not follow the streamer any more. */
export async function showCard(request: Request, streamerId: number, place: number, toast?: string): Promise<void> {
  const { turn, card } = await findCard(request, streamerId);
  if (card === undefined) await listInstead(request, place, "untrack-gone");
  else await show(turn, cardScreen(turn, card, place), toast === undefined ? undefined : turn.text(toast));
}

/** What the chat tracks under that id, in one statement; two when it is about another chat. */
export async function findCard(request: Request, streamerId: number): Promise<{ turn: Turn; card: Card | undefined }> {
  const { chat, card } = await readCard(request.talk.db.for("card"), request.chatId, streamerId);
  return { turn: turnOf(request, chat, await chatHere(request, chat)), card };
}

export function cardTitle({ name, url }: Card): string {
  return `<b>${linked(name, url, NAME_LENGTH)}</b>`;
}

export function cardScreen(turn: Turn, card: Card, place: number): Screen {
  const { text } = turn;
  const { id, url, settings } = card;
  const data = (kind: string, ...numbers: number[]) => callbackData(turn, kind, id, ...numbers);
  const lead = trackingLead(turn, id, place);
  const keyboard = new InlineKeyboard();
  const page = httpUrl(url);
  if (page !== undefined) keyboard.url(text("button-open"), page);
  keyboard
    .text(text("card-wishlist"), data("w", 0, 0))
    .text(text("card-history"), data("h", 0))
    .row();
  if (isMuted(card)) keyboard.text(text("button-unmute"), data("m", 0, place));
  else keyboard.text(text("card-mute"), data("mc", place));
  keyboard.text(text("card-filters"), lead("filters")).row();
  keyboard.text(text("card-notify"), lead("notify")).text(text("button-untrack"), data("cu", place)).row();
  if (isElsewhere(turn, card)) keyboard.text(text("topic-here"), lead("topic")).row();
  if (isOperator(turn)) keyboard.text(text("card-priority"), data("p", place)).row();
  keyboard.text(text("back"), callbackData(turn, "l", place));
  const state = [
    unreadableLine(turn, card),
    muteLine(turn, card),
    text("card-notify-line", { what: notifyWords(turn, notifyOf(turn.settings, settings)) }),
    ...filterLines(turn, settings),
    topicLine(turn, card),
    isOperator(turn) ? text("card-priority-line", { level: text(levelOf(card.priority)) }) : undefined,
  ];
  const lines = [cardTitle(card), ...about(turn, card), "", ...state.filter((line) => line !== undefined)];
  return { html: lines.join("\n"), keyboard };
}

function about({ text, language, settings }: Turn, { items, trackedAt, newsAt, now }: Card): string[] {
  const since = day(language, new Date(trackedAt));
  const latest = newsAt === null ? undefined : recentDay(language, newsAt, now, zoneOf(settings));
  return [
    text("card-items", { items, since }),
    latest === undefined ? text("card-no-news") : text("card-news", { day: latest }),
  ];
}

export function isMuted({ settings, now }: Card): boolean {
  return settings.mutedUntil !== undefined && settings.mutedUntil > now;
}

/** Until when nothing is told of a streamer, in words; absent when it is not muted. */
function muteLine({ text, language, settings }: Turn, card: Card): string | undefined {
  const until = card.settings.mutedUntil;
  if (until === undefined || !isMuted(card)) return undefined;
  if (until >= FOREVER_MS) return text("card-muted-forever");
  return text("card-muted", { until: moment(language, until, card.now, zoneOf(settings)) });
}

function unreadableLine({ text, language, settings }: Turn, { unreadableSince, now }: Card): string | undefined {
  if (unreadableSince === null) return undefined;
  return text("card-unreadable", { since: someDay(language, unreadableSince, now, zoneOf(settings)) });
}

/** In a forum: where its news goes, seen from the topic that the card is in. */
function topicLine(turn: Turn, card: Card): string | undefined {
  if (!isForum(turn)) return undefined;
  return turn.text(isElsewhere(turn, card) ? "topic-elsewhere" : "topic-this");
}

function isElsewhere(turn: Turn, { threadId }: Card): boolean {
  return isForum(turn) && threadId !== threadOf(turn.ctx);
}

/** Whether the chat has topics, and one of them is spoken in now. */
export function isForum({ ctx, isAway }: Turn): boolean {
  return !isAway && ctx.chat?.type === "supergroup" && ctx.chat.is_forum === true;
}
