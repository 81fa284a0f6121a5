/** The middle of the figures; of an even number, the mean of the two in the middle. @throws when there is none, or one is no number */
export function median(figures: number[]): number {
  if (figures.some(Number.isNaN)) throw new Error("a figure is not a number");
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("no figures have no median");
  return (low + high) / 2;
}

/**
 * Runs every variant once to warm up, which does not count, then `repeats` times, and gives each variant's median.
 * Each round runs all of them, in an order drawn by lot: a machine that is slow for a while, or what one variant leaves to
 * the next, then touches all of them alike, and the ratios hold.
 *
 * @param variants each takes one measurement and answers the figure, in whatever unit
 * @param progress told which round runs
 */
export async function medians<Name extends string>(
  variants: Record<Name, () => Promise<number>>,
  repeats: number,
  progress: (words: string) => void = () => {},
): Promise<Record<Name, number>> {
  const names = Object.keys(variants) as Name[];
  const figures = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= repeats; round++) {
    progress(round === 0 ? "warming up" : `round ${round} of ${repeats}`);
    for (const name of shuffled(names)) {
      const figure = await variants[name]();
      if (round > 0) figures.get(name)?.push(figure);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(figures.get(name) ?? [])])) as Record<Name, number>;
}

function shuffled<T>(values: T[]): T[] {
  const drawn = values.map((value) => ({ value, lot: Math.random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ value }) => value);
}

/** How many times the other figure a figure is: "0.23×", "4.1×", "38×". */
export const ratio = (figure: number, base: number) => `${brief(figure / base)}×`;

/** A duration in microseconds: "0.27 µs", "94 µs", "4,850 µs". */
export const inMicroseconds = (microseconds: number) => `${brief(microseconds)} µs`;

/** A duration in milliseconds: "0.052 ms", "4.9 ms", "1,830 ms". */
export const inMilliseconds = (milliseconds: number) => `${brief(milliseconds)} ms`;

/** So many a second: "28/s", "43,100/s". */
export const perSecond = (rate: number) => `${brief(rate)}/s`;

/** A size given in bytes: "57 MB". */
export const inMegabytes = (bytes: number) => `${brief(bytes / 1_000_000)} MB`;

/** Two digits, three from a hundred on: more would be noise. */
function brief(figure: number): string {
  return figure.toLocaleString("en", { maximumSignificantDigits: Math.abs(figure) >= 100 ? 3 : 2 });
}
