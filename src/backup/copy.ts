import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Draft } from "./draft.ts";
import { Refusal } from "./program.ts";
import type { Progress } from "./progress.ts";

export type Copied = { bytes: number; users: number; trackings: number };

/** What the process that copies tells. */
export type CopierMessage =
  | { kind: "begun"; expectedBytes: number }
  | { kind: "copied" }
  | { kind: "checked"; users: number; trackings: number }
  | { kind: "failed"; why: string };

const COPIER = fileURLToPath(new URL("./copier.ts", import.meta.url));
/** Also how often the disk is made to take what is written: in one go, it would keep the bot's own writes waiting. */
const TICK_MS = 200;

/**
 * Copies a database into a draft, whole as of one moment and compact, while others go on reading and writing it; then
 * checks the copy.
 * @throws {Refusal} when it cannot be copied, or the copy is no good; anything when the signal aborts
 */
export async function copyDatabase(
  { from, draft, progress }: { from: string; draft: Draft; progress: Progress },
  signal: AbortSignal,
): Promise<Copied> {
  signal.throwIfAborted();
  let begun: { expectedBytes: number } | undefined;
  let isCopied = false;
  let checked: { users: number; trackings: number } | undefined;
  let why = "the copying process was ended";
  // A process, because a call of SQLite cannot be stopped in the middle, and a process can.
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  const copier = fork(COPIER, [from, draft.path], { execArgv, signal, killSignal: "SIGKILL" });
  copier.on("message", (message: CopierMessage) => {
    switch (message.kind) {
      case "begun":
        begun = message;
        break;
      case "copied":
        isCopied = true;
        break;
      case "checked":
        checked = message;
        break;
      case "failed":
        why = message.why;
    }
  });
  copier.on("error", (error) => {
    why = error.message;
  });
  // Not once(): that would reject with "error", before the process has ended.
  const ended = new Promise<"ended">((resolve) => copier.once("close", () => resolve("ended")));
  try {
    while ((await Promise.race([ended, sleep(TICK_MS)])) !== "ended") {
      if (isCopied) {
        progress.checking();
      } else if (begun !== undefined) {
        await draft.flush();
        progress.copied(await draft.size(), begun.expectedBytes);
      }
    }
  } finally {
    copier.kill("SIGKILL");
    await ended;
    progress.end();
  }
  signal.throwIfAborted();
  if (checked === undefined) throw new Refusal(`${from} cannot be copied: ${why}.`);
  return { bytes: await draft.size(), ...checked };
}
