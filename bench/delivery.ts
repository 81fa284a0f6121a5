import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Api } from "grammy";
import { createBell } from "../src/bell.ts";
import { renderDigest } from "../src/bot/digest.ts";
import { renderNews } from "../src/bot/notification.ts";
import { loadTexts } from "../src/bot/texts.ts";
import { lead } from "../src/checker/leader.ts";
import { type Database, openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { recordSnapshot, type SnapshotItem } from "../src/db/snapshots.ts";
import { batch } from "../src/db/sql.ts";
import { createPace, paceOf } from "../src/delivery/pace.ts";
import { runSender } from "../src/delivery/sender.ts";
import { createTelegram } from "../src/delivery/telegram.ts";
import type { Arrival, BenchTelegram, BenchTelegramOptions } from "./telegram.ts";

export type DeliveryOptions = {
  chats: number;
  /** How many of them are groups. */
  groups: number;
  /** Streamers that every chat follows, each with one piece of news: so many messages are owed to each chat. */
  streamers: number;
  messagesPerSecond: number;
  /** How long Telegram takes for an answer. */
  latencyMs: number;
  /** When to stop, whatever is left; absent: when everything is delivered. */
  seconds?: number | undefined;
};

export type Delivered = {
  /** Owed, and delivered. */
  messages: number;
  delivered: number;
  /** From the start of the sender to the last message, in seconds, and how long it takes at best. */
  seconds: number;
  ideal: number;
  /** Messages that left, and that arrived, in the fullest second, as a share of the rate. */
  fullestLeft: number;
  fullestArrived: number;
  refused: number;
  /** Owing a piece of news to all chats, the slowest of the streamers, in ms. */
  oweMs: number;
  /** Durations in ms by query; those of "loop_due" and "loop_claim" are what it takes to claim. */
  queries: Map<string, number[]>;
  /** What this process computed for each message, in ms. */
  cpuMs: number;
  /** The most memory that this process used, in MB. */
  rss: number;
  /** The longest that a chat waited for a message, as a multiple of its fair share: everybody's turn, or its own pace. */
  unfairness: number;
};

/** Telegram takes 30 messages a second from everybody, where we send 29: the same here at any rate. */
const TELEGRAM_SHARE = 30 / 29;

/** Has the sender deliver what is owed to many chats, over a Telegram in another process that enforces its limits. */
export async function measureDelivery(options: DeliveryOptions): Promise<Delivered> {
  const { chats, groups, streamers, messagesPerSecond, latencyMs, seconds } = options;
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  const queries = new Map<string, number[]>();
  const statement = (query: string, _: number, seconds: number) => {
    const times = queries.get(query) ?? [];
    queries.set(query, times);
    times.push(seconds * 1000);
  };
  await using db = await openDatabase({ url: `file:${join(folder.path, "bench.db")}`, observe: { statement } });
  await migrate(db);
  const overallPerSecond = Math.floor(messagesPerSecond * TELEGRAM_SHARE);
  await using telegram = await startTelegram({ people: chats - groups, groups, overallPerSecond, latencyMs });
  const oweMs = await oweNews(db, telegram, streamers);

  const messages = chats * streamers;
  const api = new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 10 });
  const left: number[] = [];
  const calls = createTelegram(api);
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 200);
  const stop = new AbortController();
  const done = Promise.withResolvers<void>();
  let open = messages;
  const enough = seconds === undefined ? undefined : setTimeout(done.resolve, seconds * 1000);
  const texts = loadTexts();
  const cpu = process.cpuUsage();
  const started = Date.now();
  const ended = lead(
    { orm: db.for, instanceId: "bench", heartbeatMs: 20_000, staleMs: 60_000, finishMs: 10_000, tell: () => {} },
    (leader) =>
      runSender(
        {
          orm: db.for,
          telegram: {
            ...calls,
            send(...message) {
              left.push(performance.now());
              return calls.send(...message);
            },
          },
          render: (news) => renderNews(texts, news),
          renderDigest: (news) => renderDigest(texts, news),
          pace: createPace(messagesPerSecond),
          staleMs: 60_000,
          bell: createBell(),
          report: ({ outcome, rows }) => {
            if (outcome === "sent") open -= rows;
            else if (outcome !== "wait") done.reject(new Error(`a message was ${outcome}`));
            if (open === 0) done.resolve();
          },
          reached: ({ kind }) => done.reject(new Error(`Telegram is ${kind}`)),
          failed: done.reject,
        },
        leader,
      ),
    stop.signal,
  );
  try {
    await done.promise;
  } finally {
    clearInterval(watch);
    clearTimeout(enough);
    stop.abort();
    await ended;
  }
  const { user, system } = process.cpuUsage(cpu);
  const arrivals = await telegram.arrivals();
  const taken = arrivals.filter(([, isTaken]) => isTaken);
  const fullest = (times: number[]) => fullestSecond(times) / messagesPerSecond;
  return {
    messages,
    delivered: taken.length,
    seconds: (Math.max(...taken.map(([at]) => at)) - started) / 1000,
    ideal: taken.length / messagesPerSecond,
    fullestLeft: fullest(left),
    fullestArrived: fullest(arrivals.map(([at]) => at)),
    refused: arrivals.length - taken.length,
    ...{ oweMs, queries },
    cpuMs: (user + system) / 1000 / taken.length,
    rss: rss / 2 ** 20,
    unfairness: worstWait(taken, started, { roundMs: (1000 * chats) / messagesPerSecond, groups: telegram.groups }),
  };
}

/** A value that so much of all are below. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
}

async function startTelegram(options: BenchTelegramOptions) {
  const child = fork(fileURLToPath(new URL("./telegram.ts", import.meta.url)), [JSON.stringify(options)]);
  const exited = once(child, "exit");
  const [up]: [BenchTelegram] = await Promise.race([
    once(child, "message") as Promise<[BenchTelegram]>,
    exited.then(([code]) => Promise.reject(new Error(`the simulated Telegram ended with ${code}`))),
  ]);
  return {
    ...up,
    async arrivals() {
      child.send("arrivals");
      const [arrivals]: [Arrival[]] = (await once(child, "message")) as [Arrival[]];
      return arrivals;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** Every chat follows every streamer; each streamer adds something, in a look of its own. */
async function oweNews(db: Database, { people, groups }: BenchTelegram, streamers: number): Promise<number> {
  const orm = db.for("seed");
  const wish = (productId: string): SnapshotItem => ({
    ...{ productId, name: `A wish with a name of a usual length, ${productId}`, price: 97_200, currency: "RUB" },
    ...{ isPinned: false, isUnavailable: false },
  });
  const addUsers = (ids: number[], type: string) =>
    orm.run(sql`
      INSERT INTO users (id, type, language, created_at) SELECT value, ${type}, 'en', 0 FROM json_each(${JSON.stringify(ids)})`);
  await batch(orm, [addUsers(people, "private"), addUsers(groups, "group")]);
  let slowest = 0;
  for (let n = 1; n <= streamers; n++) {
    const look = (ids: string[]) => {
      const notes = { intervalMs: 60_000, phaseMs: 60_000, cost: 1, news: 0, countMisses: true };
      return batch(orm, recordSnapshot(orm, sql`SELECT ${n}`, ids.map(wish), notes));
    };
    await orm.run(sql`
      INSERT INTO streamers (id, source, owner_id, nickname, name, url, next_check_at, created_at)
      VALUES (${n}, 'fetta', ${`owner-${n}`}, ${`streamer${n}`}, ${`Streamer ${n}`}, ${`https://fetta.app/u/streamer${n}`}, 0, 0)`);
    await orm.run(sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT id, ${n}, 0 FROM users`);
    await look(["a"]);
    const before = performance.now();
    await look(["b", "a"]);
    slowest = Math.max(slowest, performance.now() - before);
    await sleep(1);
  }
  return slowest;
}

function fullestSecond(times: number[]): number {
  times.sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [n, time] of times.entries()) {
    while ((times[first] ?? 0) <= time - 1000) first++;
    most = Math.max(most, n - first + 1);
  }
  return most;
}

function worstWait(taken: Arrival[], started: number, { roundMs, groups }: { roundMs: number; groups: number[] }) {
  const isGroup = new Set(groups);
  const shares = Map.groupBy(taken, ([, , chatId]) => chatId)
    .entries()
    .map(([chatId, messages]) => {
      const times = [started, ...messages.map(([at]) => at).sort((a, b) => a - b)];
      const longest = Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? at)));
      return longest / Math.max(roundMs, paceOf(isGroup.has(chatId) ? "group" : "private"));
    });
  return Math.max(...shares);
}
