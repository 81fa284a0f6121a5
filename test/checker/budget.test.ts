import fc from "fast-check";
import { expect, test } from "vitest";
import { createBudget } from "../../src/checker/budget.ts";

const never = new AbortController().signal;
const fresh = { requests: [], pausedMs: 0, slowness: 1, slowedAgoMs: 0 };
const free = async () => {};

/** Lets everything that can be granted now be granted. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function ask(budget: ReturnType<typeof createBudget>, purpose: "lookup" | "check", times: number) {
  let granted = 0;
  for (let n = 0; n < times; n++) void budget.take(purpose, never).then(() => granted++);
  return async () => {
    await settle();
    return granted;
  };
}

test("checks leave a reserve to lookups, and both together keep the limit", async () => {
  const budget = createBudget({ perMinute: 12, spent: fresh, save: free, now: () => 0 });
  const checks = ask(budget, "check", 20);
  expect(await checks()).toBe(9);
  const lookups = ask(budget, "lookup", 20);
  expect(await lookups()).toBe(3);
});

test("a lookup that waits goes before the checks that wait longer", async () => {
  let now = 0;
  const budget = createBudget({ perMinute: 4, spent: fresh, save: free, now: () => now });
  const checks = ask(budget, "check", 5);
  const lookups = ask(budget, "lookup", 3);
  expect([await checks(), await lookups()]).toEqual([1, 3]);
  now = 62_000;
  const more = ask(budget, "check", 1);
  expect([await checks(), await lookups(), await more()]).toEqual([3, 3, 0]);
});

test("over any minute no more is granted than the limit, whoever asks when", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom("lookup" as const, "check" as const)), {
        maxLength: 60,
      }),
      async (perMinute, asks) => {
        let now = 0;
        const grants: number[] = [];
        const budget = createBudget({ perMinute, spent: fresh, save: free, now: () => now });
        for (const [afterMs, purpose] of asks) {
          now += afterMs;
          void budget.take(purpose, never).then(() => grants.push(now));
          await settle();
        }
        for (const at of grants)
          expect(grants.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(perMinute);
      },
    ),
    { numRuns: 50 },
  );
});

test("what an earlier leader has spent counts, and its pause holds", async () => {
  let now = 1_000_000;
  const spent = { requests: [{ ageMs: 10_000, count: 8 }], pausedMs: 5_000, slowness: 1, slowedAgoMs: 0 };
  const budget = createBudget({ perMinute: 12, spent, save: free, now: () => now });
  const checks = ask(budget, "check", 5);
  expect(await checks()).toBe(0);
  now += 5_001;
  const more = ask(budget, "check", 0);
  void budget.take("check", never);
  await more();
  expect(await checks()).toBe(1);
});

test("a request that could not be noted may not go out", async () => {
  const budget = createBudget({
    perMinute: 12,
    spent: fresh,
    save: () => Promise.reject(new Error("locked")),
    now: () => 0,
  });
  await expect(budget.take("check", never)).rejects.toThrow("locked");
});

test("an aborted wait is given up and takes nothing", async () => {
  let now = 0;
  const budget = createBudget({ perMinute: 2, spent: fresh, save: free, now: () => now });
  await budget.take("check", never);
  const abort = new AbortController();
  const waiting = budget.take("check", abort.signal);
  abort.abort(new Error("stop"));
  await expect(waiting).rejects.toThrow("stop");
  now = 62_000;
  await settle();
  expect(budget.state().used).toBe(0);
});
