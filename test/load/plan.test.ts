import { expect, test } from "vitest";
import { arrivalsOf, planLoad, REST_SECONDS, secondsOf } from "../../load/plan.ts";

test("a ramp's arrivals are counted as Artillery makes them: a whole number in each second", () => {
  const ramp = { scene: "ramp", title: "", phases: [{ seconds: 4, from: 10, to: 20 }] } as const;
  expect(arrivalsOf({ ...ramp, phases: [...ramp.phases] })).toBe(10 + 13 + 16 + 20);
  expect(secondsOf({ ...ramp, phases: [...ramp.phases, { seconds: 2, from: 5, to: 5 }] })).toBe(6);
});

test.each([{ rate: 0.1 }, { rate: 1 }, { rate: 10 }])(
  "at $rate times the rates people rest, and all are told in time",
  ({ rate }) => {
    for (const short of [true, false]) {
      const { scenarios, cast, messagesPerSecond } = planLoad({ short, rate });
      for (const { scene, phases } of scenarios) {
        const people = { ramp: cast.crowd, list: cast.listers, fanOut: cast.listers, track: Number.POSITIVE_INFINITY };
        for (const { seconds, to } of phases) {
          expect(people[scene] / to).toBeGreaterThanOrEqual(REST_SECONDS);
          // One second has no ramp in Artillery.
          expect(seconds).toBeGreaterThanOrEqual(2);
        }
      }
      const last = scenarios.find(({ scene }) => scene === "fanOut");
      const seconds = last === undefined ? 0 : secondsOf(last);
      expect(seconds * messagesPerSecond).toBeGreaterThan(cast.fans);
    }
  },
);
