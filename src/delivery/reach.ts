import { setTimeout as sleep } from "node:timers/promises";
import { type Meaning, readAnswer } from "./answers.ts";

/** Whether sending makes sense: `lost` is told when it stops making sense and for each vain question after that. */
export type ReachEvent = { kind: "lost"; why: "silent" | "revoked"; error: string } | { kind: "back" };

export type ReachOptions = {
  /** Asks Telegram something that changes nothing; rejects like a call of the Bot API. */
  probe: () => Promise<void>;
  tell: (event: ReachEvent) => void;
};

/** Sends in a row without an answer from Telegram itself, after which none is risked any more. */
const SILENT_SENDS = 3;
/** Telegram has not answered for so long: the way to it may be slow at first, as connections are made, or gone. */
const COLD_MS = 5_000;
const PROBE_MS = { first: 1_000, most: 60_000 };
const NO_ANSWER: ReadonlySet<string> = new Set<Meaning>(["retry", "gateway", "unknown"]);

/**
 * Notices when Telegram gives no answers, or does not know the token: then it is asked something harmless from time to
 * time, instead of messages that each may arrive unnoticed or be given up for an outage.
 */
export function createReach({ probe, tell }: ReachOptions) {
  let silent = 0;
  let lost: "silent" | "revoked" | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;

  return {
    isLost: () => lost !== undefined,
    /**
     * Whether one send must be answered before the next: many that set out on a slow way arrive at once in the end, which
     * Telegram counts as too fast, and on a way that is gone each may have arrived.
     */
    isCold: () => performance.now() - heardAt > COLD_MS,
    /** What became of a send. `isAgain`: of a message that had no answer before, either. */
    heard(outcome: Meaning | "sent", error = "", isAgain = false) {
      silent = NO_ANSWER.has(outcome) ? silent + 1 : 0;
      if (silent === 0) heardAt = performance.now();
      // The next time is the message's last: not before Telegram has answered something else.
      const isSilent = silent >= SILENT_SENDS || (silent > 0 && isAgain);
      if (lost !== undefined || (outcome !== "revoked" && !isSilent)) return;
      lost = outcome === "revoked" ? "revoked" : "silent";
      tell({ kind: "lost", why: lost, error });
    },
    /** Waits until Telegram answers, or the signal aborts. */
    async regain(signal: AbortSignal): Promise<void> {
      for (let delayMs = PROBE_MS.first; ; delayMs = Math.min(delayMs * 2, PROBE_MS.most)) {
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        try {
          await probe();
        } catch (error) {
          const { meaning, text } = readAnswer(error);
          if (meaning === "revoked" || NO_ANSWER.has(meaning)) {
            lost = meaning === "revoked" ? "revoked" : "silent";
            tell({ kind: "lost", why: lost, error: text });
            continue;
          }
        }
        lost = undefined;
        silent = 0;
        tell({ kind: "back" });
        return;
      }
    },
  };
}

export type Reach = ReturnType<typeof createReach>;
