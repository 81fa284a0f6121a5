import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bombard } from "./bombard.ts";
import { type Bot, startBot } from "./bot.ts";
import type { BotApi } from "./bot-api.ts";
import { startCompanion } from "./companion.ts";
import { type Figures, mediansOfAll } from "./figures.ts";
import { inMicroseconds, inMilliseconds, perSecond, ratio } from "./medians.ts";
import { cpuMicroseconds } from "./process-usage.ts";
import type { Measure } from "./section.ts";
import { addTrackingChats, command, TRACKED, talk, updates, WEBHOOK_SECRET } from "./updates.ts";

const SIZES = {
  full: { chats: 15_000, repeats: 5, forMs: 1_200 },
  short: { chats: 400, repeats: 1, forMs: 50 },
};

/** Updates under way, all the time: Telegram sends at most 100 at once, and 40 unless it is told otherwise. */
const CONNECTIONS = 64;
/** How long updates come one after another, for the statements of each to be counted. */
const COUNTED_MS = 50;
const OVER_ECHO = 0.5;

const CASES = {
  talk: "a message in a group that is not for the bot",
  help: "/help, Telegram stubbed",
  list: `/list of ${TRACKED} trackings, Telegram stubbed`,
  sent: `/list of ${TRACKED} trackings, answered over HTTP`,
};

type Case = keyof typeof CASES;
type Load = Figures<"rate" | "p50" | "p99" | "cpu">;
type Target = { server: { pid: number; port: number }; next: () => Buffer };

/** Updates a second through the whole bot, against a server that does nothing with them. */
export const measureWebhook: Measure = async (effort, progress) => {
  const { chats, repeats, forMs } = SIZES[effort];
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  const url = `file:${join(folder.path, "bot.db")}`;
  progress("updates, filling the database");
  await addTrackingChats(url, chats);
  await using echo = await startCompanion<{ port: number }>("./echo.ts");
  await using botApi = await startCompanion<BotApi>("./bot-api.ts");
  const env = {
    ...{ DATABASE_URL: url, BOT_API_ROOT: botApi.up.url },
    ...{ WEBHOOK_URL: "http://127.0.0.1:1", WEBHOOK_SECRET },
  };
  await using bot = await startBot(folder.path, env);
  const preload = new URL("./telegram-within.ts", import.meta.url);
  await using stubbed = await startBot(folder.path, { ...env, NODE_OPTIONS: `--import=${preload}` });

  const list = updates(chats, command("/list"));
  const targets: Record<Case, Target & { server: Bot }> = {
    talk: { server: bot, next: updates(chats, talk) },
    help: { server: stubbed, next: updates(chats, command("/help")) },
    list: { server: stubbed, next: list },
    sent: { server: bot, next: list },
  };
  const load = async ({ server, next }: Target): Promise<Load> => {
    const before = await cpuMicroseconds(server.pid);
    const { requests, seconds, p50, p99 } = await bombard(server.port, { connections: CONNECTIONS, forMs, next });
    return { rate: requests / seconds, p50, p99, cpu: ((await cpuMicroseconds(server.pid)) - before) / requests };
  };
  const loads = await mediansOfAll(
    {
      echo: () => load({ server: { pid: echo.pid, port: echo.up.port }, next: list }),
      talk: () => load(targets.talk),
      help: () => load(targets.help),
      list: () => load(targets.list),
      sent: () => load(targets.sent),
    },
    repeats,
    (round) => progress(`updates, ${round}`),
  );

  const row = (name: string, { rate, p50, p99, cpu }: Load, statements: string) => [
    ...[name, perSecond(rate), ratio(rate, loads.echo.rate), inMilliseconds(p50), inMilliseconds(p99)],
    ...[inMicroseconds(cpu), ratio(cpu, loads.echo.cpu), statements],
  ];
  const rows = [row("node:http that parses an update and sends it back", loads.echo, "0")];
  for (const [name, words] of Object.entries(CASES) as [Case, string][]) {
    const { statements, answers } = await countEach(targets[name]);
    if (answers !== (name === "talk" ? 0 : 1)) throw new Error(`${answers} answers to an update: ${words}`);
    rows.push(row(words, loads[name], String(statements)));
  }
  return {
    title: "Webhook",
    method: `The bot runs as \`npm start\` starts it, in webhook mode, with a database file, and writes its log to a file.
A generator in the bench's process keeps ${CONNECTIONS} connections busy with updates of ${chats.toLocaleString("en")} chats
in turn, so that no chat reaches its limit; it speaks HTTP over bare sockets, which costs less than the server that is
measured. "Telegram stubbed" is the bot with one part replaced: the HTTP client that grammY calls the Bot API with; otherwise
a bare HTTP server in another process takes what is sent, and answers at once. Generator, server and Bot API share the
machine's cores. A figure is the median of ${repeats} rounds of ${forMs / 1000} s; processor time is that of the server's
process, with all its threads; SQL statements are those of handling one update.`,
    tables: [
      {
        caption: "Updates a second, and what each takes",
        columns: [
          "",
          "updates",
          "of the echo's",
          "p50",
          "p99",
          "processor time",
          "of the echo's time",
          "SQL statements",
        ],
        rows,
      },
    ],
    aims: [
      {
        aim: `updates, nothing asked of Telegram or the database: at least ${OVER_ECHO}× as many a second as a bare JSON echo`,
        measured: ratio(loads.talk.rate, loads.echo.rate),
        isMet: loads.talk.rate >= OVER_ECHO * loads.echo.rate,
      },
    ],
  };
};

/** SQL statements that an update takes, and messages that answer it. */
async function countEach({ server, next }: { server: Bot; next: () => Buffer }) {
  const count = async () => {
    const samples = [...(await server.metrics())];
    const sum = (pattern: RegExp) =>
      samples.filter(([name]) => pattern.test(name)).reduce((total, [, value]) => total + value, 0);
    return {
      statements: sum(/^sql_statements_total\{query="(?!loop_|ready")/),
      answers: sum(/^telegram_answers_total\{method="sendMessage",answer="ok"/),
    };
  };
  const before = await count();
  const { requests } = await bombard(server.port, { connections: 1, forMs: COUNTED_MS, next });
  const after = await count();
  return {
    statements: (after.statements - before.statements) / requests,
    answers: (after.answers - before.answers) / requests,
  };
}
