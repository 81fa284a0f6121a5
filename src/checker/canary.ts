/** The looks that count, the least of them to judge by, and the share that must be good. */
const WINDOW = 20;
const LEAST = 10;
const GOOD_SHARE = 0.5;
/** Looks that fail at fewer streamers than this are those streamers' own affair. */
const LEAST_STREAMERS = 3;

/**
 * Watches whether what a site shows can be believed: when too few of the last looks at it were whole and plausible, no
 * conclusions are drawn from what it does not show. It recovers by itself. `distrusted`: what an earlier leader thought.
 */
export function createCanary(distrusted: boolean) {
  const looks: { streamerId: number; good: boolean }[] = [];
  let isDistrusted = distrusted;
  return {
    isDistrusted: () => isDistrusted,
    /** Takes note of a look; tells whether the verdict has changed. */
    saw(streamerId: number, good: boolean): boolean {
      looks.push({ streamerId, good });
      if (looks.length > WINDOW) looks.shift();
      const bad = looks.filter((look) => !look.good);
      const share = 1 - bad.length / looks.length;
      const before = isDistrusted;
      if (looks.length >= LEAST) {
        const isWidespread = new Set(bad.map((look) => look.streamerId)).size >= LEAST_STREAMERS;
        isDistrusted = share < GOOD_SHARE && (isWidespread || before);
      }
      return isDistrusted !== before;
    },
  };
}

export type Canary = ReturnType<typeof createCanary>;

/** A list that suddenly shows far fewer items may be cleared, or the site may be broken: many of them are suspicious. */
export function isPlausible(shown: number, listed: number): boolean {
  return shown >= listed || (listed - shown <= 20 && (listed - shown) * 100 <= listed * 30);
}
