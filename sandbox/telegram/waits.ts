import type { Changes } from "./changes.ts";
import type { Chats } from "./chats.ts";
import type { Change, Message } from "./types.ts";

const patienceMs = 5000;

/** Waiting for what the bot does. Real time, whatever the sandbox's clock says. */
export function createWaits({ chats, changes, isIdle }: { chats: Chats; changes: Changes; isIdle: () => boolean }) {
  const open = new Set<(error: Error) => void>();

  /** Resolves with the first value `pick` gives, now or at a later change. */
  function wait<T>(
    now: T | undefined,
    pick: (change: Change) => T | undefined,
    timeoutMs: number,
    complaint: () => string,
  ) {
    if (now !== undefined) return Promise.resolve(now);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const end = (act: () => void) => {
      clearTimeout(timer);
      stop();
      open.delete(fail);
      act();
    };
    const fail = (error: Error) => end(() => reject(error));
    const stop = changes.on((change) => {
      try {
        const value = pick(change);
        if (value !== undefined) end(() => resolve(value));
      } catch (error) {
        fail(error as Error);
      }
    });
    // The stack of whoever waits tells more than the timer's.
    const late = new Error();
    const timer = setTimeout(() => {
      late.message = complaint();
      fail(late);
    }, timeoutMs);
    open.add(fail);
    // A test that has failed already does not await this one any more.
    promise.catch(() => {});
    return promise;
  }

  return {
    /**
     * The first message, there already or still to come, new or edited, that fits. A RegExp looks at what the bot
     * wrote; a function sees every message.
     * @throws {Error} after `timeoutMs`, with what the chat shows
     */
    until(
      chat: { id: number },
      match: RegExp | ((message: Message) => boolean),
      timeoutMs = patienceMs,
    ): Promise<Message> {
      const room = chats.room(chat);
      const fits = match instanceof RegExp ? (m: Message) => m.fromBot && m.text.search(match) >= 0 : match;
      const pick = (change: Change) =>
        (change.kind === "message" || change.kind === "edit") &&
        change.message.chatId === room.id &&
        fits(change.message)
          ? change.message
          : undefined;
      const lines = () => room.messages.values().map((m) => `${m.fromBot ? "bot" : "   "} ${m.id}: ${m.text}`);
      const complaint = () =>
        `No message in chat ${room.id} fits ${match}; it shows:\n${[...lines()].join("\n") || "nothing"}`;
      return wait(room.messages.values().find(fits), pick, timeoutMs, complaint);
    },
    /**
     * No update is unconfirmed and no request of the bot is under way: all is handled by a bot that confirms an update
     * after its handler (a webhook's 2xx, grammY's own polling), not by one that confirms what it has only fetched.
     * @throws {Error} after `timeoutMs` when updates are still unconfirmed or requests still run
     */
    async idle(timeoutMs = patienceMs) {
      const now = () => (isIdle() ? true : undefined);
      await wait(now(), now, timeoutMs, () => "The bot still has updates to confirm, or requests under way");
    },
    close() {
      for (const fail of [...open]) fail(new Error("The sandbox was closed"));
    },
  };
}
