import type { Card } from "../db/card.ts";
import {
  type ChatSettings,
  changeTrackingSettings,
  moveTracking,
  type Notify,
  type Nullable,
  notifyOf,
  type TrackingSettings,
} from "../db/settings.ts";
import { writeAll } from "../db/users.ts";
import { callbackData } from "./buttons.ts";
import { cardTitle, findCard, isForum, showCard } from "./card.ts";
import { filtersScreen, wordsShown } from "./filters.ts";
import { listInstead } from "./list.ts";
import { dropScreen, notifyChange, notifyScreen, percentShown } from "./notify.ts";
import { ask, isQuestion, mayAsk, type QuestionName } from "./questions.ts";
import { mayChange } from "./rights.ts";
import { type Screen, show } from "./screen.ts";
import { type ScreenName, screenName, trackingLead } from "./screens.ts";
import { acknowledge, say, threadOf } from "./talk.ts";
import { money } from "./texts.ts";
import type { Request, Turn } from "./turn.ts";
import { isNothing, LONGEST_WORD, MOST_WORDS, readPercent, readPrice, readWords } from "./typed.ts";

/** One tracking's own settings, reached from its card, which was opened at `place` on the list. */
type Subject = { turn: Turn; card: Card; place: number };

const SHOWN_AFTER: Partial<Record<ScreenName, ScreenName>> = {
  added: "notify",
  available: "notify",
  gone: "notify",
  reset: "notify",
  drop: "drop",
  askDrop: "notify",
  askBelow: "notify",
};

/** A screen of a tracking's settings; with a value, what a button changes. */
export async function trackingPressed(
  request: Request,
  [streamerId = 0, place = 0, screen = 0, value]: number[],
): Promise<void> {
  const { turn, card } = await findCard(request, streamerId);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  if (card === undefined) return await listInstead(request, place, "untrack-gone");
  const subject = { turn, card, place };
  const name = screenName(screen);
  if (name === undefined) return await acknowledge(ctx, text("button-outdated"));
  if (isQuestion(name)) {
    if (!mayAsk(turn)) return await acknowledge(ctx, text("settings-ask-in-private"));
    await ask(turn, name, trackingLead(turn, card.id, place), { current: currentOf(subject, name) });
    return await acknowledge(ctx);
  }
  if (name === "topic") return await moveHere(request, subject);
  if (value === undefined) return await show(turn, screenOf(subject, name));
  const changes = changesOf(subject, name, value);
  if (changes === undefined) {
    return await show(turn, screenOf(subject, SHOWN_AFTER[name] ?? "filters"), text("settings-outdated"));
  }
  await save(subject, changes);
  await showAfter(request, subject, name);
}

/** The answer to a question about a tracking. */
export async function trackingAnswered(
  request: Request,
  [streamerId = 0, place = 0, screen = 0]: number[],
  typed: string,
): Promise<void> {
  const { turn, card } = await findCard(request, streamerId);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  if (card === undefined) return void (await say(ctx, text("untrack-gone")));
  const subject = { turn, card, place };
  const name = screenName(screen);
  if (name === undefined || !isQuestion(name)) return void (await say(ctx, text("button-outdated")));
  const answer = readAnswer(subject, name, typed);
  if ("complaint" in answer) {
    const { complaint } = answer;
    return await ask(turn, name, trackingLead(turn, card.id, place), { complaint });
  }
  await save(subject, answer.changes);
  await showAfter(request, subject, name);
}

async function showAfter(request: Request, { card, place }: Subject, name: ScreenName): Promise<void> {
  const changed = await findCard(request, card.id);
  if (changed.card === undefined) return await listInstead(request, place, "untrack-gone");
  const subject = { turn: changed.turn, card: changed.card, place };
  await show(subject.turn, screenOf(subject, SHOWN_AFTER[name] ?? "filters"));
}

async function moveHere(request: Request, { turn, card, place }: Subject): Promise<void> {
  if (!isForum(turn)) return await acknowledge(turn.ctx, turn.text("button-outdated"));
  const orm = turn.talk.db.for("move_tracking");
  await writeAll(orm, [moveTracking(orm, turn.chatId, card.id, threadOf(turn.ctx))]);
  await showCard(request, card.id, place, "topic-done");
}

async function save({ turn, card }: Subject, changes: Nullable<TrackingSettings>): Promise<void> {
  const { talk, chatId } = turn;
  await changeTrackingSettings(talk.db.for("save_tracking"), { chatId, streamerId: card.id }, changes);
}

function screenOf({ turn, card, place }: Subject, name: ScreenName): Screen {
  const { text, settings: ofChat } = turn;
  const { id, settings } = card;
  const lead = trackingLead(turn, id, place);
  const back = callbackData(turn, "c", id, place);
  if (name === "drop") return dropScreen(turn, notifyOf(ofChat, settings), lead, mayAsk(turn));
  if (name !== "notify") {
    const title = text("filter-title", { name: { html: cardTitle(card) } });
    return filtersScreen(turn, settings, { lead, title, back, mayAsk: mayAsk(turn) });
  }
  const isOwn = settings.notify !== undefined;
  const title = text(isOwn ? "notify-title-own" : "notify-title-shared", { name: { html: cardTitle(card) } });
  const { html, keyboard } = notifyScreen(turn, notifyOf(ofChat, settings), { lead, title, mayAsk: mayAsk(turn) });
  if (isOwn) keyboard.text(text("notify-reset"), lead("reset", 1)).row();
  return { html, keyboard: keyboard.text(text("back"), back) };
}

function changesOf({ turn, card }: Subject, name: ScreenName, value: number): Nullable<TrackingSettings> | undefined {
  if (name === "reset") return { notify: null };
  if (name === "clear") return { include: null, exclude: null, minPrice: null, maxPrice: null };
  const notify = notifyChange(name, value);
  return notify && { notify: ownNotify(turn.settings, card.settings, notify) };
}

/** A tracking that has followed the chat so far goes on from there: its own choice takes the place of the chat's as a whole. */
function ownNotify(ofChat: ChatSettings, { notify }: TrackingSettings, changes: Nullable<Notify>): Nullable<Notify> {
  return notify === undefined ? { ...ofChat.notify, ...changes } : changes;
}

type Read = { changes: Nullable<TrackingSettings> } | { complaint: string };

function readAnswer({ turn, card }: Subject, name: QuestionName, typed: string): Read {
  const { text } = turn;
  const unclear = { complaint: text("ask-unclear") };
  const nothing = isNothing(typed);
  const own = (changes: Nullable<Notify>): Read => ({
    changes: { notify: ownNotify(turn.settings, card.settings, changes) },
  });
  switch (name) {
    case "askDrop": {
      const dropPercent = nothing ? null : readPercent(typed);
      return dropPercent === undefined ? unclear : own({ dropPercent });
    }
    case "askBelow": {
      const priceBelow = nothing ? null : readPrice(typed);
      return priceBelow === undefined ? unclear : own({ priceBelow });
    }
    case "askInclude":
    case "askExclude": {
      const words = nothing ? null : readWords(typed);
      if (words === undefined) return unclear;
      if (words === "too-many") return { complaint: text("ask-words-many", { max: MOST_WORDS }) };
      if (words === "too-long") return { complaint: text("ask-words-long", { max: LONGEST_WORD }) };
      return { changes: name === "askInclude" ? { include: words } : { exclude: words } };
    }
    case "askMin":
    case "askMax": {
      const price = nothing ? null : readPrice(typed);
      if (price === undefined) return unclear;
      const { minPrice, maxPrice } = {
        ...card.settings,
        ...(name === "askMin" ? { minPrice: price } : { maxPrice: price }),
      };
      if ((minPrice ?? 0) > (maxPrice ?? Number.POSITIVE_INFINITY)) return { complaint: text("ask-price-order") };
      return { changes: name === "askMin" ? { minPrice: price } : { maxPrice: price } };
    }
    default:
      return unclear;
  }
}

/** What holds now of what a question asks for. */
function currentOf({ turn, card }: Subject, name: QuestionName): string | undefined {
  const { settings } = card;
  const { language } = turn;
  const { dropPercent, priceBelow } = notifyOf(turn.settings, settings);
  const price = (minor: number | undefined) => (minor === undefined ? undefined : money(language, minor, "RUB"));
  switch (name) {
    case "askDrop":
      return dropPercent === undefined ? undefined : percentShown(language, dropPercent);
    case "askBelow":
      return price(priceBelow);
    case "askInclude":
      return settings.include && wordsShown(settings.include);
    case "askExclude":
      return settings.exclude && wordsShown(settings.exclude);
    case "askMin":
      return price(settings.minPrice);
    case "askMax":
      return price(settings.maxPrice);
    default:
      return undefined;
  }
}
