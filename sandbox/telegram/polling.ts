import { type ApiError, conflict } from "./errors.ts";
import { integerOf } from "./fields.ts";
import type { Request } from "./methods.ts";
import type { Queued, Updates } from "./updates.ts";

/** Telegram's longest long poll (Client.cpp: LONG_POLL_MAX_TIMEOUT). */
const longestPollSeconds = 50;

type Waiting = {
  limit: number;
  resolve: (updates: object[]) => void;
  reject: (error: ApiError) => void;
  timer: NodeJS.Timeout;
};

/** `getUpdates`: one poller at a time, and only without a webhook. */
export function createPolling({ updates, isWebhookSet }: { updates: Updates; isWebhookSet: () => boolean }) {
  let waiting: Waiting | undefined;

  /** Ends the long poll that waits, if there is one. */
  function release(): Waiting | undefined {
    const ended = waiting;
    waiting = undefined;
    clearTimeout(ended?.timer);
    return ended;
  }
  const terminate = (reason: string) => release()?.reject(conflict(reason));
  const batch = (limit: number) => updates.first(limit).map(({ update }: Queued) => update);

  updates.onPush(() => {
    // On the next turn: what is said in one breath comes in one batch.
    if (waiting !== undefined && updates.pending() === 1) {
      setImmediate(() => {
        const ended = updates.pending() > 0 ? release() : undefined;
        ended?.resolve(batch(ended.limit));
      });
    }
  });

  return {
    /** @throws {ApiError} 409 with a webhook; the older of two polls gets a 409 too */
    getUpdates({ params, onGone }: Request): object[] | Promise<object[]> {
      if (isWebhookSet()) {
        throw conflict(
          "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        );
      }
      const offset = integerOf(params, "offset", 0);
      const limit = integerOf(params, "limit", 100, 1, 100);
      const timeout = integerOf(params, "timeout", 0, 0, longestPollSeconds);
      updates.allow(params);
      if (offset < 0) updates.keepNewest(-offset);
      if (offset > 0) updates.confirmBelow(offset);
      const ready = batch(limit);
      if (ready.length > 0 || timeout === 0) return ready;
      terminate("terminated by other getUpdates request; make sure that only one bot instance is running");
      const { promise, resolve, reject } = Promise.withResolvers<object[]>();
      const timer = setTimeout(() => release()?.resolve([]), timeout * 1000);
      const own: Waiting = { limit, resolve, reject, timer };
      waiting = own;
      onGone(() => {
        if (waiting === own) release();
      });
      return promise;
    },
    terminate,
    close: () => void release(),
  };
}
