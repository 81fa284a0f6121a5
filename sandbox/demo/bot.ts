import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };

export type BotState = {
  status: "starting" | "running" | "stopping" | "stopped";
  pid?: number | undefined;
  /** The end of the log of a bot that ended unasked, or could not start. */
  lastWords?: string | undefined;
};

export type Bot = AsyncDisposable & {
  state(): BotState;
  logFile: string;
  /** The last lines of its log. */
  log: readonly string[];
  /** Called with each line of its log from now on. */
  onLine(listener: (line: string) => void): void;
  /** Called when it has ended unasked, with the end of its log. */
  onCrash(listener: (lastWords: string) => void): void;
  /**
   * Ends it, as an operator does (SIGTERM) or as a power cut does, and starts what the files say now, on the same
   * database. @throws with the end of the log when it does not start
   */
  restart(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Sets its clocks so much ahead of this machine's. */
  setClock(aheadMs: number): Promise<void>;
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const KEPT_LINES = 200;
const LAST_WORDS = 25;

/**
 * Starts the bot by the command of `npm start` and waits until it is at work. Disposing stops it as an operator would.
 * @param env every other variable of the bot's is empty, whatever the shell or .env says
 * @throws with the end of the log when it does not start
 */
export async function startBot(env: Record<string, string>, logFile: string, aheadMs: number): Promise<Bot> {
  const names = readFileSync(join(root, ".env.example"), "utf8").matchAll(/^#?([A-Z_]+)=/gm);
  const unset = Object.fromEntries(Array.from(names, ([, name]) => [name, ""]));
  const file = createWriteStream(logFile);
  const log: string[] = [];
  const lineListeners: ((line: string) => void)[] = [];
  const crashListeners: ((lastWords: string) => void)[] = [];
  const clock = { aheadMs };
  let state: BotState = { status: "stopped" };
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();

  async function start(): Promise<void> {
    // The shell hands over to node (`exec`), so the child is the bot. Detached: a Ctrl-C at the terminal is for the demo.
    const started = spawn(packageJson.scripts.start, {
      shell: true,
      detached: true,
      cwd: root,
      env: {
        ...{ ...process.env, ...unset, ...env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
        NODE_OPTIONS: `--import=${new URL("shifted-clock.ts", import.meta.url)}`,
        SHIFTED_CLOCK_MS: String(clock.aheadMs),
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    child = started;
    state = { status: "starting", pid: started.pid };
    const kill = () => void started.kill("SIGKILL");
    process.once("exit", kill);
    const words: string[] = [];
    const atWork = Promise.withResolvers<true>();
    for (const input of [started.stdout, started.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on("line", (line) => {
        file.write(`${line}\n`);
        for (const [lines, most] of [[log, KEPT_LINES] as const, [words, LAST_WORDS] as const]) {
          if (lines.push(line) > most) lines.shift();
        }
        if (line.includes('"lock acquired"')) atWork.resolve(true);
        for (const listener of lineListeners) listener(line);
      });
    }
    const end = once(started, "close").then(() => {
      process.off("exit", kill);
      const lastWords = state.status === "stopping" ? undefined : words.join("\n");
      const hasRun = state.status === "running";
      state = { status: "stopped", lastWords };
      if (hasRun && lastWords !== undefined) for (const listener of crashListeners) listener(lastWords);
    });
    ended = end;
    const isAtWork = await Promise.race([atWork.promise, end.then(() => false)]);
    if (!isAtWork) throw new Error(`The bot did not start:\n${words.join("\n")}`);
    state = { status: "running", pid: started.pid };
  }

  async function stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (state.status === "running" || state.status === "starting") state = { status: "stopping", pid: state.pid };
    child?.kill(signal);
    await ended;
  }

  await start();
  return {
    state: () => state,
    logFile,
    log,
    onLine: (listener) => void lineListeners.push(listener),
    onCrash: (listener) => void crashListeners.push(listener),
    restart(signal = "SIGTERM") {
      const next = turn.then(() => stop(signal)).then(start);
      turn = next.catch(() => undefined);
      return next;
    },
    async setClock(aheadMs) {
      clock.aheadMs = aheadMs;
      if (!child?.connected) return;
      const told = Promise.race([once(child, "message"), ended]);
      child.send(clock);
      await told;
    },
    async [Symbol.asyncDispose]() {
      await stop("SIGTERM");
      file.end();
    },
  };
}
