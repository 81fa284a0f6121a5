import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own: it shares no event loop with what is measured. */
export type Companion<Up> = AsyncDisposable & {
  /** What it told when it was up. */
  up: Up;
  pid: number;
  /** Asks it for something, one question at a time. */
  ask<Answer>(question: string): Promise<Answer>;
};

/**
 * Starts a program that calls accompany(), and waits until it is up. It ends when it is disposed of, or with this process.
 * @param program its file here, such as "./echo.ts"
 */
export async function startCompanion<Up>(program: string, options: object = {}): Promise<Companion<Up>> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(options)]);
  const exited = once(child, "exit");
  const died = exited.then(([code]) => Promise.reject(new Error(`${program} ended with ${code}`)));
  const answer = async <T>() => {
    const [message] = (await Promise.race([once(child, "message"), died])) as [T];
    return message;
  };
  return {
    up: await answer<Up>(),
    pid: child.pid ?? 0,
    ask<Answer>(question: string) {
      child.send(question);
      return answer<Answer>();
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** What startCompanion() was given, in the program that it started. */
export function companionOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Tells that the program is up, answers what it is asked, and ends the process when whoever started it is gone. */
export function accompany<Up>(up: Up, answers: Record<string, () => unknown> = {}): void {
  process.once("disconnect", () => process.exit());
  process.on("message", (question) => process.send?.(answers[String(question)]?.()));
  process.send?.(up);
}
