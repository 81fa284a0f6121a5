import { setImmediate } from "node:timers/promises";

/**
 * How long one call takes on average, in µs, over as many as fit into `forMs`; one at least. The event loop has a turn
 * before and after: libsql's statements are given up by the garbage collector's finalizers, which need it.
 */
export async function microsecondsEach(work: () => unknown, forMs: number): Promise<number> {
  await setImmediate();
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    await work();
    calls += 1;
    elapsed = performance.now() - start;
  } while (elapsed < forMs);
  await setImmediate();
  return (elapsed / calls) * 1000;
}
