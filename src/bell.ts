/** Wakes one loop that waits: a ring between two waits is not lost. */
export function createBell() {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    /** Resolves at the next ring, after `ms`, or when the signal aborts. */
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const end = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", end);
            resolve();
          };
          const timer = setTimeout(end, ms);
          signal.addEventListener("abort", end);
          wake = end;
        });
      }
      rung = false;
    },
  };
}

export type Bell = ReturnType<typeof createBell>;
