import { launchBot, whenUp } from "../test/e2e/instance.ts";
import {
  cpuSeconds,
  growth,
  quantileOf,
  readSamples,
  type Samples,
  statementsOf,
  sumOf,
  watchMemory,
} from "./meters.ts";
import type { Sandbox } from "./sandbox.ts";
import type { BotFigures } from "./verdict.ts";

const SECRET = "load-test-secret_0123456789abcdef";

const LONGEST = 200;

/** The bot as `npm start` starts it, hearing updates by webhook, with what it tells of itself. */
export type Bot = AsyncDisposable & {
  webhook: { target: string; secret: string };
  /** Figures begin anew. */
  begin(): Promise<void>;
  figures(): Promise<BotFigures>;
  /** Stops it as an operator does. */
  stop(): Promise<void>;
};

export async function startBot(
  sandbox: Sandbox,
  { databaseUrl, messagesPerSecond }: { databaseUrl: string; messagesPerSecond: number },
  signal: AbortSignal,
): Promise<Bot> {
  await using stack = new AsyncDisposableStack();
  const launched = stack.use(
    launchBot({
      BOT_TOKEN: sandbox.token,
      BOT_API_ROOT: sandbox.telegram,
      FETTA_BASE_URL: sandbox.fetta,
      DATABASE_URL: databaseUrl,
      // Only told to Telegram: Artillery carries the updates.
      WEBHOOK_URL: "http://127.0.0.1:8443",
      WEBHOOK_SECRET: SECRET,
      ADMIN_IDS: `${sandbox.operator}`,
      MESSAGES_PER_SECOND: `${messagesPerSecond}`,
      MAX_TRACKINGS: "1000",
      CHECK_INTERVAL_SECONDS: "60",
      SOURCE_REQUESTS_PER_MINUTE: "6000",
      SOURCE_CONCURRENCY: "10",
      LOG_LEVEL: "info",
    }),
  );
  signal.addEventListener("abort", () => launched.child.kill("SIGKILL"), { once: true });
  const instance = await whenUp(launched);
  await instance.line("ready");
  await instance.line("lock acquired");
  const pid = instance.child.pid ?? 0;
  const memory = stack.use(watchMemory(pid));
  let started: { samples: Samples; cpu: number; lines: number } | undefined;

  async function scrape(): Promise<Samples> {
    return readSamples(await (await fetch(`${instance.url}/metrics`)).text());
  }

  const resources = stack.move();
  return {
    webhook: { target: instance.url, secret: SECRET },
    async begin() {
      memory.mostMb();
      const samples = await scrape();
      started = { samples, cpu: cpuSeconds(pid), lines: instance.lines.length };
    },
    async figures() {
      if (started === undefined) throw new Error("nothing has begun");
      const cpu = cpuSeconds(pid) - started.cpu;
      const samples = await scrape();
      const grown = growth(started.samples, samples);
      const updates = sumOf(grown, "updates_total");
      const late = quantileOf(grown, "event_loop_delay_seconds", 0.99);
      const lines = instance.lines.slice(started.lines);
      const said = (...levels: string[]) =>
        lines
          .filter(({ level }) => levels.includes(level))
          .map(({ msg, duration_ms: ms, cpu_ms: cpuMs, err }) => {
            const computing = cpuMs === undefined ? "" : `, ${cpuMs} of them computing`;
            return `${msg}${ms === undefined ? "" : ` (${ms} ms${computing})`}${messageOf(err)}`.slice(0, LONGEST);
          });
      return {
        updates,
        updatesFailed: sumOf(grown, "updates_failed_total"),
        statementsPerUpdate: statementsOf(grown) / Math.max(updates, 1),
        eventLoopP99Ms: late === undefined ? undefined : late * 1000,
        memoryMb: memory.mostMb() || sumOf(samples, "process_resident_memory_bytes") / 2 ** 20,
        cpuMs: 1000 * cpu,
        errors: said("error", "fatal"),
        warnings: said("warn"),
      };
    },
    async stop() {
      const code = await instance.stop();
      if (code !== 0) throw new Error(`the bot ended with ${code} when it was stopped: ${instance.errors()}`);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Of an error as it is logged. */
function messageOf(error: unknown): string {
  const isError = typeof error === "object" && error !== null && "message" in error;
  return isError ? ` (${error.message})` : "";
}
