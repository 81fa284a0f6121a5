/**
 * A leader that stands still for longer than its lease, with the clocks that operators get: two instances on one file,
 * SIGSTOP for 90 s while news arrives, SIGCONT. `npm run frozen -- --times 20 --pairs 5` runs 20 times, 5 pairs at once,
 * prints what was measured, and exits 1 when a bar is missed. Every second time the leader is stopped while it sends;
 * every other second time the new leader is stopped while the old one wakes, so that whatever is written then is the
 * old one's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Wishlist } from "../../sandbox/fetta/index.ts";
import type { Call, Telegram } from "../../sandbox/telegram/telegram.ts";
import { sql } from "../../src/db/orm.ts";
import type { Instance, LogLine } from "../e2e/instance.ts";
import { startWorld, told, until, type World } from "../e2e/world.ts";

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "2" },
    pairs: { type: "string", default: "2" },
    seconds: { type: "string", default: "90" },
  },
});
const [times, pairs, stopMs] = [Number(values.times), Number(values.pairs), Number(values.seconds) * 1_000];

/**
 * `sends`: what had been handed to the network when the process was stopped goes out when it wakes; one chat has one in
 * flight. `duplicates`: besides, ten sends may have arrived whose answers were not read.
 */
const BARS = { takeoverMs: 80_000, steppedDownMs: 1_000, rows: 0, sends: 2, looks: 0, duplicates: 10, lost: 0 };
/** Few enough for each notification to name all that came while nobody looked. */
const NEWS_EVERY_MS = 3_000;
const HEARTBEAT_MS = 20_000;

type Measured = { [name in keyof typeof BARS]: number } & { news: number };

async function freeze(n: number): Promise<Measured> {
  await using world = await startWorld({
    HEARTBEAT_SECONDS: "",
    LOCK_STALE_SECONDS: "",
    CHECK_INTERVAL_SECONDS: "2",
    MAX_CHECK_INTERVAL_SECONDS: "2",
  });
  const { telegram, fetta } = world;
  const old = await world.start();
  await old.line("lock acquired");
  const lists = ["mila", "ruta", "vera", "zoja"].map((nickname) => fetta.streamer(nickname));
  const fans = [telegram.person(), telegram.person()];
  for (const fan of fans) for (const list of lists) await world.track(fan, list);
  const next = await world.start();
  await next.line(({ msg }) => msg.startsWith("lock is held"));
  const news = inventNews(lists);
  try {
    await sleep(NEWS_EVERY_MS + Math.random() * HEARTBEAT_MS);
    if (n % 2 === 0) await sending(telegram);
    old.child.kill("SIGSTOP");
    const stopped = performance.now();
    await next.line("lock acquired", { timeoutMs: 2 * BARS.takeoverMs });
    const takeoverMs = Math.round(performance.now() - stopped);
    await sleep(stopMs - (performance.now() - stopped));
    const awake = n % 4 < 2 ? await wakeAlone(world, old, next) : await wake(world, old, news.names);
    await sleep(5_000);
    news.stop();
    await until("everything is told", () => missing(telegram, fans, news.names) === 0, 60_000).catch(() => undefined);
    await until("all that was sent is recorded", async () => (await owed(world)) === 0, 60_000);
    const lost = missing(telegram, fans, news.names);
    const sent = fans.flatMap((fan) => news.names.map((name) => told(telegram, fan, name)));
    const duplicates = sent.reduce((sum, count) => sum + Math.max(count - 1, 0), 0);
    // The old leader is a stand-by as good as any.
    await next.stop();
    await old.line(({ msg, term }) => msg === "lock acquired" && term === 3, { timeoutMs: 10_000 });
    return { takeoverMs, ...awake, duplicates, lost, news: news.names.length };
  } finally {
    news.stop();
  }
}

function inventNews(lists: Wishlist[]) {
  const names: string[] = [];
  const timer = setInterval(() => {
    const name = `Wish no. ${names.length + 1}!`;
    lists[names.length % lists.length]?.add({ name });
    names.push(name);
  }, NEWS_EVERY_MS);
  return { names, stop: () => clearInterval(timer) };
}

/** Resolves in the midst of a send: Telegram has the message, and nobody has read its answer. */
async function sending(telegram: Telegram): Promise<void> {
  await new Promise<void>((resolve) => {
    const off = telegram.onChange((change) => {
      if (change.kind !== "call" || !isSend(change.call)) return;
      off();
      resolve();
    });
  });
}

const isSend = ({ method }: { method: string }) => /^(send|edit)/.test(method);

type Awake = Pick<Measured, "steppedDownMs" | "rows" | "sends" | "looks">;

/** Wakes the old leader while the new one is stopped: every write, send and look is the old one's then. */
async function wakeAlone(world: World, old: Instance, next: Instance): Promise<Awake> {
  next.child.kill("SIGSTOP");
  await sleep(200);
  const version = await versionOf(world);
  const [calls, looks] = [world.telegram.calls.length, world.fetta.requests.length];
  const wokenAt = Date.now();
  const steppedDownMs = await steppedDown(old);
  await sleep(3_000);
  const rows = (await versionOf(world)) - version;
  const late = world.telegram.calls.slice(calls).filter(isSend);
  const measured = { steppedDownMs, rows, sends: late.length, looks: world.fetta.requests.length - looks };
  for (const { method, at } of late) process.stdout.write(`${method} ${at - wokenAt} ms after the old leader woke\n`);
  next.child.kill("SIGCONT");
  return measured;
}

/** Wakes it while the new one works: what it sends is what has been told already, and its looks stand in its log. */
async function wake(world: World, old: Instance, names: string[]): Promise<Awake> {
  const { telegram } = world;
  const lines = old.lines.length;
  const before = await inTermOne(world);
  const [calls, known] = [telegram.calls.length, toldSoFar(telegram)];
  const steppedDownMs = await steppedDown(old);
  await sleep(3_000);
  const isRepeated = ({ chatId, params }: Call) =>
    names.some((name) => `${params.text}`.includes(name) && known.has(`${chatId} ${name}`));
  const looks = old.lines
    .slice(lines)
    .filter(({ msg }) => ["checked", "check failed", "looked up"].includes(msg)).length;
  const rows = (await inTermOne(world)) - before;
  return { steppedDownMs, rows, sends: telegram.calls.slice(calls).filter(isRepeated).length, looks };
}

/** What every chat has been told, as `<chat> <name>`. */
function toldSoFar(telegram: Telegram): Set<string> {
  const told = telegram.chats().flatMap((chat) =>
    telegram.messages(chat).flatMap(({ text }) => {
      return Array.from(text.matchAll(/Wish no\. \d+!/g), ([name]) => `${chat.id} ${name}`);
    }),
  );
  return new Set(told);
}

/** Changes with each transaction that another connection commits, of whatever kind. */
async function versionOf(world: World): Promise<number> {
  const db = await world.database();
  const { rows } = await db.client.execute("SELECT * FROM pragma_data_version");
  return Number(rows[0]?.data_version);
}

async function inTermOne(world: World): Promise<number> {
  const db = await world.database();
  const [row] = await db.for("test").all<{ n: number }>(sql`
    SELECT COUNT(*) AS n FROM outbox WHERE claim_epoch = 1 AND state IN ('sent', 'parked', 'skipped')`);
  return row?.n ?? Number.NaN;
}

/** How long after it woke the leader says that it leads no more. */
async function steppedDown(old: Instance): Promise<number> {
  const wokenAt = Date.now();
  old.child.kill("SIGCONT");
  const { time } = await old.line(isLost, { timeoutMs: 20_000 });
  return Date.parse(time) - wokenAt;
}

const isLost = ({ msg, term }: LogLine) => msg === "lock lost" && term === 1;

function missing(telegram: Telegram, fans: { id: number; firstName: string }[], names: string[]): number {
  return fans.flatMap((fan) => names.filter((name) => told(telegram, fan, name) === 0)).length;
}

async function owed(world: World): Promise<number> {
  const db = await world.database();
  const { rows } = await db.client.execute("SELECT 1 FROM outbox WHERE state IN ('pending', 'sending')");
  return rows.length;
}

let missed = 0;
let started = 0;
async function runPair(): Promise<void> {
  while (started < times) {
    const n = started++;
    try {
      const measured = await freeze(n);
      const over = Object.entries(BARS).filter(([name, bar]) => !(measured[name as keyof Measured] <= bar));
      if (over.length > 0) missed++;
      process.stdout.write(`${JSON.stringify({ n, ...measured, missed: over.map(([name]) => name) })}\n`);
    } catch (error) {
      missed++;
      process.stdout.write(`${JSON.stringify({ n, error: String(error) })}\n`);
    }
  }
}
await Promise.all(Array.from({ length: Math.min(pairs, times) }, runPair));
process.stdout.write(missed === 0 ? "All bars held.\n" : `${missed} of ${times} missed a bar.\n`);
process.exitCode = missed > 0 ? 1 : 0;
