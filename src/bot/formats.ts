/** More than are in use at a time. Zones are people's to choose, so there is an end to how many are kept. */
const MOST = 100;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Intl.DateTimeFormat, kept for the next time: making one takes 70 µs, using it 1.5, and a list has dozens of dates.
 * @throws {RangeError} for a time zone that Intl does not know
 */
export function dateFormatOf(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([language, options]);
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  if (formats.size >= MOST && !formats.has(key)) formats.clear();
  formats.set(key, format);
  return format;
}
