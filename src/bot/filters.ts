import { InlineKeyboard } from "grammy";
import type { TrackingSettings } from "../db/settings.ts";
import type { Screen } from "./screen.ts";
import type { Lead } from "./screens.ts";
import { money, shorten } from "./texts.ts";
import type { Turn } from "./turn.ts";

/** Of the words, as much as a card shows. */
const WORDS_LENGTH = 200;

/** A tracking's filters in words, a line each; none when everything passes. */
export function filterLines({ text, language }: Turn, settings: TrackingSettings): string[] {
  const { include = [], exclude = [], minPrice, maxPrice } = settings;
  const price = (minor: number) => money(language, minor, "RUB");
  const lines: string[] = [];
  if (include.length > 0) lines.push(text("filter-include", { words: wordsShown(include) }));
  if (exclude.length > 0) lines.push(text("filter-exclude", { words: wordsShown(exclude) }));
  if (minPrice !== undefined && maxPrice !== undefined) {
    lines.push(text("filter-between", { min: price(minPrice), max: price(maxPrice) }));
  } else if (minPrice !== undefined) lines.push(text("filter-min", { min: price(minPrice) }));
  else if (maxPrice !== undefined) lines.push(text("filter-max", { max: price(maxPrice) }));
  return lines;
}

export function wordsShown(words: string[]): string {
  return shorten(words.join(", "), WORDS_LENGTH);
}

/** A tracking's filters; those that must be typed cannot be set where nobody can answer. */
export function filtersScreen(
  turn: Turn,
  settings: TrackingSettings,
  { lead, title, back, mayAsk }: { lead: Lead; title: string; back: string; mayAsk: boolean },
): Screen {
  const { text } = turn;
  const lines = filterLines(turn, settings);
  const keyboard = new InlineKeyboard();
  if (mayAsk) {
    keyboard
      .text(text("filter-include-button"), lead("askInclude"))
      .text(text("filter-exclude-button"), lead("askExclude"))
      .row()
      .text(text("filter-min-button"), lead("askMin"))
      .text(text("filter-max-button"), lead("askMax"))
      .row();
  }
  if (lines.length > 0) keyboard.text(text("filter-clear"), lead("clear", 1)).row();
  const explained = lines.length > 0 ? lines : [text("filter-none")];
  const html = [title, ...explained, ...(mayAsk ? [] : [text("settings-ask-in-private")])].join("\n");
  return { html, keyboard: keyboard.text(text("back"), back) };
}
