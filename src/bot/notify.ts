import { InlineKeyboard } from "grammy";
import type { Notify, Nullable } from "../db/settings.ts";
import type { Screen } from "./screen.ts";
import type { Lead, ScreenName } from "./screens.ts";
import { money } from "./texts.ts";
import type { Turn } from "./turn.ts";
import { MOST_PERCENT } from "./typed.ts";

/** The price drops to choose from, in percent; 0 for none. */
const DROPS = [0, 5, 10, 20, 30];

/** What is told, in words. */
export function notifyWords({ text, language }: Turn, notify: Notify): string {
  const { added = true, dropPercent, priceBelow, available = false, gone = false } = notify;
  const words = [
    added && text("notify-added"),
    dropPercent !== undefined && text("notify-drop", { percent: percentShown(language, dropPercent) }),
    priceBelow !== undefined && text("notify-below", { price: money(language, priceBelow, "RUB") }),
    available && text("notify-available"),
    gone && text("notify-gone"),
  ].filter((word) => word !== false);
  return words.length === 0 ? text("notify-nothing") : words.join(", ");
}

/** Where what is told is chosen: `title` and `keyboard` say of whom, and lead back. */
export function notifyScreen(
  turn: Turn,
  notify: Notify,
  { lead, title, mayAsk }: { lead: Lead; title: string; mayAsk: boolean },
): Screen {
  const { text, language } = turn;
  const { added = true, dropPercent, priceBelow, available = false, gone = false } = notify;
  const keyboard = new InlineKeyboard()
    .text(mark(added, text("notify-added-button")), lead("added", added ? 0 : 1))
    .row()
    .text(mark(available, text("notify-available-button")), lead("available", available ? 0 : 1))
    .text(mark(gone, text("notify-gone-button")), lead("gone", gone ? 0 : 1))
    .row();
  const drop = dropPercent === undefined ? text("notify-off") : percentShown(language, dropPercent);
  keyboard.text(mark(dropPercent !== undefined, text("notify-drop-button", { percent: drop })), lead("drop"));
  if (mayAsk) {
    const price = priceBelow === undefined ? text("notify-off") : money(language, priceBelow, "RUB");
    keyboard.text(mark(priceBelow !== undefined, text("notify-below-button", { price })), lead("askBelow"));
  }
  return { html: `${title}\n${text("notify-now", { what: notifyWords(turn, notify) })}`, keyboard: keyboard.row() };
}

/** From which price drop on one is told. */
export function dropScreen({ text, language }: Turn, { dropPercent = 0 }: Notify, lead: Lead, mayAsk: boolean): Screen {
  const keyboard = new InlineKeyboard();
  for (const percent of DROPS) {
    const label = percent === 0 ? text("notify-off") : percentShown(language, percent);
    keyboard.text(percent === dropPercent ? `✅ ${label}` : label, lead("drop", percent));
  }
  keyboard.row();
  const own = DROPS.includes(dropPercent) ? text("notify-own-percent") : `✅ ${percentShown(language, dropPercent)}`;
  if (mayAsk) keyboard.text(own, lead("askDrop"));
  return { html: text("notify-drop-question"), keyboard: keyboard.row().text(text("back"), lead("notify")) };
}

/** What a button changes; undefined when it is none of these, or carries what we never offered. */
export function notifyChange(name: ScreenName, value: number): Nullable<Notify> | undefined {
  switch (name) {
    case "added":
      return { added: value === 0 ? false : null };
    case "available":
      return { available: value === 0 ? null : true };
    case "gone":
      return { gone: value === 0 ? null : true };
    case "drop":
      return value >= 0 && value <= MOST_PERCENT ? { dropPercent: value === 0 ? null : value } : undefined;
    default:
      return undefined;
  }
}

export function percentShown(language: string, percent: number): string {
  return new Intl.NumberFormat(language, { style: "percent" }).format(percent / 100);
}

export function mark(isOn: boolean, label: string): string {
  return `${isOn ? "✅" : "▫️"} ${label}`;
}
