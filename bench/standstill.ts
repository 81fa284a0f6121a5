import * as timers from "node:timers";
import { setImmediate } from "node:timers/promises";

/** The longest time between two turns of the event loop while `work` runs, and how long it took, in ms. */
export async function watch(work: () => unknown): Promise<{ stallMs: number; totalMs: number }> {
  let isOver = false;
  let stallMs = 0;
  await setImmediate();
  const start = performance.now();
  let last = start;
  const turn = () => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last);
    last = now;
    if (!isOver) timers.setImmediate(turn);
  };
  timers.setImmediate(turn);
  await work();
  const totalMs = performance.now() - start;
  isOver = true;
  await setImmediate();
  return { stallMs: Math.max(stallMs, performance.now() - last), totalMs };
}
