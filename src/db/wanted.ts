import type { NewsItem } from "./changes.ts";
import { sql } from "./orm.ts";
import { type ChatSettings, notifyOf, type TrackingSettings } from "./settings.ts";
import { NOW } from "./sql.ts";

const notify = sql.raw("COALESCE(us.settings->'notify', u.settings->'notify', '{}')");

/**
 * Whether a tracking (`us`) of a chat (`u`) asks for any of the kinds that a check has `found`: SQL's rough cut, which
 * isWanted() makes exact when the news is written. Most have no settings, which costs nothing to see.
 */
export const ASKS_FOR_FOUND = sql`
  CASE WHEN us.settings = '{}' AND u.settings = '{}' THEN found.added OR found.unreadable
  ELSE COALESCE(us.settings->>'mutedUntil', 0) <= ${NOW} AND (found.unreadable
    OR (found.added AND COALESCE(${notify}->>'added', 1))
    OR (found.cheaper AND (${notify}->>'dropPercent' > 0 OR ${notify}->>'priceBelow' > 0))
    OR (found.available AND COALESCE(${notify}->>'available', 0))
    OR (found.gone AND COALESCE(${notify}->>'gone', 0))) END`;

/** Whether a chat wants to hear this of a streamer that it tracks with these settings. */
export function isWanted(item: NewsItem, chat: ChatSettings, tracking: TrackingSettings): boolean {
  const { added = true, dropPercent = 0, priceBelow = 0, available = false, gone = false } = notifyOf(chat, tracking);
  const isAsked = { added, cheaper: isDrop(item, dropPercent, priceBelow), available, gone }[item.kind];
  return isAsked && isNamed(item.name, tracking) && isPriced(item.price, tracking);
}

/** Cheap enough, or come down to the price that was waited for: from above, so that it is told once. */
function isDrop({ price, previousPrice }: NewsItem, percent: number, below: number): boolean {
  if (price === null || previousPrice === null || price >= previousPrice) return false;
  const isLarge = percent > 0 && (previousPrice - price) * 100 >= previousPrice * percent;
  return isLarge || (price <= below && previousPrice > below);
}

function isNamed(name: string, { include = [], exclude = [] }: TrackingSettings): boolean {
  const folded = fold(name);
  const has = (word: string) => folded.includes(word);
  const [wanted, unwanted] = [include, exclude].map((words) => words.map(fold).filter((word) => word !== ""));
  return !unwanted?.some(has) && (!wanted?.length || wanted.some(has));
}

/** What has no price passes. */
function isPriced(price: number | null, { minPrice = 0, maxPrice = Number.POSITIVE_INFINITY }: TrackingSettings) {
  return price === null || (price >= minPrice && price <= maxPrice);
}

/** How names and the words looked for in them are compared: whatever the case, е or ё, and what cannot be seen. */
export function fold(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll("ё", "е")
    .replace(/\p{Cf}/gu, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
}
