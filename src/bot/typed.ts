import { fold } from "../db/wanted.ts";
import { MINUTES_A_DAY } from "./clock.ts";

/** What people type in answer to a question; undefined is what nobody could make sense of. */

const NOTHING = new Set(["-", "–", "—", "−", "0", "нет", "никакой", "убрать", "no", "none", "off"]);
const MOST_RUBLES = 100_000_000;
export const MOST_WORDS = 20;
export const LONGEST_WORD = 50;
export const MOST_PERCENT = 90;

/** "-" and the like: it is to be taken back. */
export function isNothing(text: string): boolean {
  return NOTHING.has(text.trim().toLowerCase());
}

/** A price in minor units, from rubles: "1 500", "1500 ₽", "1,5 к", "99.90". */
export function readPrice(text: string): number | undefined {
  const bare = text
    .toLowerCase()
    .replace(/[\s']/g, "")
    .replace(/^(?:₽|rub)|(?:₽|руб(?:\.|л[а-я]*)?|р\.?|rubles?|rub)$/g, "");
  const [, number = "", thousands] = /^(\d[\d.,]*)(к|k|тыс\.?|т)?$/.exec(bare) ?? [];
  // A separator before three digits groups them; before one or two it begins the fraction.
  const grouped = number.replace(/[.,](?=\d{3}(?:[.,]|$))/g, thousands === undefined ? "" : "$&");
  if (!/^(?:0|[1-9]\d{0,8})(?:[.,]\d{1,3})?$/.test(grouped)) return undefined;
  const rubles = Number(grouped.replace(",", ".")) * (thousands === undefined ? 1 : 1_000);
  return rubles > 0 && rubles <= MOST_RUBLES ? Math.round(rubles * 100) : undefined;
}

/** "15", "15 %": a whole percentage. */
export function readPercent(text: string): number | undefined {
  const percent = Number(/^(\d{1,2})\s*%?$/.exec(text.trim())?.[1]);
  return percent >= 1 && percent <= MOST_PERCENT ? percent : undefined;
}

const TIME = String.raw`(\d{1,2})(?:\s*[:.]\s*(\d{2}))?`;

/** "9", "9:30", "21.15", "в 9:00": minutes after midnight. */
export function readTime(text: string): number | undefined {
  const [, hour, minute] = new RegExp(`^(?:в |at )?${TIME}$`, "i").exec(text.trim()) ?? [];
  return minutesOf(hour, minute);
}

/** "23:30-8:15", "с 23 до 8", "22 – 7": where hours begin and end, in minutes after midnight. */
export function readHours(text: string): { from: number; to: number } | undefined {
  const pattern = new RegExp(
    `^(?:(?:с|со|from|between) )?${TIME}\\s*(?:-|–|—|до|по|to|till|until|and|\\s)\\s*${TIME}$`,
    "i",
  );
  const [, hour, minute, toHour, toMinute] = pattern.exec(text.trim()) ?? [];
  const [from, to] = [minutesOf(hour, minute), minutesOf(toHour, toMinute)];
  return from === undefined || to === undefined || from === to ? undefined : { from, to };
}

function minutesOf(hour: string | undefined, minute = "0"): number | undefined {
  if (hour === undefined || Number(hour) > 24 || Number(minute) > 59) return undefined;
  const minutes = Number(hour) * 60 + Number(minute);
  return minutes <= MINUTES_A_DAY ? minutes % MINUTES_A_DAY : undefined;
}

/** Words or phrases between commas or on lines of their own, in lower case, each once however it is spelled. */
export function readWords(text: string): string[] | "too-many" | "too-long" | undefined {
  const found = new Map<string, string>();
  for (const part of text.split(/[,;\n]/)) {
    const word = part.toWellFormed().toLowerCase().replace(/\s+/g, " ").trim();
    if (/[\p{L}\p{N}\p{S}]/u.test(word) && !found.has(fold(word))) found.set(fold(word), word);
  }
  if (found.size === 0) return undefined;
  if (found.size > MOST_WORDS) return "too-many";
  const words = [...found.values()];
  return words.some((word) => word.length > LONGEST_WORD) ? "too-long" : words;
}

const HOURS: Record<string, number> = { ч: 1, час: 1, часа: 1, часов: 1, h: 1, hour: 1, hours: 1 };
const DAYS: Record<string, number> = { д: 1, день: 1, дня: 1, дней: 1, d: 1, day: 1, days: 1, н: 7, w: 7 };
const ALWAYS = new Set(["forever", "always", "навсегда", "насовсем", "всегда", "∞"]);
const HOUR_MS = 3_600_000;
const LONGEST_MS = 366 * 24 * HOUR_MS;

/** "24h", "7д", "3 дня", "forever": how long in ms, Infinity for good. A year is the longest but that. */
export function readDuration(text: string): number | undefined {
  const said = text.trim().toLowerCase();
  if (ALWAYS.has(said)) return Number.POSITIVE_INFINITY;
  const [, number, unit = "h"] = /^(\d{1,4})\s*([a-zа-я]*)$/.exec(said) ?? [];
  const hours = HOURS[unit || "h"] ?? (DAYS[unit] ?? 0) * 24;
  const ms = Number(number) * hours * HOUR_MS;
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}
