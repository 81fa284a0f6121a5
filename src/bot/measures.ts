import { languageOf } from "./texts.ts";

const UNITS = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
  { unit: "second", ms: 1_000 },
] as const;

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "12 с", "3 ч": how long something takes or has taken, in its largest unit. */
export function duration(language: string, ms: number): string {
  const { unit, ms: one } = UNITS.find(({ ms: least }) => ms >= least) ?? UNITS[3];
  return measured(language, ms / one, unit);
}

/** "12,4 МБ". */
export function bytes(language: string, count: number): string {
  const power = Math.min(Math.floor(Math.log(Math.max(count, 1)) / Math.log(1_000)), SIZES.length - 1);
  return measured(language, count / 1_000 ** power, SIZES[power] ?? "byte");
}

/** "1 234", as people of that language write it. */
export function grouped(language: string, count: number): string {
  return new Intl.NumberFormat(languageOf(language)).format(count);
}

function measured(language: string, count: number, unit: string): string {
  const digits = count < 10 && /byte/.test(unit) ? 1 : 0;
  const format = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(languageOf(language), format).format(count);
}
