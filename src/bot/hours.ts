import { InlineKeyboard } from "grammy";
import type { ChatSettings, Nullable } from "../db/settings.ts";
import { addPageButtons, pageOf } from "./buttons.ts";
import { clockTime, MINUTES_A_DAY, offsetOf, zoneOf } from "./clock.ts";
import { mark } from "./notify.ts";
import type { Screen } from "./screen.ts";
import type { Lead, ScreenName } from "./screens.ts";
import type { Turn } from "./turn.ts";
import { ZONES } from "./zones.ts";

/** When news may come: quiet hours, the daily digest, the time zone that both are in. */

const QUIET = [
  { from: 22 * 60, to: 8 * 60 },
  { from: 23 * 60, to: 9 * 60 },
  { from: 0, to: 10 * 60 },
];
const DIGESTS = [9 * 60, 12 * 60, 18 * 60, 21 * 60];
/** What a button carries for "no digest". */
const NO_DIGEST = -1;
const ZONES_A_PAGE = 12;

type Hours = { from: number; to: number };

export const hoursShown = ({ from, to }: Hours) => `${clockTime(from)}–${clockTime(to)}`;

/** Quiet hours in a button's number; 0 stands for none. */
const quietNumber = ({ from, to }: Hours) => from * MINUTES_A_DAY + to;

export function quietScreen({ text, settings }: Turn, lead: Lead, mayAsk: boolean): Screen {
  const { quiet } = settings;
  const keyboard = new InlineKeyboard();
  const isSame = (hours: Hours) => quiet?.from === hours.from && quiet.to === hours.to;
  for (const hours of QUIET) {
    const label = hoursShown(hours);
    keyboard.text(isSame(hours) ? `✅ ${label}` : label, lead("quiet", quietNumber(hours)));
  }
  keyboard.row();
  if (mayAsk) {
    const isOwn = quiet !== undefined && !QUIET.some(isSame);
    keyboard.text(isOwn ? `✅ ${hoursShown(quiet)}` : text("quiet-own"), lead("askQuiet"));
  }
  if (quiet !== undefined) {
    keyboard.text(text("quiet-off"), lead("quiet", 0)).row();
    keyboard.text(mark(quiet.silent === true, text("quiet-silent")), lead("silent", quiet.silent === true ? 0 : 1));
  }
  const how = quiet === undefined ? "quiet-none" : quiet.silent === true ? "quiet-sent" : "quiet-held";
  const hours = quiet === undefined ? "" : hoursShown(quiet);
  return { html: text(how, { hours }), keyboard: keyboard.row().text(text("back"), lead("main")) };
}

export function digestScreen({ text, settings }: Turn, lead: Lead, mayAsk: boolean): Screen {
  const { digestAt } = settings;
  const keyboard = new InlineKeyboard();
  for (const at of DIGESTS) keyboard.text(at === digestAt ? `✅ ${clockTime(at)}` : clockTime(at), lead("digest", at));
  keyboard.row();
  const isOwn = digestAt !== undefined && !DIGESTS.includes(digestAt);
  if (mayAsk) keyboard.text(isOwn ? `✅ ${clockTime(digestAt)}` : text("digest-own"), lead("askDigest"));
  if (digestAt !== undefined) keyboard.text(text("digest-off"), lead("digest", NO_DIGEST));
  const html = digestAt === undefined ? text("digest-none") : text("digest-daily", { at: clockTime(digestAt) });
  return { html, keyboard: keyboard.row().text(text("back"), lead("main")) };
}

/** `now`: for what the zones differ by today. */
export function zonesScreen(turn: Turn, lead: Lead, page: number, now: number): Screen {
  const { text, settings } = turn;
  const chosen = zoneOf(settings);
  const { shown, first, number, pages } = pageOf([...ZONES], page, ZONES_A_PAGE);
  const keyboard = new InlineKeyboard();
  shown.forEach(({ zone, label }, n) => {
    const name = `${text(label)} ${offsetOf(zone, now)}`;
    keyboard.text(zone === chosen ? `✅ ${name}` : name, lead("zone", first + n));
    if (n % 2 === 1) keyboard.row();
  });
  keyboard.row();
  addPageButtons(keyboard, { page: number, pages }, (to) => lead("zones", to));
  const html = text("zone-question", { zone: zoneShown(turn, now) });
  return { html, keyboard: keyboard.text(text("back"), lead("main")) };
}

/** "Москва, UTC+3". */
export function zoneShown({ text, settings }: Turn, now: number): string {
  const zone = zoneOf(settings);
  const label = ZONES.find((one) => one.zone === zone)?.label;
  const offset = offsetOf(zone, now);
  return label === undefined ? `${zone}, ${offset}` : `${text(label)}, ${offset}`;
}

/** What a button changes; undefined when it is none of these, or carries what we never offered. */
export function hoursChange(
  { quiet }: ChatSettings,
  name: ScreenName,
  value: number,
): Nullable<ChatSettings> | undefined {
  switch (name) {
    case "quiet": {
      const hours = { from: Math.floor(value / MINUTES_A_DAY), to: value % MINUTES_A_DAY };
      if (value === 0) return { quiet: null };
      return hours.from >= 0 && hours.from < MINUTES_A_DAY && hours.from !== hours.to ? { quiet: hours } : undefined;
    }
    case "silent":
      // All of it: the hours may have been taken back meanwhile.
      return quiet && { quiet: { ...quiet, silent: value === 1 ? true : null } };
    case "digest":
      if (value === NO_DIGEST) return { digestAt: null };
      return value >= 0 && value < MINUTES_A_DAY ? { digestAt: value } : undefined;
    case "zone": {
      const chosen = ZONES[value];
      return chosen && { timeZone: chosen.zone };
    }
    default:
      return undefined;
  }
}
