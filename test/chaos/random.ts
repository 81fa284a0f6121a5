import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of chances. Streams of one seed do not touch each other: when one is asked more often, the others stay. */
export type Chance = {
  /** A whole number, both ends included. */
  int(from: number, to: number): number;
  /** One of the list; of an empty one, undefined. */
  pick<T>(list: readonly T[]): T | undefined;
  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Record<K, number>): K;
};

/** @param lane which of the seed's streams, from 0 */
export function createChance(seed: number, lane: number): Chance {
  const generator = xoroshiro128plus(seed);
  for (let n = 0; n <= lane; n++) generator.jump();
  const int = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    int,
    pick: (list) => (list.length === 0 ? undefined : list[int(0, list.length - 1)]),
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][];
      let left = int(
        1,
        Math.max(
          entries.reduce((sum, [, weight]) => sum + weight, 0),
          1,
        ),
      );
      for (const [key, weight] of entries) {
        left -= weight;
        if (left <= 0) return key;
      }
      throw new Error("nothing to choose from");
    },
  };
}
