import { setImmediate, setTimeout as sleep } from "node:timers/promises";

/** Telegram's limits for one chat (its FAQ: one message a second; twenty a minute to a group), with a margin, in ms. */
export const paceOf = (chatType: string) => (chatType === "private" ? 1_050 : 3_100);

/** So much is made up for, at twice the pace at most: of the time between two turns, and of how late a turn came. */
const DEBT_MS = { between: 17, most: 250 };

/** Telegram's second, and by how much one message may take longer to get there than another. */
const SECOND_MS = 1_010;

/** No timer is shorter: at hundreds of messages a second it would be too long. */
const TIMER_MS = 1;

/** How often somebody whose message can wait looks whether there is a turn to spare. */
const WANTED_MS = 20;

/** A message on its way: when it went out, and when it was there at the latest, as far as is known. */
export type Passage = { leftAt: number; arrivedAt: number };

/**
 * Spaces sends evenly over all chats, and lets no second see more of them than it should, made-up lateness and what
 * overtakes them included: one answer more is always taken by Telegram, then. Times are monotonic, in ms.
 */
export function createPace(messagesPerSecond: number) {
  const gap = SECOND_MS / messagesPerSecond;
  const most = Math.ceil(messagesPerSecond);
  /** The last `most` messages. */
  const gone: Passage[] = [];
  const note = (leftAt: number) => {
    const passage = { leftAt, arrivedAt: leftAt };
    gone.push(passage);
    if (gone.length > most) gone.shift();
    return passage;
  };
  const roomAt = () => (gone.length < most ? 0 : (gone[0]?.arrivedAt ?? 0) + SECOND_MS);
  /** How long the way there and back takes when nothing holds a message up. */
  let quickest = Number.POSITIVE_INFINITY;
  /** When each chat that got a 429 may be written to again. */
  const refusals = new Map<number, number>();
  /** The last turn, how late it came, and when the next is planned. */
  let last = Number.NEGATIVE_INFINITY;
  let late = 0;
  let next = 0;
  let pausedUntil = 0;
  const pausedMs = () => Math.max(pausedUntil - performance.now(), 0);
  /** Whether somebody waits in turn(). */
  let isWanted = false;
  return {
    messagesPerSecond,
    /**
     * Waits for the turn of the next message, one caller at a time; undefined when there is none: everything is paused,
     * or the signal aborted.
     */
    async turn(signal: AbortSignal): Promise<Passage | undefined> {
      next = Math.max(next, performance.now() - Math.min(late + DEBT_MS.between, DEBT_MS.most));
      for (;;) {
        isWanted = false;
        if (signal.aborted || pausedMs() > 0) return undefined;
        const now = performance.now();
        // By the plan, not by when a timer woke: lateness does not add up.
        const at = Math.max(next, last + gap / 2, roomAt());
        if (at <= now) {
          late = now - next;
          last = now;
          next += gap;
          return note(now);
        }
        isWanted = true;
        if (at - now < TIMER_MS) await setImmediate();
        else await sleep(at - now, undefined, { signal }).catch(() => undefined);
      }
    },
    /**
     * The same for another caller, whose messages can wait: a turn that nobody wants who calls turn(). Both together keep
     * the pace.
     */
    async spare(signal: AbortSignal): Promise<Passage | undefined> {
      for (;;) {
        if (signal.aborted || pausedMs() > 0) return undefined;
        const now = performance.now();
        const planned = Math.max(next, now - DEBT_MS.between);
        const at = Math.max(planned, last + gap / 2, roomAt());
        if (at <= now && !isWanted) {
          last = now;
          next = planned + gap;
          return note(now);
        }
        const waitMs = Math.max(at - now, isWanted ? WANTED_MS : 0);
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
    /** Telegram has taken the message of that turn, just now: if it was held up on its way, it counts from later on. */
    arrived(passage: Passage) {
      const now = performance.now();
      // Grows slowly, so that a way that has become longer is not taken for one that is held up all the time.
      quickest = Math.min(now - passage.leftAt, quickest * 1.01);
      passage.arrivedAt = now - quickest;
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
