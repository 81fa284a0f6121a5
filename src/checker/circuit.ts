/** Failures in a row, with no success between, after which a failure is the site's and not the streamer's. */
const FAILURES_TO_OPEN = 3;

/**
 * Decides whether a site is worth asking. Open (the site fails), it lets one probe through every `probeMs`; the first
 * success closes it. Times are of a monotonic clock, in ms.
 */
export function createCircuit(probeMs: number) {
  let failures = 0;
  let lastTryAt = Number.NEGATIVE_INFINITY;
  return {
    isOpen: () => failures >= FAILURES_TO_OPEN,
    /** True if the last look at the site went well. */
    works: () => failures === 0,
    /** True if a check may start now. While open, the caller that gets true is the probe. */
    admits(now: number): boolean {
      if (failures >= FAILURES_TO_OPEN && now - lastTryAt < probeMs) return false;
      lastTryAt = now;
      return true;
    },
    succeeded() {
      failures = 0;
    },
    failed() {
      failures++;
    },
  };
}

export type Circuit = ReturnType<typeof createCircuit>;
