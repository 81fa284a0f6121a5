import { callbackData } from "./buttons.ts";
import type { Turn } from "./turn.ts";

/**
 * The screens and switches of the settings. A button carries a name's position, so that names are only ever added at the
 * end. With a value a button changes something, without one it shows a screen or asks a question.
 */
const NAMES = [
  "main",
  "language",
  "notify",
  "added",
  "available",
  "gone",
  "drop",
  "askDrop",
  "askBelow",
  "reset",
  "quiet",
  "askQuiet",
  "silent",
  "zones",
  "zone",
  "digest",
  "askDigest",
  "topic",
  "everybody",
  "filters",
  "askInclude",
  "askExclude",
  "askMin",
  "askMax",
  "clear",
] as const;

export type ScreenName = (typeof NAMES)[number];

/** Gives the data of the button that leads somewhere. */
export type Lead = (name: ScreenName, value?: number) => string;

export function screenName(number: number): ScreenName | undefined {
  return NAMES[number];
}

/** Within the settings of the chat. */
export function chatLead(turn: Turn): Lead {
  return (name, ...value) => callbackData(turn, "s", NAMES.indexOf(name), ...numbers(value));
}

/** Within those of one tracking; `place` is where on the list its card was opened. */
export function trackingLead(turn: Turn, streamerId: number, place: number): Lead {
  return (name, ...value) => callbackData(turn, "t", streamerId, place, NAMES.indexOf(name), ...numbers(value));
}

const numbers = (values: (number | undefined)[]) => values.filter((value) => value !== undefined);
