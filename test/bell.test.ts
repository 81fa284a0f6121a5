import { expect, test } from "vitest";
import { createBell } from "../src/bell.ts";

const never = new AbortController().signal;
const LONG = 60_000;

test("a ring ends a wait", async () => {
  const bell = createBell();
  const waiting = bell.wait(LONG, never);
  bell.ring();
  await waiting;
});

test("a ring before the wait is not lost, and counts once however often it rang", async () => {
  const bell = createBell();
  bell.ring();
  bell.ring();
  await bell.wait(LONG, never);
  const started = performance.now();
  await bell.wait(30, never);
  expect(performance.now() - started).toBeGreaterThan(25);
});

test("a wait ends by itself, and a later ring is for the next one", async () => {
  const bell = createBell();
  await bell.wait(1, never);
  bell.ring();
  await bell.wait(LONG, never);
});

test("an abort ends a wait, and one that was before it lets none begin", async () => {
  const bell = createBell();
  const stop = new AbortController();
  const waiting = bell.wait(LONG, stop.signal);
  stop.abort();
  await waiting;
  await bell.wait(LONG, stop.signal);
});

test("waits leave nothing behind on the signal", async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  for (let n = 0; n < 20; n++) {
    const waiting = bell.wait(n % 2 === 0 ? 1 : LONG, signal);
    if (n % 2 === 1) bell.ring();
    await waiting;
  }
  expect(listeners).toBe(0);
});
