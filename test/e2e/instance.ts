import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import packageJson from "../../package.json" with { type: "json" };

/** A folder for one test's database; goes when the test does. */
export async function tempFolder(): Promise<AsyncDisposable & { path: string; databaseUrl: string }> {
  const path = await mkdtemp(join(tmpdir(), "wishbell-"));
  return {
    path,
    databaseUrl: `file:${join(path, "data", "wishbell.db")}`,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export type LogLine = { level: string; msg: string; [field: string]: unknown };

export type Instance = AsyncDisposable & {
  child: ChildProcess;
  url: string;
  lines: LogLine[];
  /** The first line, past or to come, that satisfies the predicate. */
  line(match: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** One sample of /metrics; the sum over all label sets that contain `labels`. */
  metric(name: string, labels?: string): Promise<number>;
  /** Sends a signal and resolves with the exit code when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** What `npm start` runs, without npm and the shell in between. */
const [setting = "", , command = "", ...args] = packageJson.scripts.start.split(" ");
const [variable = "", value] = setting.split("=");

/** Starts the bot as an operator does, on any free port, and waits until it is up. */
export async function startInstance(env: Record<string, string>): Promise<Instance> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "debug", [variable]: value, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const ended = once(child, "exit");
  createInterface({ input: child.stdout }).on("line", (text) => {
    lines.push(JSON.parse(text));
    for (const look of waiting) look();
  });

  const line: Instance["line"] = (match, timeoutMs = 10_000) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.find(match);
        if (found === undefined) return;
        waiting.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(
          new Error(
            `no such line within ${timeoutMs} ms; the last ones:\n${lines
              .slice(-8)
              .map((l) => JSON.stringify(l))
              .join("\n")}`,
          ),
        );
      }, timeoutMs);
      waiting.add(look);
      look();
    });

  const stop: Instance["stop"] = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  const started = await Promise.race([
    line(({ msg }) => msg === "started"),
    ended.then(() => Promise.reject(new Error(`the process ended with ${child.exitCode}`))),
  ]);
  const url = `http://127.0.0.1:${started.port}`;
  return {
    child,
    url,
    lines,
    line,
    async metric(name, labels = "") {
      const text = await (await fetch(`${url}/metrics`)).text();
      return text
        .split("\n")
        .filter(
          (sample) => sample.startsWith(name) && /[ {]/.test(sample[name.length] ?? "") && sample.includes(labels),
        )
        .reduce((sum, sample) => sum + Number(sample.slice(sample.lastIndexOf(" "))), 0);
    },
    stop,
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      await stop("SIGKILL");
    },
  };
}
