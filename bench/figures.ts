import { median, medians } from "./medians.ts";

/** What one run of a variant gives: several figures, each under its name. */
export type Figures<Figure extends string> = Record<Figure, number>;

/** medians() for variants that take several figures at a time: the median of each figure, whichever run it comes from. */
export async function mediansOfAll<Name extends string, Figure extends string>(
  variants: Record<Name, () => Promise<Figures<Figure>>>,
  repeats: number,
  progress?: (words: string) => void,
): Promise<Record<Name, Figures<Figure>>> {
  const names = Object.keys(variants) as Name[];
  const taken = new Map<Name, Figures<Figure>[]>(names.map((name) => [name, []]));
  const takers = names.map((name) => [
    name,
    async () => {
      taken.get(name)?.push(await variants[name]());
      return 0; // medians() is here for the order of the runs
    },
  ]);
  await medians(Object.fromEntries(takers) as Record<Name, () => Promise<number>>, repeats, progress);

  const each = names.map((name) => {
    const [, ...runs] = taken.get(name) ?? []; // without the one that warms up
    const figures = Object.keys(runs[0] ?? {}) as Figure[];
    return [name, Object.fromEntries(figures.map((figure) => [figure, median(runs.map((run) => run[figure]))]))];
  });
  return Object.fromEntries(each) as Record<Name, Figures<Figure>>;
}
