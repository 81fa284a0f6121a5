import { Api } from "grammy";
import { type Fetta, startFetta } from "../../sandbox/fetta/index.ts";
import type { SayOptions } from "../../sandbox/telegram/talk.ts";
import {
  type Chat,
  type Message,
  type Person,
  startTelegram,
  type Telegram,
  type TelegramOptions,
} from "../../sandbox/telegram/telegram.ts";
import { createBell } from "../../src/bell.ts";
import { createBot } from "../../src/bot/bot.ts";
import { renderLookups } from "../../src/bot/lookup-message.ts";
import { createQuota, type Quota } from "../../src/bot/quota.ts";
import { loadTexts } from "../../src/bot/texts.ts";
import { ALLOWED_UPDATES } from "../../src/bot/updates.ts";
import { createBudget } from "../../src/checker/budget.ts";
import { createCanary } from "../../src/checker/canary.ts";
import { createCircuit } from "../../src/checker/circuit.ts";
import { createFetcher } from "../../src/checker/fetcher.ts";
import { type Leader, lead } from "../../src/checker/leader.ts";
import { type LookupReport, runLookups } from "../../src/checker/lookups.ts";
import { createPlanner } from "../../src/checker/planner.ts";
import type { Source } from "../../src/checker/source.ts";
import { fetta as fettaSource } from "../../src/checker/sources/fetta.ts";
import { type LookupAnswersOptions, runLookupAnswers } from "../../src/delivery/lookup-answers.ts";
import { createLog } from "../../src/log.ts";
import { type TestDatabase, testDb } from "../db/test-db.ts";

export const texts = loadTexts();

export type BotWorld = AsyncDisposable & {
  telegram: Telegram;
  db: TestDatabase;
  bot: ReturnType<typeof createBot>;
  /** What the bot logged of handlers that failed, a JSON line each. */
  failures: string[];
  /** The labels of all statements that ran, one for each statement. */
  statements: string[];
  /** Says something and waits until it is handled; gives what the bot wrote or changed meanwhile, oldest first. */
  ask(text: string, options: SayOptions): Promise<Message[]>;
  /** Presses a button in the same way; gives the toast ("" for none) and what the message shows then. */
  press(message: Message, button: string | { data: string }, from: Person): Promise<{ toast: string; shows: Message }>;
  /** What the bot last wrote to the chat. */
  last(chat: { id: number }): Message;
};

/** The real bot on a simulated Telegram and a database of its own; grammY's own polling brings it its updates. */
export async function startBotWorld({
  maxTrackings = 50,
  adminIds = [],
  quota = createQuota({ perPerson: 10_000, perChat: 10_000, presses: 10_000, looks: 10_000 }),
  ...options
}: TelegramOptions & { maxTrackings?: number; adminIds?: number[]; quota?: Quota } = {}): Promise<BotWorld> {
  const telegram = await startTelegram(options);
  const statements: string[] = [];
  const db = await testDb({
    observe: { statement: (query, count) => void statements.push(...Array(count).fill(query)) },
  });
  const failures: string[] = [];
  const destination = { write: (line: string) => void failures.push(line) };
  const log = createLog({ level: "info", secrets: [telegram.token], destination });
  const bot = createBot({
    ...{ token: telegram.token, apiRoot: telegram.url, db, texts, maxTrackings, adminIds, quota },
    deployment: { instance: "here", version: "1.2.3", messagesPerSecond: 29, requestsPerMinute: 12 },
    handled: ({ outcome, error, updateId }) => {
      if (outcome === "failed") log.error({ err: error, update_id: updateId }, "update failed");
    },
  });
  await bot.init();
  const polling = bot.start({ allowed_updates: ALLOWED_UPDATES });

  const botMessages = (chat: { id: number }) => telegram.messages(chat).filter(({ fromBot }) => fromBot);
  return {
    ...{ telegram, db, bot, failures, statements },
    async ask(text, options) {
      const chat: { id: number } | undefined = options.chat ?? options.from;
      if (chat === undefined) throw new Error("Where? Give `from` or `chat`");
      const before = new Set(botMessages(chat));
      telegram.say(text, options);
      await telegram.idle();
      return botMessages(chat).filter((message) => !before.has(message));
    },
    async press(message, button, from) {
      const before = telegram.callbackAnswers.length;
      telegram.press(message, button, from);
      await telegram.idle();
      const [answer, ...more] = telegram.callbackAnswers.slice(before);
      if (answer === undefined || more.length > 0) throw new Error(`the press got ${more.length} answers too many`);
      const shows = telegram.messages({ id: message.chatId }).find(({ id }) => id === message.id) ?? message;
      return { toast: answer.text ?? "", shows };
    },
    last(chat) {
      const message = botMessages(chat).at(-1);
      if (message === undefined) throw new Error(`the bot has not written to ${chat.id}`);
      return message;
    },
    async [Symbol.asyncDispose]() {
      await bot.stop();
      await polling;
      await telegram.close();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** Lets one instance lead and do `work` until it is stopped; waits until it leads. */
export async function leadWith(db: TestDatabase, work: (leader: Leader) => Promise<void>) {
  const stopping = new AbortController();
  const { promise: taken, resolve } = Promise.withResolvers<Leader>();
  const ended = lead(
    {
      ...{ orm: db.for, instanceId: crypto.randomUUID(), tell: () => undefined },
      ...{ heartbeatMs: 1_000, staleMs: 10_000, finishMs: 5_000 },
    },
    async (leader) => {
      resolve(leader);
      await work(leader);
    },
    stopping.signal,
  );
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  return { leader: await taken, stop, [Symbol.asyncDispose]: stop };
}

/** What the answers' loop needs, on the simulated Telegram. `told`: what it reported; `errors`: what went wrong inside. */
export function answering({ telegram, db }: BotWorld, maxTrackings = 50) {
  const api = new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 5 });
  const html = { parse_mode: "HTML", link_preview_options: { is_disabled: true } } as const;
  const told: string[] = [];
  const errors: unknown[] = [];
  const options: LookupAnswersOptions = {
    orm: db.for,
    async edit(chatId, messageId, text) {
      await api.editMessageText(chatId, messageId, text, html);
    },
    async send(chatId, threadId, text) {
      const thread = threadId === 0 ? {} : { message_thread_id: threadId };
      return (await api.sendMessage(chatId, text, { ...html, ...thread })).message_id;
    },
    render: (message) => renderLookups(texts, message, maxTrackings),
    bell: createBell(),
    report: ({ outcome }) => void told.push(outcome),
    failed: (error) => void errors.push(error),
  };
  return { options, told, errors };
}

export type LookingWorld = BotWorld & {
  fetta: Fetta;
  reports: LookupReport[];
  errors: unknown[];
  /** Lets one more instance make the looks, at `source`, and show the answers, once it leads. */
  lead(source?: Source): ReturnType<typeof leadWith>;
};

/** The same with a fetta, and instances that look there for what chats wait for. */
export async function startLookingWorld({ maxTrackings = 50 } = {}): Promise<LookingWorld> {
  const world = await startBotWorld({ maxTrackings });
  const { db } = world;
  const fetta = await startFetta();
  const reports: LookupReport[] = [];
  const { options: answers, errors } = answering(world, maxTrackings);
  const leaders: AsyncDisposable[] = [];

  async function work(leader: Leader, source: Source) {
    const spent = { requests: [], pausedMs: 0, slowness: 1, slowedAgoMs: 0 };
    const budget = createBudget({ perMinute: 6_000, spent, save: async () => undefined });
    const fetcher = createFetcher({ baseUrl: fetta.url, connections: 2, timeoutMs: 5_000 });
    const planner = createPlanner({
      ...{ orm: db.for("loop_schedule"), write: leader.write, source: source.name, planned: () => undefined },
      limits: () => ({ minMs: 60_000, maxMs: 3_600_000, requestsPerMs: 1 }),
    });
    const get = (purpose: "lookup" | "check") => fetcher.within((signal) => budget.take(purpose, signal));
    const site = { source, budget, circuit: createCircuit(1_000), canary: createCanary(false), planner, get };
    const report = (lookup: LookupReport) => void reports.push(lookup);
    const { failed, bell } = answers;
    await Promise.all([
      runLookups({ orm: db.for, site, concurrency: 2, maxTrackings, answered: bell.ring, report, failed }, leader),
      runLookupAnswers(answers, leader),
    ]);
    await fetcher.close();
  }

  return {
    ...world,
    ...{ fetta, reports, errors },
    async lead(source = fettaSource) {
      const leading = await leadWith(db, (leader) => work(leader, source));
      leaders.push(leading);
      return leading;
    },
    async [Symbol.asyncDispose]() {
      for (const leading of leaders) await leading[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await fetta.close();
    },
  };
}

export type { Chat, Message, Person };
