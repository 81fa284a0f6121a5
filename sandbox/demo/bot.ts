import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };

export type Bot = AsyncDisposable & {
  pid: number;
  logFile: string;
  /** Resolves with the end of the log when the process has ended, wanted or not. */
  ended: Promise<string>;
  /** Called with each line of its log from now on. */
  onLine: (listener: (line: string) => void) => void;
};

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Starts the bot by the command of `npm start` and waits until it is at work. Disposing stops it as an operator would.
 * @param env every other variable of the bot's is empty, whatever the shell or .env says
 * @throws with the end of the log when it does not start
 */
export async function startBot(env: Record<string, string>, logFile: string): Promise<Bot> {
  const names = readFileSync(join(root, ".env.example"), "utf8").matchAll(/^#?([A-Z_]+)=/gm);
  const unset = Object.fromEntries(Array.from(names, ([, name]) => [name, ""]));
  // The shell hands over to node (`exec`), so the child is the bot. Detached: a Ctrl-C at the terminal is for the demo.
  const child = spawn(packageJson.scripts.start, {
    shell: true,
    detached: true,
    cwd: root,
    env: { ...process.env, ...unset, ...env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const file = createWriteStream(logFile);
  const last: string[] = [];
  const listeners: ((line: string) => void)[] = [];
  const atWork = Promise.withResolvers<true>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      file.write(`${line}\n`);
      if (last.push(line) > 15) last.shift();
      if (line.includes('"lock acquired"')) atWork.resolve(true);
      for (const listener of listeners) listener(line);
    });
  }
  const ended = once(child, "close").then(() => {
    process.off("exit", kill);
    return last.join("\n");
  });
  const isAtWork = await Promise.race([atWork.promise, ended.then(() => false)]);
  if (!isAtWork || child.pid === undefined) throw new Error(`The bot did not start:\n${await ended}`);

  return {
    pid: child.pid,
    logFile,
    ended,
    onLine: (listener) => void listeners.push(listener),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      file.end();
    },
  };
}
