import { expect, test } from "vitest";
import { createPace } from "../../src/delivery/pace.ts";
import { look, wishes } from "../db/story.ts";
import { postOffice, sends } from "./post-office.ts";

const never = new AbortController().signal;

/** When so many turns came, in ms after the first. */
async function turns(pace: ReturnType<typeof createPace>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    expect(await pace.turn(never)).toBeDefined();
    times.push(performance.now());
  }
  const [first = 0] = times;
  return times.map((time) => time - first);
}

test("turns keep their distance", async () => {
  const times = await turns(createPace(100), 31);
  expect(times.at(-1)).toBeGreaterThan(300 - 17 - 2);
});

test("a rest saves up no more than a moment: there is no burst after it", async () => {
  const pace = createPace(50);
  await turns(pace, 2);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const times = await turns(pace, 11);
  expect(times.at(-1)).toBeGreaterThan(200 - 50);
});

test("a turn that comes late is made up for by the next ones, at twice the pace", async () => {
  const pace = createPace(50);
  await turns(pace, 2);
  const began = performance.now();
  setTimeout(() => {
    while (performance.now() - began < 220);
  }, 5);
  await pace.turn(never);
  const times = await turns(pace, 31);
  expect(times[5]).toBeGreaterThan(50 - 2);
  // 31 turns late by 10 of them.
  expect(times[30]).toBeLessThan(600 - 200 + 80);
});

test("no second sees more than its share, lateness that is made up for and what overtakes included", async () => {
  const perSecond = 100;
  const pace = createPace(perSecond);
  const times: number[] = [];
  const go = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await pace.turn(never);
      times.push(performance.now());
    }
  };
  const overtake = (count: number) => {
    for (let n = 0; n < count; n++) {
      pace.overtaken();
      times.push(performance.now());
    }
  };
  await go(60);
  const busyUntil = performance.now() + 100;
  while (performance.now() < busyUntil);
  await go(20);
  overtake(15);
  await go(60);
  overtake(1);
  await go(20);
  const fullest = times.map((end) => times.filter((time) => time > end - 1_000 && time <= end).length);
  expect(Math.max(...fullest)).toBeLessThanOrEqual(perSecond + 1);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(2_500);
});

test("a message that was held up on its way counts from when it arrived", async () => {
  const pace = createPace(20);
  const go = async (answerMs: number) => {
    const passage = await pace.turn(never);
    if (passage === undefined) throw new Error("there was no turn");
    setTimeout(() => pace.arrived(passage), answerMs);
    return passage.leftAt;
  };
  const first = await go(10);
  await go(10);
  const late = await go(310);
  for (let n = 3; n < 20; n++) await go(10);
  const next = await go(10);
  await go(10);
  const afterLate = await go(10);
  expect(next - first).toBeLessThan(1_200);
  expect(afterLate - late).toBeGreaterThan(1_300);
});

test("what overtakes more often than it should stops the others for a second, and no longer", async () => {
  const pace = createPace(10);
  for (let n = 0; n < 200; n++) pace.overtaken();
  const began = performance.now();
  await pace.turn(never);
  expect(performance.now() - began).toBeGreaterThan(950);
  expect(performance.now() - began).toBeLessThan(1_500);
});

test("an abort ends the wait for a turn", async () => {
  const pace = createPace(0.01);
  await pace.turn(never);
  const stop = new AbortController();
  const turn = pace.turn(stop.signal);
  stop.abort();
  expect(await turn).toBeUndefined();
});

test("a 429 of one chat pauses nobody else, not even when it is refused again", async () => {
  const pace = createPace(1_000);
  pace.refused(1, 60_000);
  pace.refused(1, 60_000);
  expect(pace.pausedMs()).toBe(0);
  expect(await pace.turn(never)).toBeDefined();
});

test("two chats with a 429 at a time pause everybody, until the first of them may be written to", async () => {
  const pace = createPace(1_000);
  pace.refused(1, 10_072_000);
  pace.refused(2, 30_000);
  expect(pace.pausedMs()).toBeGreaterThan(29_000);
  expect(pace.pausedMs()).toBeLessThanOrEqual(30_000);
  expect(await pace.turn(never)).toBeUndefined();
});

test("a 429 that is over counts no more", async () => {
  const pace = createPace(1_000);
  pace.refused(1, 5);
  await new Promise((resolve) => setTimeout(resolve, 10));
  pace.refused(2, 30_000);
  expect(pace.pausedMs()).toBe(0);
});

test("sends to many chats keep the rate, evenly, and below what Telegram refuses", async () => {
  const perSecond = 100;
  const chats = 150;
  // Both sides share this process, which may have to wait for others: what was sent evenly may arrive in bunches.
  await using post = await postOffice({ enforceLimits: true, limits: { overallPerSecond: perSecond * 1.3 } });
  const { db, telegram } = post;
  await post.crowd(chats, "mila");
  await look(db, 1, wishes("ba"));
  const sender = post.start({ messagesPerSecond: perSecond });
  await sender.until((reports) => reports.length === chats);
  const times = sends(telegram).map(({ at }) => at);
  const rate = ((times.length - 1) * 1_000) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
  expect(sends(telegram).filter(({ code }) => code === 429)).toEqual([]);
  expect(rate).toBeGreaterThan(perSecond * 0.8);
  expect(rate).toBeLessThan(perSecond * 1.02);
});
