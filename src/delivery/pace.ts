import { setTimeout as sleep } from "node:timers/promises";

/** Telegram's limits for one chat (its FAQ: one message a second; twenty a minute to a group), with a margin, in ms. */
export const paceOf = (chatType: string) => (chatType === "private" ? 1_050 : 3_100);

/** So much lateness is made up for: half of what the default of 29 messages a second leaves free below Telegram's 30. */
const DEBT_MS = 17;

/** Telegram's second, and by how much one message may take longer to get there than another. */
const SECOND_MS = 1_010;

/**
 * Spaces sends evenly over all chats, and lets no second see more of them than it should, made-up lateness and what
 * overtakes them included: one answer more is always taken by Telegram, then. Times are monotonic, in ms.
 */
export function createPace(messagesPerSecond: number) {
  const gap = SECOND_MS / messagesPerSecond;
  const most = Math.ceil(messagesPerSecond);
  /** When the last `most` messages went out. */
  const gone: number[] = [];
  const note = (at: number) => {
    gone.push(at);
    if (gone.length > most) gone.shift();
  };
  const roomAt = () => (gone.length < most ? 0 : (gone[0] ?? 0) + SECOND_MS);
  /** When each chat that got a 429 may be written to again. */
  const refusals = new Map<number, number>();
  let next = 0;
  let pausedUntil = 0;
  const pausedMs = () => Math.max(pausedUntil - performance.now(), 0);
  return {
    messagesPerSecond,
    /**
     * Waits for the turn of the next message, one caller at a time; false when there is none: everything is paused, or
     * the signal aborted.
     */
    async turn(signal: AbortSignal): Promise<boolean> {
      for (;;) {
        if (signal.aborted || pausedMs() > 0) return false;
        const now = performance.now();
        // Counted from the planned time, not from when a timer woke: lateness does not add up.
        const planned = Math.max(next, now - DEBT_MS);
        const at = Math.max(planned, roomAt());
        if (at <= now) {
          next = planned + gap;
          note(now);
          return true;
        }
        await sleep(at - now, undefined, { signal }).catch(() => undefined);
      }
    },
    /** A message goes out that waits for no turn, as answers to commands do: those that do make room for it. */
    overtaken() {
      note(performance.now());
    },
    /**
     * A 429, which does not say whose limit it was. Once two chats have one at a time it is taken for everybody's, for
     * as long as both say: two chats that are slow each for itself stop the others no longer than the quicker one.
     */
    refused(chatId: number, ms: number) {
      const now = performance.now();
      for (const [id, until] of refusals) if (until <= now) refusals.delete(id);
      refusals.delete(chatId);
      const longest = Math.max(0, ...refusals.values());
      pausedUntil = Math.max(pausedUntil, Math.min(longest, now + ms));
      refusals.set(chatId, now + ms);
    },
    /** How long nothing goes out. */
    pausedMs,
  };
}

export type Pace = ReturnType<typeof createPace>;
