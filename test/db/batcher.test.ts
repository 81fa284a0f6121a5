import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createBatcher } from "../../src/db/batcher.ts";

test("what comes while a call is under way goes with the next; one call is made at a time", async () => {
  const calls: { items: number[]; end: PromiseWithResolvers<void> }[] = [];
  const add = createBatcher<number>((items) => {
    const end = Promise.withResolvers<void>();
    calls.push({ items, end });
    return end.promise;
  }, 0);
  const called = async (times: number) => await expect.poll(() => calls.length).toBe(times);
  const first = add(1);
  await called(1);
  const others = [add(2), add(3)];
  await sleep(20);
  expect(calls.map(({ items }) => items)).toEqual([[1]]);
  calls[0]?.end.resolve();
  await first;
  await called(2);
  expect(calls.map(({ items }) => items)).toEqual([[1], [2, 3]]);
  calls[1]?.end.reject(new Error("full"));
  await Promise.all(others.map((other) => expect(other).rejects.toThrow("full")));
  const last = add(4);
  await called(3);
  calls[2]?.end.resolve();
  await last;
  expect(calls.map(({ items }) => items)).toEqual([[1], [2, 3], [4]]);
});

test("whoever comes after the rest waits for nothing, whoever comes within it waits for its end", async () => {
  const times: number[] = [];
  const add = createBatcher<string>(async () => void times.push(performance.now()), 100);
  const began = performance.now();
  await add("alone");
  expect((times[0] ?? 0) - began).toBeLessThan(50);
  await Promise.all([add("soon"), add("sooner")]);
  expect(times).toHaveLength(2);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(95);
  await sleep(150);
  const later = performance.now();
  await add("later");
  expect((times[2] ?? 0) - later).toBeLessThan(50);
});
