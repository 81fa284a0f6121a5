import { setTimeout as sleep } from "node:timers/promises";
import { type Log, written } from "./log.ts";

/** A stop takes at most this long; what is not finished then is cut off, and taken up by the next leader. */
const STOP_MS = 22_000;
/** `npm start` passes a signal on that its whole process group got as well: within so long it is the same one. */
const SAME_SIGNAL_MS = 1_000;
/** For the last thing to do when the stop itself is cut off. */
const LAST_MS = 2_000;

export type Stop = {
  /** Aborts at the first SIGTERM, SIGINT or SIGHUP, or with an unexpected error. */
  signal: AbortSignal;
  /** Logs the error and ends the process with 1, by way of an ordinary stop. */
  fail(error: unknown, what?: string): void;
  /** Says what is to be done, within 2 s, before the process ends without having stopped. */
  lastly(act: () => Promise<unknown>): void;
};

/**
 * Decides when the process stops. A second signal ends it with 1 at once, and so does a stop that takes more than 22 s:
 * a supervisor may kill after 25 s, and then nothing of ours would run any more.
 */
export function createStop(log: Log): Stop {
  const stop = new AbortController();
  let askedAt: number | undefined;
  let last = async (): Promise<unknown> => undefined;

  async function cutOff(reason: string) {
    log.error({ reason }, "stop is cut off");
    await Promise.race([last().catch((error: unknown) => log.warn({ err: error }, "last act failed")), sleep(LAST_MS)]);
    await written(log);
    process.exit(1);
  }

  function begin() {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => void cutOff(`it takes more than ${STOP_MS / 1000} s`), STOP_MS).unref();
  }

  function fail(error: unknown, what = "unexpected error") {
    log.fatal({ err: error }, what);
    process.exitCode = 1;
    begin();
  }

  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(name, () => {
      const now = performance.now();
      if (askedAt !== undefined) {
        if (now - askedAt >= SAME_SIGNAL_MS) void cutOff(`a second signal, ${name}`);
        return;
      }
      askedAt = now;
      log.info({ signal: name }, "stopping");
      begin();
    });
  }
  process.on("uncaughtException", (error) => fail(error));
  process.on("unhandledRejection", (reason) => fail(reason));

  return {
    signal: stop.signal,
    fail,
    lastly: (act) => {
      last = act;
    },
  };
}
