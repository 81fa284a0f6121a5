import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Standstill, watchEventLoop } from "../src/standstill.ts";

/** What is told of a standstill that `stand` makes. */
async function watched(stand: () => void): Promise<{ longest: number; standstills: Standstill[] }> {
  const delays: number[] = [];
  const standstills: Standstill[] = [];
  using _watch = watchEventLoop({
    delayed: (seconds) => delays.push(seconds),
    stood: (standstill) => standstills.push(standstill),
  });
  await sleep(60);
  stand();
  await sleep(60);
  return { longest: Math.max(...delays), standstills };
}

const compute = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
/** Holds the thread up without letting it compute, as a slow disk does. */
const hold = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("a standstill shows as a delay of nearly its length, and a short one is not told of", async () => {
  const { longest, standstills } = await watched(() => hold(200));
  expect(longest).toBeGreaterThan(0.145);
  expect(standstills).toEqual([]);
});

test("a long standstill is told of, with how much of it was our own computing", async () => {
  const own = await watched(() => compute(700));
  expect(own.standstills).toEqual([{ ms: expect.any(Number), cpuMs: expect.any(Number) }]);
  expect(own.standstills[0]?.ms).toBeGreaterThan(645);
  const foreign = await watched(() => hold(700));
  expect(foreign.standstills[0]?.ms).toBeGreaterThan(645);
  const computed = ({ standstills: [one] }: { standstills: Standstill[] }) => one?.cpuMs ?? Number.NaN;
  expect(computed(foreign)).toBeLessThan(200);
  expect(computed(own)).toBeGreaterThan(computed(foreign) + 100);
});

test("what is watched no longer is told no more", async () => {
  let told = 0;
  const watch = watchEventLoop({ delayed: () => told++, stood: () => told++ });
  await sleep(120);
  watch[Symbol.dispose]();
  expect(told).toBeGreaterThan(0);
  const before = told;
  await sleep(120);
  expect(told).toBe(before);
});
