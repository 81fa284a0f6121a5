import { setTimeout as sleep } from "node:timers/promises";

/** Telegram's limits for one chat (its FAQ: one message a second; twenty a minute to a group), with a margin, in ms. */
export const paceOf = (chatType: string) => (chatType === "private" ? 1_050 : 3_100);

/** Spaces sends evenly over all chats, and keeps one chat's topics apart. Times are monotonic, in ms. */
export function createPace(messagesPerSecond: number) {
  const gap = 1000 / messagesPerSecond;
  const chats = new Map<number, number>();
  let next = 0;
  let refused: { chatId: number; until: number } | undefined;
  const pauseAll = (ms: number) => {
    next = Math.max(next, performance.now() + ms);
  };
  return {
    /** Waits for the turn of a message to this chat. */
    async turn(chatId: number): Promise<void> {
      const chatWait = (chats.get(chatId) ?? 0) - performance.now();
      if (chatWait > 0) await sleep(chatWait);
      // Counted from the planned time, not from when a timer woke: lateness does not add up.
      const at = Math.max(next, performance.now() - gap);
      next = at + gap;
      const wait = at - performance.now();
      if (wait > 0) await sleep(wait);
    },
    /** A message has gone to this chat: its next may follow after `ms`. */
    sent(chatId: number, ms: number) {
      const now = performance.now();
      if (chats.size > 10_000) for (const [id, until] of chats) if (until < now) chats.delete(id);
      chats.set(chatId, now + ms);
    },
    /** Nothing goes out for `ms`. */
    pauseAll,
    /** A 429, which does not say whose limit it was: once a second chat gets one meanwhile, it is everybody's. */
    refused(chatId: number, ms: number) {
      const now = performance.now();
      if (refused !== undefined && refused.chatId !== chatId && now < refused.until) pauseAll(ms);
      refused = { chatId, until: now + ms };
    },
    pausedMs: () => Math.max(next - performance.now() - gap, 0),
  };
}

export type Pace = ReturnType<typeof createPace>;
