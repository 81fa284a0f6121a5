import { expect, test } from "vitest";
import { mediansOfAll } from "../../bench/figures.ts";

test("each figure has a median of its own, and the run that warms up counts for none", async () => {
  const runs = (figures: [number, number][]) => async () => {
    const [rate, cpu] = figures.shift() ?? [0, 0];
    return { rate, cpu };
  };
  const medians = await mediansOfAll(
    {
      ours: runs([
        [1_000_000, 1_000_000],
        [10, 3],
        [30, 1],
        [20, 2],
      ]),
      theirs: runs([
        [0, 0],
        [5, 5],
        [5, 5],
        [7, 7],
      ]),
    },
    3,
  );
  expect(medians).toEqual({ ours: { rate: 20, cpu: 2 }, theirs: { rate: 5, cpu: 5 } });
});
