import { expect, test } from "vitest";
import { createPace } from "../../src/delivery/pace.ts";

const never = new AbortController().signal;

test("spare turns alone come at the pace, and give way while others are wanted; both together keep it", async () => {
  const perSecond = 50;
  const pace = createPace(perSecond);
  const stop = new AbortController();
  const spare: number[] = [];
  const spending = (async () => {
    while ((await pace.spare(stop.signal)) !== undefined) spare.push(performance.now());
  })();
  await new Promise((resolve) => setTimeout(resolve, 400));
  const alone = spare.length;
  expect(alone).toBeGreaterThan(10);
  expect(alone).toBeLessThanOrEqual(23);

  const wanted: number[] = [];
  for (let n = 0; n < 40; n++) {
    await pace.turn(never);
    wanted.push(performance.now());
  }
  expect(spare.length - alone, "while all turns were wanted").toBeLessThanOrEqual(3);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(spare.length - alone).toBeGreaterThan(8);
  stop.abort();
  await spending;
  const all = [...spare, ...wanted].sort((a, b) => a - b);
  const fullest = all.map((end) => all.filter((time) => time > end - 1_000 && time <= end).length);
  expect(Math.max(...fullest)).toBeLessThanOrEqual(perSecond + 1);
  expect(await pace.spare(AbortSignal.abort())).toBeUndefined();
});
