import { type ChatSettings, DEFAULT_TIME_ZONE } from "../db/settings.ts";
import { dateFormatOf } from "./formats.ts";
import { languageOf } from "./texts.ts";

export const MINUTES_A_DAY = 24 * 60;

/** The chat's time zone; the default also for one that this machine does not know. */
export function zoneOf({ timeZone = DEFAULT_TIME_ZONE }: ChatSettings): string {
  return isZone(timeZone) ? timeZone : DEFAULT_TIME_ZONE;
}

/** Whether it is an IANA name that Intl knows. */
export function isZone(timeZone: string): boolean {
  try {
    dateFormatOf("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** "UTC+3", "UTC+5:30": what a zone differs by at a moment. */
export function offsetOf(timeZone: string, at: number): string {
  const parts = dateFormatOf("en", { timeZone, timeZoneName: "shortOffset" }).formatToParts(at);
  return (parts.find(({ type }) => type === "timeZoneName")?.value ?? "").replace("GMT", "UTC");
}

/** Minutes after midnight as people write them: "9:00", "23:30". */
export function clockTime(minutes: number): string {
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** "4 октября в 14:30", with the year when it is another one than that of `now`. */
export function moment(language: string, at: number, now: number, timeZone: string): string {
  return dateFormat(language, at, now, timeZone, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
}

/** "4 октября", with the year when it is another one than that of `now`. */
export function someDay(language: string, at: number, now: number, timeZone: string): string {
  return dateFormat(language, at, now, timeZone, {});
}

/** The same, or "сегодня" and "вчера". */
export function recentDay(language: string, at: number, now: number, timeZone: string): string {
  const days = dayNumber(at, timeZone) - dayNumber(now, timeZone);
  if (days !== 0 && days !== -1) return someDay(language, at, now, timeZone);
  return new Intl.RelativeTimeFormat(languageOf(language), { numeric: "auto" }).format(days, "day");
}

/** Days since some day, in the calendar of a zone. */
function dayNumber(at: number, timeZone: string): number {
  const { year, month, day } = calendar(at, timeZone);
  return Date.UTC(year, month - 1, day) / (MINUTES_A_DAY * 60_000);
}

function dateFormat(language: string, at: number, now: number, timeZone: string, more: Intl.DateTimeFormatOptions) {
  const year = calendar(at, timeZone).year === calendar(now, timeZone).year ? {} : ({ year: "numeric" } as const);
  return dateFormatOf(languageOf(language), {
    ...{ day: "numeric", month: "long", timeZone },
    ...year,
    ...more,
  }).format(at);
}

function calendar(at: number, timeZone: string): { year: number; month: number; day: number } {
  const format = dateFormatOf("en", { timeZone, year: "numeric", month: "numeric", day: "numeric" });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return { year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0 };
}
