import { expect, test } from "vitest";
import { inMegabytes, inMicroseconds, inMilliseconds, median, medians, perSecond, ratio } from "../../bench/medians.ts";

test("the median is the figure in the middle, or between the two in the middle", () => {
  expect(median([100, 1, 2])).toBe(2);
  expect(median([4, 1, 100, 2])).toBe(3);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow("no figures");
  expect(() => median([1, Number.NaN, 2])).toThrow("not a number");
});

test("the round that warms up does not count", async () => {
  const figures = [1_000, 3, 1, 2];
  expect(await medians({ a: async () => figures.shift() ?? 0 }, 3)).toEqual({ a: 2 });
});

test("each round runs every variant once, in an order of its own", async () => {
  const ran: string[] = [];
  const variant = (name: string) => async () => ran.push(name);
  await medians({ a: variant("a"), b: variant("b"), c: variant("c") }, 99);
  const rounds = Array.from({ length: 100 }, (_, n) => ran.slice(3 * n, 3 * n + 3).join(""));
  expect(ran).toHaveLength(300);
  for (const round of rounds) expect([...round].sort().join("")).toBe("abc");
  expect(new Set(rounds).size).toBe(6);
});

test("whoever waits is told which round runs", async () => {
  const told: string[] = [];
  await medians({ a: async () => 1 }, 2, (words) => told.push(words));
  expect(told).toEqual(["warming up", "round 1 of 2", "round 2 of 2"]);
});

test("a variant that fails is an error and no figure", async () => {
  await expect(medians({ a: () => Promise.reject(new Error("broken")) }, 2)).rejects.toThrow("broken");
});

test("figures are written with as many digits as they deserve", () => {
  expect([ratio(23, 100), ratio(1, 1), ratio(38.4, 1), ratio(5_184, 1)]).toEqual(["0.23×", "1×", "38×", "5,180×"]);
  expect([inMicroseconds(0.274), inMicroseconds(4_853)]).toEqual(["0.27 µs", "4,850 µs"]);
  expect(inMilliseconds(0.0518)).toBe("0.052 ms");
  expect(perSecond(43_046)).toBe("43,000/s");
  expect(inMegabytes(57_312_000)).toBe("57 MB");
});
