import { releaseHeld } from "../db/outbox.ts";
import { type ChatSettings, changeChatSettings, meetChat, moveTrackings, type Nullable } from "../db/settings.ts";
import { writeAll } from "../db/users.ts";
import { isForum } from "./card.ts";
import { clockTime } from "./clock.ts";
import { hoursChange, hoursShown } from "./hours.ts";
import { notifyChange, percentShown } from "./notify.ts";
import { ask, isQuestion, mayAsk, type QuestionName } from "./questions.ts";
import { mayChange } from "./rights.ts";
import { show } from "./screen.ts";
import { chatLead, type ScreenName, screenName } from "./screens.ts";
import { LANGUAGES, screenOf } from "./settings-screens.ts";
import { acknowledge, chatOf, say, threadOf } from "./talk.ts";
import { money } from "./texts.ts";
import { begin, type Request, type Turn } from "./turn.ts";
import { isNothing, readHours, readPercent, readPrice, readTime } from "./typed.ts";

/** What is shown after something has changed: nothing said here means the main screen. */
const SHOWN_AFTER: Partial<Record<ScreenName, ScreenName>> = {
  language: "language",
  added: "notify",
  available: "notify",
  gone: "notify",
  drop: "drop",
  quiet: "quiet",
  silent: "quiet",
  digest: "digest",
  askDrop: "notify",
  askBelow: "notify",
  askQuiet: "quiet",
  askDigest: "digest",
};

/** /settings: all that holds in the chat, and where it is changed. */
export async function settingsCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  if (await mayChange(turn)) await show(turn, await screenOf(turn, "main"));
  else await say(turn.ctx, turn.text("only-admins"));
}

/** /lang: a language by name, or the choice. */
export async function langCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const said = args.toLowerCase();
  const chosen = LANGUAGES.findIndex(({ value = "auto" }) => value === said);
  if (chosen < 0) return await show(turn, await screenOf(turn, "language"));
  await save(turn, { language: LANGUAGES[chosen]?.value ?? null });
  const changed = await begin(request);
  await say(
    ctx,
    changed.text("language-done", { language: changed.text(LANGUAGES[chosen]?.label ?? "language-auto") }),
  );
}

/** A screen of the settings; with a value, what a button changes. */
export async function settingsPressed(request: Request, [screen = 0, value]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  const name = screenName(screen);
  if (name === undefined) return await acknowledge(ctx, text("button-outdated"));
  if (isQuestion(name)) {
    if (!mayAsk(turn)) return await acknowledge(ctx, text("settings-ask-in-private"));
    await ask(turn, name, chatLead(turn), { current: currentOf(turn, name) });
    return await acknowledge(ctx);
  }
  if (value === undefined || name === "zones") return await show(turn, await screenOf(turn, name, value));
  const toast = await change(turn, name, value);
  if (toast === "only-admins") return await acknowledge(ctx, text(toast));
  const changed = await begin(request);
  await show(changed, await screenOf(changed, SHOWN_AFTER[name] ?? "main"), toast && changed.text(toast));
}

/** The answer to a question of the settings. */
export async function settingsAnswered(request: Request, [screen = 0]: number[], typed: string): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const name = screenName(screen);
  const settings = name !== undefined && isQuestion(name) ? readAnswer(name, typed) : undefined;
  if (name === undefined || !isQuestion(name)) return void (await say(ctx, text("button-outdated")));
  if (settings === undefined) {
    return await ask(turn, name, chatLead(turn), { complaint: text("ask-unclear") });
  }
  await save(turn, settings);
  const changed = await begin(request);
  await show(changed, await screenOf(changed, SHOWN_AFTER[name] ?? "main"));
}

/** Does what a button says; gives what there is to say about it besides what the screen shows. */
async function change(turn: Turn, name: ScreenName, value: number): Promise<string | undefined> {
  if (name === "topic") {
    if (!isForum(turn)) return "settings-outdated";
    const orm = turn.talk.db.for("move_trackings");
    await writeAll(orm, [moveTrackings(orm, turn.chatId, threadOf(turn.ctx))]);
    return "topic-done";
  }
  if (name === "everybody") {
    // Whoever may change things because everybody may is not asked whether that shall stay so.
    if (!(await mayChange({ ...turn, settings: {} }))) return "only-admins";
    await save(turn, { everybody: value === 1 ? true : null });
    return undefined;
  }
  const changes = changesOf(turn, name, value);
  if (changes === undefined) return "settings-outdated";
  await save(turn, changes);
  return undefined;
}

function changesOf({ settings }: Turn, name: ScreenName, value: number): Nullable<ChatSettings> | undefined {
  if (name === "language") {
    const chosen = LANGUAGES[value];
    return chosen && { language: chosen.value ?? null };
  }
  const notify = notifyChange(name, value);
  return notify === undefined ? hoursChange(settings, name, value) : { notify };
}

function readAnswer(name: QuestionName, typed: string): Nullable<ChatSettings> | undefined {
  const nothing = isNothing(typed);
  switch (name) {
    case "askDrop": {
      const dropPercent = nothing ? null : readPercent(typed);
      return dropPercent === undefined ? undefined : { notify: { dropPercent } };
    }
    case "askBelow": {
      const priceBelow = nothing ? null : readPrice(typed);
      return priceBelow === undefined ? undefined : { notify: { priceBelow } };
    }
    case "askQuiet": {
      const quiet = nothing ? null : readHours(typed);
      return quiet === undefined ? undefined : { quiet };
    }
    case "askDigest": {
      const digestAt = readTime(typed);
      if (digestAt !== undefined) return { digestAt };
      return nothing ? { digestAt: null } : undefined;
    }
    default:
      return undefined;
  }
}

/** What holds now of what a question asks for. */
function currentOf({ settings, language }: Turn, name: QuestionName): string | undefined {
  const { quiet, digestAt, notify = {} } = settings;
  switch (name) {
    case "askDrop":
      return notify.dropPercent === undefined ? undefined : percentShown(language, notify.dropPercent);
    case "askBelow":
      return notify.priceBelow === undefined ? undefined : money(language, notify.priceBelow, "RUB");
    case "askQuiet":
      return quiet && hoursShown(quiet);
    case "askDigest":
      return digestAt === undefined ? undefined : clockTime(digestAt);
    default:
      return undefined;
  }
}

/** A chat that has not given a command before is known from its first change on. What was held back is decided anew. */
async function save(turn: Turn, changes: Nullable<ChatSettings>): Promise<void> {
  const { talk, ctx, chatId, isAway, language } = turn;
  const orm = talk.db.for("save_settings");
  const chat = isAway ? undefined : chatOf(ctx);
  const isAboutTime = "quiet" in changes || "digestAt" in changes || "timeZone" in changes;
  await writeAll(orm, [
    ...(chat === undefined ? [] : meetChat(orm, chat, language)),
    changeChatSettings(orm, chatId, changes),
    ...(isAboutTime ? [releaseHeld(orm, chatId)] : []),
  ]);
}
