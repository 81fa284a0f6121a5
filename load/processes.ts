import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type Forked<First> = AsyncDisposable & { child: ChildProcess; first: First };

type Options<First> = {
  fits: (message: unknown) => message is First;
  heard?: (message: unknown) => void;
  signal: AbortSignal;
};

/**
 * Runs one of this folder's programs in a process of its own, with `order` as its only argument, and waits for the first
 * thing it tells that `fits`. Disposing of it ends it; so do `signal` and the end of this process. Proxies of the environment are not
 * handed on: whatever runs here talks to this machine alone.
 * @throws when it ends before that, or `signal` aborts
 */
export async function forked<First>(
  file: string,
  order: object,
  { fits, heard = () => {}, signal }: Options<First>,
): Promise<Forked<First>> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(order)], {
    env: { PATH: process.env.PATH ?? "", ARTILLERY_DISABLE_TELEMETRY: "true" },
    // Ctrl-C reaches the whole group of processes, and only the first of them knows the order in which they end.
    detached: true,
    ...{ signal, killSignal: "SIGKILL" },
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = once(child, "exit").finally(() => process.off("exit", kill));
  const { promise, resolve } = Promise.withResolvers<First>();
  child.on("message", (message) => {
    heard(message);
    if (fits(message)) resolve(message);
  });
  const first = await Promise.race([
    promise,
    exited.then(([code, signal]) => Promise.reject(new Error(`load/${file} ended with ${code ?? signal}`))),
  ]);
  return {
    ...{ child, first },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}
