import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launchBot } from "../test/e2e/instance.ts";

export type Bot = AsyncDisposable & {
  pid: number;
  port: number;
  /** From when its process was started until it said that it was ready, in ms. */
  readyMs: number;
  /** The samples of /metrics, by their names with their labels. */
  metrics(): Promise<Map<string, number>>;
};

export const BENCH_TOKEN = "42:TEST-token_abcdefghijklmnopqrstuvwxyz";

const POLL_MS = 3;
const PATIENCE_MS = 30_000;

/**
 * Starts the bot as `npm start` does, without npm, and waits until /readyz says that it is ready. Its log goes to a file in
 * `folder`, where its database is too unless `env` says otherwise.
 */
export async function startBot(folder: string, env: Record<string, string>): Promise<Bot> {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const logFile = join(folder, `bot-${port}.log`);
  const log = stack.use(await open(logFile, "w"));
  const start = performance.now();
  const settings = { BOT_TOKEN: BENCH_TOKEN, LOG_LEVEL: "info", PORT: String(port) };
  const database = { DATABASE_URL: `file:${join(folder, "bot.db")}` };
  const bot = stack.use(launchBot({ ...settings, ...database, ...env }, [], { stdio: ["ignore", log.fd, log.fd] }));
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => (await fetch(`${url}/readyz`)).status === 200;
  while (!(await isReady().catch(() => false))) {
    const isOver = bot.child.exitCode !== null || performance.now() - start > PATIENCE_MS;
    if (isOver) throw new Error(`The bot is not ready. Its log:\n${await readFile(logFile, "utf8")}`);
    await sleep(POLL_MS);
  }
  const readyMs = performance.now() - start;
  const everything = stack.move();
  return {
    pid: bot.child.pid ?? 0,
    port,
    readyMs,
    async metrics() {
      const text = await (await fetch(`${url}/metrics`)).text();
      const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return new Map(
        samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
      );
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** One that is free now, for a process that must be told where to listen. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
