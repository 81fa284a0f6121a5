import { InlineKeyboard } from "grammy";
import { countInTopic } from "../db/settings.ts";
import { isForum } from "./card.ts";
import { clockTime } from "./clock.ts";
import { digestScreen, hoursShown, quietScreen, zoneShown, zonesScreen } from "./hours.ts";
import { dropScreen, notifyScreen, notifyWords } from "./notify.ts";
import { mayAsk } from "./questions.ts";
import { addWayBack, type Screen } from "./screen.ts";
import { chatLead, type ScreenName } from "./screens.ts";
import { threadOf } from "./talk.ts";
import type { Turn } from "./turn.ts";

export const LANGUAGES = [
  { value: undefined, label: "language-auto" },
  { value: "ru", label: "language-ru" },
  { value: "en", label: "language-en" },
] as const;

/** A screen of the chat's settings, the main one where there is none of that name; `value` is a page. */
export async function screenOf(turn: Turn, name: ScreenName, value = 0): Promise<Screen> {
  const { settings, text } = turn;
  const lead = chatLead(turn);
  switch (name) {
    case "language":
      return languageScreen(turn);
    case "notify": {
      const title = text("notify-title");
      const { html, keyboard } = notifyScreen(turn, settings.notify ?? {}, { lead, title, mayAsk: mayAsk(turn) });
      return { html, keyboard: keyboard.text(text("back"), lead("main")) };
    }
    case "drop":
      return dropScreen(turn, settings.notify ?? {}, lead, mayAsk(turn));
    case "quiet":
      return quietScreen(turn, lead, mayAsk(turn));
    case "digest":
      return digestScreen(turn, lead, mayAsk(turn));
    case "zones":
      return zonesScreen(turn, lead, value, Date.now());
    default:
      return await mainScreen(turn);
  }
}

function languageScreen(turn: Turn): Screen {
  const { text, settings } = turn;
  const lead = chatLead(turn);
  const keyboard = new InlineKeyboard();
  LANGUAGES.forEach(({ value, label }, n) => {
    keyboard.text(value === settings.language ? `✅ ${text(label)}` : text(label), lead("language", n)).row();
  });
  return { html: text("language-question"), keyboard: keyboard.text(text("back"), lead("main")) };
}

/** Everything that holds, at a glance. */
async function mainScreen(turn: Turn): Promise<Screen> {
  const { text, settings, chatType } = turn;
  const { language, quiet, digestAt, notify = {}, everybody = false } = settings;
  const lead = chatLead(turn);
  const topic = isForum(turn) ? await topicWords(turn) : undefined;
  const isGroup = chatType === "group" || chatType === "supergroup";
  const lines = [
    text("settings-title"),
    "",
    text("settings-language", {
      language: text(LANGUAGES.find(({ value }) => value === language)?.label ?? "language-auto"),
    }),
    text("settings-notify", { what: notifyWords(turn, notify) }),
    quiet === undefined
      ? text("settings-no-quiet")
      : text(quiet.silent === true ? "settings-quiet-silent" : "settings-quiet", { hours: hoursShown(quiet) }),
    digestAt === undefined ? text("settings-no-digest") : text("settings-digest", { at: clockTime(digestAt) }),
    text("settings-zone", { zone: zoneShown(turn, Date.now()) }),
    ...(topic === undefined ? [] : [text(topic)]),
    ...(isGroup ? [text(everybody ? "settings-everybody" : "settings-administrators")] : []),
  ];
  const keyboard = new InlineKeyboard()
    .text(text("settings-language-button"), lead("language"))
    .text(text("settings-notify-button"), lead("notify"))
    .row()
    .text(text("settings-quiet-button"), lead("quiet"))
    .text(text("settings-digest-button"), lead("digest"))
    .row()
    .text(text("settings-zone-button"), lead("zones"))
    .row();
  if (topic !== undefined && topic !== "topic-all-this") keyboard.text(text("topic-all-here"), lead("topic", 1)).row();
  if (isGroup) {
    keyboard.text(
      text(everybody ? "settings-administrators-button" : "settings-everybody-button"),
      lead("everybody", everybody ? 0 : 1),
    );
  }
  return { html: lines.join("\n"), keyboard: addWayBack(turn, keyboard) };
}

/** Where the news of the chat's streamers goes, seen from the topic that is spoken in. */
async function topicWords({ talk, ctx, chatId }: Turn): Promise<string> {
  const { all, here } = await countInTopic(talk.db.for("topics"), chatId, threadOf(ctx));
  if (all === here) return "topic-all-this";
  return here === 0 ? "topic-all-elsewhere" : "topic-some-this";
}
