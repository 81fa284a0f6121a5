import fc from "fast-check";
import { expect, test } from "vitest";
import { createBudget } from "../../src/checker/budget.ts";
import { readBudget, writeBudget } from "../../src/db/source-states.ts";
import { batch } from "../../src/db/sql.ts";
import { testDb } from "../db/test-db.ts";

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

test("a site that refuses is asked half as often, at most once a minute and down to an eighth, and fully again within ten minutes", async () => {
  let now = 0;
  const budget = createBudget({ perMinute: 800, spent: fresh, save: free, now: () => now });
  const slowness = () => budget.state().slowness;
  await budget.refused();
  await budget.refused();
  expect(slowness()).toBe(2);
  for (const [minute, expected] of [
    [1, 4],
    [2, 8],
    [3, 8],
  ] as const) {
    now = minute * 60_000;
    await budget.refused();
    expect(slowness()).toBe(expected);
  }
  const lookups = ask(budget, "lookup", 800);
  expect(await lookups()).toBe(100);
  now += 600_000;
  const more = ask(budget, "lookup", 100);
  expect(await lookups()).toBe(800);
  expect([await more(), slowness()]).toEqual([100, 1]);
});

test("while a Retry-After runs nothing goes out, first looks neither", async () => {
  let now = 0;
  const budget = createBudget({ perMinute: 60, spent: fresh, save: free, now: () => now });
  await budget.refused(120_000);
  const lookups = ask(budget, "lookup", 1);
  now = 119_999;
  const nudge = ask(budget, "lookup", 1);
  expect([await lookups(), await nudge()]).toEqual([0, 0]);
  now = 120_001;
  void budget.take("lookup", never);
  expect([await lookups(), await nudge()]).toEqual([1, 1]);
});

test("a new leader goes on with the budget, the pause and the slowness of the one that was killed", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const open = async () =>
    createBudget({
      perMinute: 120,
      spent: await readBudget(orm, "fetta"),
      save: async (spent) => void (await batch(orm, [writeBudget(orm, "fetta", spent)])),
    });
  const first = await open();
  for (let n = 0; n < 50; n++) await first.take("check", never);
  await first.refused(5_000);
  const second = await open();
  const { used, pausedMs, slowness } = second.state();
  expect(used).toBeGreaterThanOrEqual(50);
  expect(used).toBeLessThanOrEqual(52);
  expect(pausedMs).toBeGreaterThan(4_000);
  expect(slowness).toBe(2);
});

test("what is granted while a refusal arrives waits as well", async () => {
  let now = 0;
  const saved = Promise.withResolvers<void>();
  let saves = 0;
  const save = () => (saves++ === 0 ? saved.promise : Promise.resolve());
  const budget = createBudget({ perMinute: 60, spent: fresh, save, now: () => now });
  const checks = ask(budget, "check", 1);
  await checks();
  await budget.refused(10_000);
  saved.resolve();
  expect(await checks()).toBe(0);
  now = 10_001;
  const more = ask(budget, "check", 1);
  expect([await checks(), await more()]).toEqual([1, 1]);
});
