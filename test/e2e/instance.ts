import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder for one test's database; goes when the test does. */
export async function tempFolder(): Promise<AsyncDisposable & { path: string; databaseUrl: string }> {
  const folder = await mkdtempDisposable(join(tmpdir(), "wishbell-"));
  return {
    path: folder.path,
    databaseUrl: `file:${join(folder.path, "data", "wishbell.db")}`,
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

export type LogLine = { level: string; msg: string; time: string; [field: string]: unknown };

/** A process and what it prints. */
export type Launched = AsyncDisposable & {
  child: ChildProcess;
  lines: LogLine[];
  /** What it wrote to stderr, so far. */
  errors(): string;
  /** Its exit code, or the signal it died of, when it has ended. */
  ended: Promise<number | string | null>;
  /** The first line, past or to come, that fits: a `msg`, or a predicate. `from`: not before that many lines. */
  line(match: string | ((line: LogLine) => boolean), options?: { timeoutMs?: number; from?: number }): Promise<LogLine>;
  /** Sends a signal and gives the exit code when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | string | null>;
};

export type Instance = Launched & {
  url: string;
  /** What it is called in the lock. */
  id: string;
  /** One sample of /metrics; the sum over all label sets that contain `labels`. */
  metric(name: string, labels?: string, signal?: AbortSignal): Promise<number>;
};

/** What `npm start` runs, without npm and the shell in between: settings, then `exec` and the program. */
const [settings = "", run = ""] = packageJson.scripts.start.split("exec ");
const [program = "", ...programArgs] = run.split(" ");
const programEnv = Object.fromEntries(
  settings
    .trim()
    .split(" ")
    .map((setting) => setting.split("=")),
);
export const npmStart: { program: string; args: string[]; env: Record<string, string> } = {
  program,
  args: programArgs,
  env: programEnv,
};

/** Starts the bot as an operator does, on any free port; `within`: by a command that runs the one that follows. */
export function launchBot(env: Record<string, string>, within: string[] = [], options: SpawnOptions = {}): Launched {
  const [command = program, ...args] = [...within, program, ...programArgs];
  return launch(command, args, { ...programEnv, ...env }, options);
}

/** The same, and waits until it is up. */
export async function startInstance(env: Record<string, string>): Promise<Instance> {
  return await whenUp(launchBot(env));
}

/** Starts something that logs as the bot does. Disposing of it kills it, and finds fault with secrets in what it printed. */
export function launch(
  command: string,
  args: string[],
  env: Record<string, string>,
  options: SpawnOptions = {},
): Launched {
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "debug", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let printed = "";
  let errors = "";
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (text) => {
      printed += `${text}\n`;
      if (!text.startsWith("{")) return; // npm says what it runs
      lines.push(JSON.parse(text));
      for (const look of waiting) look();
    });
  }

  const line: Launched["line"] = (match, { timeoutMs = 10_000, from = 0 } = {}) => {
    const fits = typeof match === "string" ? ({ msg }: LogLine) => msg === match : match;
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const look = () => {
      const found = lines.slice(from).find(fits);
      if (found !== undefined) resolve(found);
    };
    const fail = (why: string) => {
      const last = lines.slice(-12).map((line) => JSON.stringify(line));
      reject(new Error(`${why} before ${match}; the last lines:\n${last.join("\n")}\n${errors}`));
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    waiting.add(look);
    look();
    void ended.then((code) => fail(`the process ended with ${code}`));
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };

  const stop: Launched["stop"] = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return await ended;
  };
  return {
    child,
    lines,
    errors: () => errors,
    ended,
    line,
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGCONT");
      await stop("SIGKILL");
      const secret = env.BOT_TOKEN?.split(":")[1];
      const all = printed + errors;
      const at = secret === undefined ? -1 : all.indexOf(secret);
      if (at >= 0) throw new Error(`the token was printed: …${all.slice(Math.max(at - 500, 0), at + 50)}…`);
    },
  };
}

/** Waits until the bot has started; stderr is for those that do not start. */
export async function whenUp(launched: Launched): Promise<Instance> {
  const { port, instance } = await launched.line("started", { timeoutMs: 20_000 });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...launched,
    url,
    id: String(instance),
    async metric(name, labels = "", signal) {
      const text = await (await fetch(`${url}/metrics`, { signal: signal ?? null })).text();
      return text
        .split("\n")
        .filter(
          (sample) => sample.startsWith(name) && /[ {]/.test(sample[name.length] ?? "") && sample.includes(labels),
        )
        .reduce((sum, sample) => sum + Number(sample.slice(sample.lastIndexOf(" "))), 0);
    },
    async [Symbol.asyncDispose]() {
      await launched[Symbol.asyncDispose]();
      if (launched.errors() !== "") throw new Error(`a running bot wrote to stderr: ${launched.errors()}`);
    },
  };
}
