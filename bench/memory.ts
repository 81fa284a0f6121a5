import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { launch, npmStart, root } from "../test/e2e/instance.ts";
import { startBot } from "./bot.ts";
import type { BotApi } from "./bot-api.ts";
import { startCompanion } from "./companion.ts";
import { type Figures, mediansOfAll } from "./figures.ts";
import { inMegabytes, inMilliseconds, median, perSecond, ratio } from "./medians.ts";
import { cpuMicroseconds, residentBytes } from "./process-usage.ts";
import type { Measure } from "./section.ts";
import type { Site } from "./site.ts";
import { LATENCY_MS, WISHES } from "./site-pages.ts";
import { addWatched } from "./watched.ts";

const SIZES = {
  full: { repeats: 5, idleMs: 2_000, streamers: 10_000, loadMs: 30_000, intervalSeconds: 60 },
  short: { repeats: 1, idleMs: 100, streamers: 100, loadMs: 1_500, intervalSeconds: 1 },
};

const LIMITS = { startOfGrammy: 3, idleOfNode: 2.7, loadBytes: 250e6 };
const SAMPLE_MS = 100;
const CONCURRENCY = 50;

const startEnv = { ...process.env, ...npmStart.env };

type State = Figures<"startMs" | "rss">;

/** How soon the bot is ready, and the memory that it has, idle and with many streamers to check. */
export const measureMemory: Measure = async (effort, progress) => {
  const { repeats, idleMs, streamers, loadMs, intervalSeconds } = SIZES[effort];
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  await using botApi = await startCompanion<BotApi>("./bot-api.ts");
  await using site = await startCompanion<Site>("./site.ts");
  const env = { BOT_API_ROOT: botApi.up.url, WEBHOOK_URL: "http://127.0.0.1:1", FETTA_BASE_URL: site.up.url };
  const url = (name: string) => `file:${join(folder.path, name)}`;
  await createDatabase(url("idle.db"), 0, 0);

  progress("start and memory, compiling what npm ci compiles");
  await promisify(execFile)(npmStart.program, [...npmStart.args, "--version"], { cwd: root, env: startEnv });

  const states = await mediansOfAll<"node" | "grammy" | "bot", keyof State>(
    {
      node: () => startScript("", idleMs),
      grammy: () => startScript('import "grammy";', idleMs),
      bot: async () => {
        await using bot = await startBot(folder.path, { ...env, DATABASE_URL: url("idle.db") });
        await sleep(idleMs);
        return { startMs: bot.readyMs, rss: await residentBytes(bot.pid) };
      },
    },
    repeats,
    (round) => progress(`start and memory, ${round}`),
  );
  progress(`memory, filling a database with ${streamers} streamers`);
  await createDatabase(url("load.db"), streamers, intervalSeconds * 1_000);
  progress(`memory with ${streamers} streamers, for ${loadMs / 1_000} s`);
  await site.ask("change");
  const busy = await underLoad();
  const { node, grammy, bot } = states;
  const row = (name: string, { startMs, rss }: State) => [
    ...[name, inMilliseconds(startMs), ratio(startMs, grammy.startMs)],
    ...[inMegabytes(rss), ratio(rss, node.rss)],
  ];
  return {
    title: "Start and memory",
    method: `Everything is started as \`npm start\` starts the bot: with its flags, and with the compile cache that
\`npm ci\` leaves, without npm. An empty Node and one that imports grammY alone are up when their script runs; the bot, on an
empty but migrated database file in webhook mode, when /readyz answers 200, asked every 3 ms: then it has opened the database
and called the Bot API twice (a bare HTTP server in another process). Memory is what the process has in RAM (VmRSS),
${idleMs / 1_000} s later. Each figure is the median of ${repeats} starts.

Under load ${streamers.toLocaleString("en")} streamers of ${WISHES} wishes, each with a subscriber, are due every
${intervalSeconds} s, for ${loadMs / 1_000} s, ${CONCURRENCY} at a time. The site is another process that answers after
${LATENCY_MS} ms; 2 % of the looks find a new wish, and the news of it is sent. Memory is sampled every ${SAMPLE_MS} ms.`,
    tables: [
      {
        caption: "From nothing to ready, and idle",
        columns: ["", "ready after", "of grammY's", "memory", "of an empty Node's"],
        rows: [row("empty Node", node), row('import "grammy"', grammy), row("the bot", bot)],
      },
      {
        caption: `${streamers.toLocaleString("en")} streamers being checked`,
        columns: ["checks", "messages sent", "memory, median", "memory, most", "processor"],
        rows: [
          [
            perSecond(busy.checks),
            String(busy.sent),
            inMegabytes(busy.median),
            inMegabytes(busy.most),
            `${(100 * busy.cores).toFixed(0)} % of a core`,
          ],
        ],
      },
    ],
    aims: [
      {
        aim: `ready within ${LIMITS.startOfGrammy}× of importing grammY alone`,
        measured: ratio(bot.startMs, grammy.startMs),
        isMet: bot.startMs <= LIMITS.startOfGrammy * grammy.startMs,
      },
      {
        aim: `idle memory at most ${LIMITS.idleOfNode}× an empty Node's (about 120 MB)`,
        measured: `${ratio(bot.rss, node.rss)}, ${inMegabytes(bot.rss)}`,
        isMet: bot.rss <= LIMITS.idleOfNode * node.rss,
      },
      {
        aim: `checking ${streamers.toLocaleString("en")} streamers, at most ${inMegabytes(LIMITS.loadBytes)}`,
        measured: inMegabytes(busy.most),
        isMet: busy.most <= LIMITS.loadBytes,
      },
    ],
  };

  async function underLoad() {
    await using bot = await startBot(folder.path, {
      ...env,
      DATABASE_URL: url("load.db"),
      CHECK_INTERVAL_SECONDS: String(intervalSeconds),
      MAX_CHECK_INTERVAL_SECONDS: String(intervalSeconds),
      SOURCE_REQUESTS_PER_MINUTE: "60000",
      SOURCE_CONCURRENCY: String(CONCURRENCY),
    });
    const start = performance.now();
    const before = await cpuMicroseconds(bot.pid);
    const samples: number[] = [];
    while (performance.now() - start < loadMs) {
      await sleep(SAMPLE_MS);
      samples.push(await residentBytes(bot.pid));
    }
    const seconds = (performance.now() - start) / 1_000;
    const cores = ((await cpuMicroseconds(bot.pid)) - before) / 1e6 / seconds;
    const metrics = await bot.metrics();
    const looks = [...metrics].filter(([name]) => name.startsWith("streamers_checked_total{"));
    const bad = looks.filter(([name, count]) => count > 0 && !/outcome="(complete|unchanged)"/.test(name));
    if (bad.length > 0) throw new Error(`looks went wrong: ${bad.join("; ")}`);
    const checks = looks.reduce((sum, [, count]) => sum + count, 0);
    return {
      checks: checks / seconds,
      sent: metrics.get("notifications_sent_total") ?? 0,
      median: median(samples),
      most: Math.max(...samples),
      cores,
    };
  }
};

/** A script of Node's, started as the bot is; it is up when it has imported what it imports. */
async function startScript(imports: string, idleMs: number): Promise<State> {
  const program = `${imports} process.send(0); process.once("disconnect", () => process.exit());`;
  const flags = npmStart.args.filter((arg) => arg.startsWith("--"));
  const start = performance.now();
  await using script = launch(
    npmStart.program,
    [...flags, "--input-type=module", "--eval", program],
    { ...npmStart.env },
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const died = script.ended.then((code) => Promise.reject(new Error(`A script ended with ${code}: ${program}`)));
  await Promise.race([once(script.child, "message"), died]);
  const startMs = performance.now() - start;
  await sleep(idleMs);
  return { startMs, rss: await residentBytes(script.child.pid ?? 0) };
}

async function createDatabase(url: string, streamers: number, withinMs: number): Promise<void> {
  await using db = await openDatabase({ url });
  await migrate(db);
  if (streamers > 0) await addWatched(db, streamers, withinMs);
}
