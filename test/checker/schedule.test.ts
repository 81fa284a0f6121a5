import fc from "fast-check";
import { expect, test } from "vitest";
import {
  estimatePrior,
  expectedRate,
  forget,
  type Limits,
  periodOf,
  planSchedule,
  type Watched,
} from "../../src/checker/schedule.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const limits: Limits = { minMs: 5 * MINUTE, maxMs: 60 * MINUTE, requestsPerMs: 9 / MINUTE };
const someone: Watched = { weight: 1, news: 1, observedMs: 7 * DAY, cost: 1 };

const watched = fc.record<Watched>({
  weight: fc.integer({ min: 1, max: 100_000 }),
  news: fc.double({ min: 0, max: 1_000, noNaN: true }),
  observedMs: fc.integer({ min: 0, max: 1_000 * DAY }),
  cost: fc.double({ min: 1, max: 50, noNaN: true }),
});
const spending = (population: Watched[], limits: Limits) => {
  const plan = planSchedule(population, limits);
  return population.reduce((sum, one) => sum + one.cost / periodOf(one, plan), 0);
};

test("few streamers are looked at as often as allowed, and the rest of the budget stays unused", () => {
  const plan = planSchedule(Array(20).fill(someone), limits);
  expect(periodOf(someone, plan)).toBe(limits.minMs);
  expect(plan.load).toBeLessThan(1);
});

test("too many streamers for the longest periods stretch all of them in proportion", () => {
  const plan = planSchedule(Array(100).fill({ ...someone, cost: 1.5 }), { ...limits, maxMs: 5 * MINUTE });
  expect(plan.stretch).toBeCloseTo(100 / 9 / (5 / 1.5), 5);
  expect(periodOf(someone, plan)).toBe(Math.round(5 * MINUTE * plan.stretch));
});

test("over any population the budget is kept, and used up unless everybody is at the shortest period", () => {
  fc.assert(
    fc.property(
      fc.array(watched, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (population, perMinute) => {
        const budget = { ...limits, requestsPerMs: perMinute / MINUTE };
        const spent = spending(population, budget) / budget.requestsPerMs;
        expect(spent).toBeLessThanOrEqual(1.001);
        const plan = planSchedule(population, budget);
        if (plan.multiplier > 0) expect(spent).toBeGreaterThan(0.999);
      },
    ),
  );
});

test("over any population no period is outside the limits unless all are stretched", () => {
  fc.assert(
    fc.property(fc.array(watched, { minLength: 1, maxLength: 60 }), (population) => {
      const plan = planSchedule(population, limits);
      for (const one of population) {
        const period = periodOf(one, plan) / plan.stretch;
        expect(period).toBeGreaterThanOrEqual(limits.minMs - 1);
        expect(period).toBeLessThanOrEqual(limits.maxMs + 1);
      }
    }),
  );
});

test("more subscribers, a higher priority or more news never mean a longer period; a dearer look never a shorter one", () => {
  fc.assert(
    fc.property(
      fc.array(watched, { minLength: 1, maxLength: 30 }),
      watched,
      fc.integer({ min: 1, max: 10 }),
      (population, one, more) => {
        const plan = planSchedule([...population, one], limits);
        const period = periodOf(one, plan);
        expect(periodOf({ ...one, weight: one.weight * more }, plan)).toBeLessThanOrEqual(period);
        expect(periodOf({ ...one, news: one.news + more }, plan)).toBeLessThanOrEqual(period);
        expect(periodOf({ ...one, cost: one.cost * more }, plan)).toBeGreaterThanOrEqual(period);
      },
    ),
  );
});

test("with clamps that do not bind, periods go with the square root of cost over weight and rate", () => {
  const wide = { minMs: 1, maxMs: 1_000 * DAY, requestsPerMs: 1 / MINUTE };
  const plan = planSchedule([someone, { ...someone, weight: 4 }, { ...someone, cost: 9 }], wide);
  const period = periodOf(someone, plan);
  expect(periodOf({ ...someone, weight: 4 }, plan)).toBeCloseTo(period / 2, -1);
  expect(periodOf({ ...someone, cost: 9 }, plan)).toBeCloseTo(period * 3, -1);
});

test("a streamer of whom nothing is known is expected to be like the others", () => {
  const busy = Array.from({ length: 50 }, (_, n) => ({ ...someone, news: 20 + (n % 7), observedMs: 10 * DAY }));
  const prior = estimatePrior(busy);
  expect(expectedRate({ ...someone, news: 0, observedMs: 0 }, prior)).toBeCloseTo(prior.meanRate, 12);
  expect(prior.meanRate * DAY).toBeGreaterThan(1.5);
});

test("the longer a streamer is silent, the less is expected of it", () => {
  const prior = { shape: 1, meanRate: 1 / DAY };
  const silent = (days: number) => expectedRate({ ...someone, news: 0, observedMs: days * DAY }, prior);
  expect([silent(1) > silent(5), silent(5) > silent(30), silent(30) > silent(90)]).toEqual([true, true, true]);
});

test("news of a month ago count a third, and a clock that jumps back forgets nothing", () => {
  expect(forget(10, 30 * DAY)).toBeCloseTo(10 / Math.E, 10);
  expect(forget(10, -DAY, 2)).toBe(12);
});

test("an empty population, or one without news, still gets a plan", () => {
  expect(planSchedule([], limits)).toMatchObject({ multiplier: 0, stretch: 1, load: 0 });
  const silent = Array(500).fill({ ...someone, news: 0 });
  expect(Number.isFinite(periodOf(silent[0], planSchedule(silent, limits)))).toBe(true);
});
