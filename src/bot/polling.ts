import { setTimeout as sleep } from "node:timers/promises";
import { createBatchSink, createRunner, createSource } from "@grammyjs/runner";
import { type Api, GrammyError } from "grammy";
import type { Update } from "grammy/types";
import { ALLOWED_UPDATES } from "./bot.ts";

/** Seconds that Telegram holds a request open while there is nothing to tell. */
const LONG_POLL_SECONDS = 30;
/** Between attempts when another poller holds the token, or Telegram does not answer. */
const CONFLICT_RETRY_MS = 5_000;
const RETRY_MS = 1_000;

export type PollingOptions = {
  /** Handles one update; it must not reject. */
  handle: (update: Update) => Promise<void>;
  /** For getUpdates alone: its time-out must be longer than the long poll. */
  api: Api;
  failed: (error: unknown) => void;
};

/**
 * Takes updates by long polling until the signal aborts; then waits for the running handlers, and confirms what they
 * have handled. A batch is confirmed only after all of its handlers have ended, so a crash loses none.
 */
export async function pollUpdates({ handle, api, failed }: PollingOptions, signal: AbortSignal): Promise<void> {
  let offset = 0;
  const source = createSource<Update>({
    async supply(_pace, stop) {
      while (!stop.aborted) {
        try {
          const options = { offset, timeout: LONG_POLL_SECONDS, limit: 100, allowed_updates: ALLOWED_UPDATES };
          return await api.getUpdates(options, stop);
        } catch (error) {
          if (stop.aborted) break;
          failed(error);
          await sleep(retryMs(error), undefined, { signal: stop as AbortSignal }).catch(() => undefined);
        }
      }
      throw new Error("polling has ended");
    },
  });
  const sink = createBatchSink<Update, unknown>({ consume: handle }, async (error) => failed(error));
  const runner = createRunner<Update>(source, {
    ...sink,
    async handle(updates) {
      const pace = await sink.handle(updates);
      offset = Math.max(offset, ...updates.map(({ update_id }) => update_id + 1));
      return pace;
    },
  });
  runner.start();
  const ended = runner.task();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  // stop() resolves without waiting for handlers; the task ends after them.
  await Promise.all([runner.stop(), ended]);
  if (offset > 0)
    await api.getUpdates({ offset, limit: 1, timeout: 0, allowed_updates: ALLOWED_UPDATES }).catch(failed);
}

function retryMs(error: unknown): number {
  if (!(error instanceof GrammyError)) return RETRY_MS;
  if (error.error_code === 409) return CONFLICT_RETRY_MS;
  return (error.parameters.retry_after ?? 1) * 1_000;
}
