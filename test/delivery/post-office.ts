import { Api } from "grammy";
import { type Person, startTelegram, type Telegram, type TelegramOptions } from "../../sandbox/telegram/telegram.ts";
import { type Bell, createBell } from "../../src/bell.ts";
import { renderDigest } from "../../src/bot/digest.ts";
import { renderNews } from "../../src/bot/notification.ts";
import { loadTexts } from "../../src/bot/texts.ts";
import { lead } from "../../src/checker/leader.ts";
import type { Database } from "../../src/db/client.ts";
import type { News } from "../../src/db/news.ts";
import { sql } from "../../src/db/orm.ts";
import { createPace } from "../../src/delivery/pace.ts";
import type { ReachEvent } from "../../src/delivery/reach.ts";
import { runSender, type SenderOptions, type SenderReport } from "../../src/delivery/sender.ts";
import { createTelegram } from "../../src/delivery/telegram.ts";
import { tracked, wishes } from "../db/story.ts";
import { type TestDatabase, testDb } from "../db/test-db.ts";

export type PostOffice = AsyncDisposable & {
  db: TestDatabase;
  telegram: Telegram;
  /** Has a chat follow a streamer whose list shows "a" so far; gives the streamer's id. */
  follow(chat: Place, nickname: string, threadId?: number): Promise<number>;
  /** Someone who has started the bot and follows a streamer. */
  fan(nickname: string): Promise<Person>;
  /** So many people who follow a streamer, all at once. */
  crowd(size: number, nickname: string): Promise<Person[]>;
  /** One more instance, the leader unless there is one. */
  start(options?: StartOptions): Sender;
};

type Place = { id: number; type?: "private" | "group" | "supergroup" | "channel" };

type StartOptions = Partial<Pick<SenderOptions, "render" | "staleMs" | "pace">> & {
  messagesPerSecond?: number;
  db?: Database;
  token?: string;
  apiRoot?: string;
  timeoutSeconds?: number;
};

export type Sender = {
  bell: Bell;
  reports: SenderReport[];
  reached: ReachEvent[];
  failures: unknown[];
  /** Resolves when what it has reported satisfies the predicate; fails after 5 s. */
  until(isEnough: (reports: SenderReport[], reached: ReachEvent[]) => boolean): Promise<void>;
  /** A stop as SIGTERM makes it; resolves when it is over. */
  stop(): Promise<void>;
};

const PATIENCE_MS = 5_000;
const texts = loadTexts();

/** A database and a Telegram, and nobody yet who takes messages from one to the other. */
export async function postOffice(options: TelegramOptions = {}): Promise<PostOffice> {
  const db = await testDb();
  const telegram = await startTelegram(options);
  const senders: Sender[] = [];

  async function follow({ id, type = "private" }: Place, nickname: string, threadId = 0) {
    const streamerId = await tracked(db, id, nickname, wishes("a"));
    const orm = db.for("test");
    await orm.run(sql`UPDATE users SET type = ${type} WHERE id = ${id}`);
    await orm.run(sql`
      UPDATE user_streamers SET thread_id = ${threadId} WHERE user_id = ${id} AND streamer_id = ${streamerId}`);
    return streamerId;
  }

  return {
    db,
    telegram,
    follow,
    async fan(nickname) {
      const person = telegram.person({ languageCode: "en" });
      telegram.say("/start", { from: person });
      await follow(person, nickname);
      return person;
    },
    async crowd(size, nickname) {
      const people = Array.from({ length: size }, () => telegram.person());
      for (const person of people) telegram.say("/start", { from: person });
      const ids = JSON.stringify(people.map(({ id }) => id));
      const orm = db.for("test");
      const streamerId = await follow(people[0] ?? telegram.person(), nickname);
      await orm.run(sql`
        INSERT OR IGNORE INTO users (id, type, language, created_at) SELECT value, 'private', 'ru', 0 FROM json_each(${ids})`);
      await orm.run(sql`
        INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at)
        SELECT value, ${streamerId}, 0 FROM json_each(${ids})`);
      return people;
    },
    start(more = {}) {
      const sender = startSender({ db, token: telegram.token, apiRoot: telegram.url, ...more });
      senders.push(sender);
      return sender;
    },
    async [Symbol.asyncDispose]() {
      const stopped = senders.map((sender) => sender.stop());
      await telegram.close();
      await Promise.all(stopped);
      await db[Symbol.asyncDispose]();
    },
  };
}

/** One more instance, the leader unless there is one. */
export function startSender({
  db,
  token,
  apiRoot,
  timeoutSeconds = 2,
  messagesPerSecond = 1_000,
  pace = createPace(messagesPerSecond),
  staleMs = 60_000,
  render = (news) => renderNews(texts, news),
}: StartOptions & { db: Database; token: string; apiRoot: string }): Sender {
  const stop = new AbortController();
  const bell = createBell();
  const reports: SenderReport[] = [];
  const reached: ReachEvent[] = [];
  const failures: unknown[] = [];
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const look of waiting) look();
  };
  const telegram = createTelegram(new Api(token, { apiRoot, timeoutSeconds }));
  const rendering = { render, renderDigest: (news: News[]) => renderDigest(texts, news) };
  const options = { ...rendering, orm: db.for, telegram, pace, staleMs, bell };
  const ended = lead(
    {
      orm: db.for,
      instanceId: crypto.randomUUID(),
      heartbeatMs: staleMs / 3,
      staleMs,
      finishMs: 10_000,
      tell: () => {},
    },
    (leader) =>
      runSender(
        {
          ...options,
          report: (report) => {
            reports.push(report);
            heard();
          },
          reached: (event) => {
            reached.push(event);
            heard();
          },
          failed: (error) => void failures.push(error),
        },
        leader,
      ),
    stop.signal,
  );
  return {
    bell,
    reports,
    reached,
    failures,
    until: (isEnough) =>
      new Promise((resolve, reject) => {
        const end = (act: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          act();
        };
        const look = () => {
          if (isEnough(reports, reached)) end(resolve);
        };
        const timer = setTimeout(
          () => end(() => reject(new Error(`it has reported only ${JSON.stringify({ reports, reached, failures })}`))),
          PATIENCE_MS,
        );
        waiting.add(look);
        look();
      }),
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** What is owed and what has become of it, oldest first; times are how long to wait from now, in ms. */
export type Row = {
  chat: number;
  thread: number;
  state: string;
  attempts: number;
  uncertain: number;
  plain: boolean;
  besideTopic: boolean;
  waitMs: number;
  /** Whether it is over with it, however it ended. */
  done: boolean;
  error: string | null;
};

export async function outboxOf(db: Database): Promise<Row[]> {
  const rows = await db.for("test").all<Row>(sql`
    SELECT chat_id AS chat, thread_id AS thread, state, attempts, uncertain, plain, beside_topic AS "besideTopic",
      MAX(0, next_at - CAST(unixepoch('subsec') * 1000 AS INTEGER)) AS "waitMs", done_at IS NOT NULL AS done,
      last_error AS error
    FROM outbox ORDER BY id`);
  return rows.map((row) => ({
    ...row,
    plain: Boolean(row.plain),
    besideTopic: Boolean(row.besideTopic),
    done: Boolean(row.done),
  }));
}

export async function stateOf(db: Database): Promise<string> {
  return (await outboxOf(db)).map(({ state }) => state).join(" ");
}

export type ChatState = { active: boolean; waitMs: number; suspectMs: number | null; trackings: number };

export async function chatState(db: Database, chatId: number): Promise<ChatState | undefined> {
  const [row] = await db.for("test").all<ChatState>(sql`
    SELECT active, MAX(0, next_send_at - CAST(unixepoch('subsec') * 1000 AS INTEGER)) AS "waitMs",
      CAST(unixepoch('subsec') * 1000 AS INTEGER) - suspect_since AS "suspectMs",
      (SELECT COUNT(*) FROM user_streamers us WHERE us.user_id = users.id) AS trackings
    FROM users WHERE id = ${chatId}`);
  return row && { ...row, active: Boolean(row.active) };
}

/** So much time passes for whatever waits, and for the age of everything. */
export async function pass(db: Database, ms: number): Promise<void> {
  const orm = db.for("test");
  await orm.run(sql`
    UPDATE outbox SET next_at = next_at - ${ms}, created_at = created_at - ${ms}, claimed_at = claimed_at - ${ms},
      done_at = done_at - ${ms}`);
  await orm.run(sql`UPDATE users SET next_send_at = next_send_at - ${ms}, suspect_since = suspect_since - ${ms},
      held_until = MAX(held_until - ${ms}, MIN(held_until, 1))`);
}

/** The bot's attempts to write. */
export const sends = ({ calls }: Telegram, chat?: { id: number }) =>
  calls.filter(({ method, chatId }) => method === "sendMessage" && (chat === undefined || chatId === chat.id));

/** What the bot has written in a chat. */
export const fromBot = (telegram: Telegram, chat: { id: number }) =>
  telegram.messages(chat).filter(({ fromBot }) => fromBot);
