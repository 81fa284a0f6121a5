import { setTimeout as sleep } from "node:timers/promises";

/**
 * Gathers what is to be written into one call of `write`. What comes while a call is under way, or less than `restMs`
 * after it, goes with the next one; what comes later waits for nothing. Each caller waits for the call that carries its
 * part, and learns of its failure.
 */
export function createBatcher<T>(write: (items: T[]) => Promise<unknown>, restMs: number): (item: T) => Promise<void> {
  let rested: Promise<unknown> = Promise.resolve();
  let next: { items: T[]; written: Promise<void> } | undefined;
  return (item) => {
    if (next === undefined) {
      const items: T[] = [];
      const written = rested.then(async () => {
        next = undefined;
        await write(items);
      });
      rested = written.catch(() => undefined).then(() => sleep(restMs));
      next = { items, written };
    }
    next.items.push(item);
    return next.written;
  };
}
