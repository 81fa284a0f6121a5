import { type ChatSettings, DEFAULT_TIME_ZONE } from "../db/settings.ts";

/** Whether a chat's news may go: at once, at once without a sound, or not before a moment (ms of the database's clock). */
export type Hold = "send" | "silent" | { untilMs: number };

const MINUTE_MS = 60_000;
const DAY_MIN = 24 * 60;

/**
 * By a chat's quiet hours and its daily digest, as its own clocks show them: on the days when those are set forward or
 * back too. A digest that falls within quiet hours comes when they end. What is owed waits for a day at most, which has
 * 25 hours when clocks go back; when a change of clocks takes a digest into the quiet hours, until these end.
 * @param nowMs by the database's clock
 * @param owedSinceMs when the oldest of the news was owed: the first digest after that brings them
 */
export function holdOf({ timeZone, quiet, digestAt }: ChatSettings, nowMs: number, owedSinceMs: number): Hold {
  if (quiet === undefined && digestAt === undefined) return "send";
  const clock = clockOf(timeZone);
  const isQuiet = (atMs: number) => quiet !== undefined && isWithin(quiet, clock(atMs));
  const isHeld = (atMs: number) => isQuiet(atMs) && quiet?.silent !== true;
  let atMs = nowMs;
  if (digestAt !== undefined) {
    const minute = quiet !== undefined && quiet.silent !== true && isWithin(quiet, digestAt) ? quiet.to : digestAt;
    atMs = Math.max(nowMs, next(clock, minute, Math.min(owedSinceMs, nowMs)));
  }
  // More than once only where clocks are set forward over all the time between two quiet hours.
  while (quiet !== undefined && isHeld(atMs)) atMs = next(clock, quiet.to, atMs + 1);
  if (atMs > nowMs) return { untilMs: atMs };
  return isQuiet(nowMs) ? "silent" : "send";
}

/** What the clocks of a place show at a moment, in minutes after midnight. */
type Clock = (atMs: number) => number;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Of an IANA time zone; the default's where this machine knows none of that name. */
function clockOf(timeZone = DEFAULT_TIME_ZONE): Clock {
  const format = formats.get(timeZone) ?? formatOf(timeZone);
  formats.set(timeZone, format);
  return (atMs) => {
    const [hours = "0", minutes = "0"] = format.format(atMs).split(":");
    return Number(hours) * 60 + Number(minutes);
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat("en", { ...options, timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat("en", { ...options, timeZone: DEFAULT_TIME_ZONE });
  }
}

/** From its beginning on, up to its end and not including it; over midnight when the end is the earlier. */
function isWithin({ from, to }: { from: number; to: number }, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** The first whole minute, not before `fromMs`, at which clocks show `minute` or are set forward past it. */
function next(clock: Clock, minute: number, fromMs: number): number {
  const begin = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
  const isLate = begin < fromMs && clock(begin) === minute;
  const at = begin + (isLate ? DAY_MIN : untilMinute(minute, clock(begin))) * MINUTE_MS;
  if (offset(clock, at) === offset(clock, begin)) return at;
  const change = changeOfClocks(clock, begin, at);
  const before = clock(change - MINUTE_MS);
  const skipped = mod(clock(change) - before) - 1;
  // A change of more than half a day is one back.
  const isSkipped = skipped < DAY_MIN / 2 && minute !== before && untilMinute(minute, before) <= skipped;
  return isSkipped ? change : change + untilMinute(minute, clock(change)) * MINUTE_MS;
}

/** The first minute after `from` at which clocks have been set otherwise, as they have been by `to`. */
function changeOfClocks(clock: Clock, from: number, to: number): number {
  let [before, after] = [from, to];
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / (2 * MINUTE_MS)) * MINUTE_MS;
    if (offset(clock, middle) === offset(clock, from)) before = middle;
    else after = middle;
  }
  return after;
}

/** How long clocks that show `from` take to show `minute`, at their usual pace. */
const untilMinute = (minute: number, from: number) => mod(minute - from);

/** By how many minutes clocks differ from UTC, whatever the day. */
const offset = (clock: Clock, atMs: number) => mod(clock(atMs) - Math.floor(atMs / MINUTE_MS));

const mod = (minutes: number) => ((minutes % DAY_MIN) + DAY_MIN) % DAY_MIN;
