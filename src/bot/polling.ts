import { setTimeout as sleep } from "node:timers/promises";
import { createBatchSink, createRunner, createSource } from "@grammyjs/runner";
import { type Api, GrammyError } from "grammy";
import type { Update } from "grammy/types";
import { ALLOWED_UPDATES } from "./updates.ts";

/** Seconds that Telegram holds a request open while there is nothing to tell. */
const LONG_POLL_SECONDS = 30;
/** When another poller or a webhook holds the token. */
const CONFLICT_RETRY_MS = 5_000;
/** When the token is not valid any more. */
const REVOKED_RETRY_MS = 60_000;
/** When Telegram does not answer: 1 s, 2 s, 4 s … */
const RETRY_MS = { first: 1_000, most: 10_000 };
const PATIENCE = { handlersMs: 10_000, confirmMs: 4_000 };

export type PollingOptions = {
  /** Handles one update. */
  handle: (update: Update) => Promise<void>;
  /** For getUpdates alone: its time-out must be longer than the long poll. */
  api: Api;
  /** False once another instance may poll: what has been received, and not begun, is left to it. */
  trusted: () => boolean;
  failed: (error: unknown) => void;
  /** At the end: how long running handlers are waited for, and the last confirmation. */
  patience?: { handlersMs: number; confirmMs: number };
};

/**
 * Takes updates by long polling until the signal aborts; then waits for the running handlers, and confirms what
 * they have handled. Updates are confirmed only after their handlers have ended, so a crash loses none. A webhook in the
 * way is deleted, its pending updates kept.
 */
export async function pollUpdates(options: PollingOptions, signal: AbortSignal): Promise<void> {
  const { handle, api, trusted, failed, patience = PATIENCE } = options;
  const handling = new Set<number>();
  let received = 0;
  let isFree = false;
  /** What comes next: everything before it has been handled. */
  const next = () => (handling.size === 0 ? received : Math.min(...handling));
  const poll = { limit: 100, allowed_updates: ALLOWED_UPDATES };

  const source = createSource<Update>({
    async supply(_pace, stop) {
      for (let failures = 0; !stop.aborted; ) {
        // A request of ours would end the long poll of whoever polls now.
        if (!trusted()) await aborted(stop as AbortSignal);
        try {
          if (!isFree) isFree = await api.deleteWebhook({ drop_pending_updates: false }, stop);
          const updates = await api.getUpdates({ ...poll, offset: next(), timeout: LONG_POLL_SECONDS }, stop);
          // After a long pause of the process this may be an old answer, which another instance got as well.
          if (trusted()) return updates;
        } catch (error) {
          if (stop.aborted) break;
          failed(error);
          if (isConflict(error)) isFree = false;
          await sleep(retryMs(error, failures++), undefined, { signal: stop as AbortSignal }).catch(() => undefined);
        }
      }
      throw new Error("polling has ended");
    },
  });
  const sink = createBatchSink<Update, unknown>(
    { consume: (update) => handle(update).finally(() => handling.delete(update.update_id)) },
    async (error) => failed(error),
  );
  const runner = createRunner<Update>(source, {
    ...sink,
    handle(updates) {
      for (const { update_id: id } of updates) {
        handling.add(id);
        received = id + 1;
      }
      return sink.handle(updates);
    },
  });
  runner.start();
  const ended = runner.task();
  await aborted(signal);
  // stop() resolves without waiting for handlers; the task ends after them.
  await within(patience.handlersMs, Promise.all([runner.stop(), ended]));
  if (handling.size > 0) failed(new Error(`${handling.size} updates take too long; they will be handled again`));
  if (next() > 0 && trusted()) {
    await within(patience.confirmMs, api.getUpdates({ ...poll, offset: next(), limit: 1, timeout: 0 }).catch(failed));
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof GrammyError && error.error_code === 409;
}

function retryMs(error: unknown, failures: number): number {
  const backoffMs = Math.min(RETRY_MS.first * 2 ** failures, RETRY_MS.most);
  if (!(error instanceof GrammyError)) return backoffMs;
  if (isConflict(error)) return CONFLICT_RETRY_MS;
  if (error.error_code === 401) return REVOKED_RETRY_MS;
  return (error.parameters.retry_after ?? 0) * 1_000 || backoffMs;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Waits for the work, but no longer than `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
}
