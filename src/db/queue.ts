import { setImmediate } from "node:timers";

/** A first come, first served queue for something that only one may use at a time. */
export type Queue = {
  /** Waits for everyone who came before; the next one's turn comes when the answer is called (again: no effect). */
  turn(): Promise<() => void>;
};

export function createQueue(): Queue {
  let last = Promise.resolve();
  return {
    async turn() {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      return () => {
        setImmediate(resolve); // not at once: turns that never leave the event loop would stop everything else
      };
    },
  };
}
