import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "grammy";
import { type Database, openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { paceOf } from "../src/delivery/pace.ts";
import { createTelegram } from "../src/delivery/telegram.ts";
import { startCompanion } from "./companion.ts";
import { addChats, addStreamer, deliverOwed, look } from "./outbox.ts";
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
  const limits: BenchTelegramOptions = { people: chats - groups, groups, overallPerSecond, latencyMs };
  await using companion = await startCompanion<BenchTelegram>("./telegram.ts", limits);
  const telegram = companion.up;
  const oweMs = await oweNews(db, telegram, streamers);

  const messages = chats * streamers;
  const calls = createTelegram(new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 10 }));
  const left: number[] = [];
  const counted: typeof calls = {
    ...calls,
    send(...message) {
      left.push(performance.now());
      return calls.send(...message);
    },
  };
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 200);
  const cpu = process.cpuUsage();
  const started = Date.now();
  try {
    await deliverOwed(db, { telegram: counted, messagesPerSecond, messages, seconds });
  } finally {
    clearInterval(watch);
  }
  const { user, system } = process.cpuUsage(cpu);
  const arrivals = await companion.ask<Arrival[]>("arrivals");
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

/** Every chat follows every streamer; each streamer adds something, in a look of its own. Gives the slowest, in ms. */
async function oweNews(db: Database, { people, groups }: BenchTelegram, streamers: number): Promise<number> {
  await addChats(db, people, "private");
  await addChats(db, groups, "group");
  let slowest = 0;
  for (let n = 1; n <= streamers; n++) {
    await addStreamer(db, n);
    const before = performance.now();
    await look(db, n, ["b", "a"]);
    slowest = Math.max(slowest, performance.now() - before);
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
