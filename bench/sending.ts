import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "grammy";
import { Agent, request } from "undici";
import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { newsFor } from "../src/db/news.ts";
import { sql } from "../src/db/orm.ts";
import { writeMessage } from "../src/delivery/compose.ts";
import { createTelegram } from "../src/delivery/telegram.ts";
import type { BotApi, BotApiOptions } from "./bot-api.ts";
import { type Companion, startCompanion } from "./companion.ts";
import { type Delivered, measureDelivery } from "./delivery.ts";
import { type Figures, mediansOfAll } from "./figures.ts";
import { inMicroseconds, perSecond, ratio } from "./medians.ts";
import { addChats, addStreamer, deliverOwed, look, rendering } from "./outbox.ts";
import type { Aim, Measure, Table } from "./section.ts";

const SIZES = {
  full: { owed: 500, bare: 5_000, repeats: 5, seconds: 20 },
  short: { owed: 20, bare: 20, repeats: 1, seconds: 1 },
};

/** Turns a second where the pace is not what is measured, more than are ever used; the sender has 600 in flight at most. */
const NO_PACE = 2_000;
const IN_FLIGHT = 600;
const LATENCIES_MS = [0, 50];

/** What Telegram allows, and what the bot makes of it unless it is told otherwise. */
const TELEGRAM_RATE = 30;
const DEFAULT_RATE = 29;

const TOKEN = "42:TEST-token_abcdefghijklmnopqrstuvwxyz";
const STREAMER = 1;

type Way = "outbox" | "grammy" | "undici";
type Rates = Record<Way, Figures<"rate" | "cpu">>;

/** Messages a second: what the outbox costs at full speed, and what comes of Telegram's rate. */
export const measureSending: Measure = async (effort, progress) => {
  const { owed, bare, repeats, seconds } = SIZES[effort];
  const rates: Rates[] = [];
  for (const latencyMs of LATENCIES_MS) {
    await using world = await createWorld({ latencyMs, owed, bare });
    const telling = (round: string) => progress(`messages, answers after ${latencyMs} ms, ${round}`);
    rates.push(await mediansOfAll(world.ways, repeats, telling));
  }
  progress(`messages at ${DEFAULT_RATE} a second, for ${seconds} s`);
  const paced = await measureDelivery({
    ...{ chats: DEFAULT_RATE * seconds, groups: 0, streamers: 1 },
    ...{ messagesPerSecond: DEFAULT_RATE, latencyMs: 50 },
  });

  return {
    title: "Delivery",
    method: `One piece of news is owed to ${owed.toLocaleString("en")} chats in a database file. The bot's sender claims the
rows, reads the events, writes each message and sends it, and records the outcomes, those of a moment together, in
transactions that its lease guards and that wait for the disk. It has ${NO_PACE.toLocaleString("en")} turns a second, more than it uses. The others
send the same message to ${bare.toLocaleString("en")} chats and keep no record: grammY by its own HTTP client, as the sender
does; undici by connections of its own. All of them have at most ${IN_FLIGHT} requests in flight, and run in the bench's
process. The Bot API is a bare HTTP server in another process, which shares the machine's cores, and answers anything at once
or after 50 ms. A figure is the median of ${repeats} rounds; processor time is that of the sending process alone, of all its threads.

At its own rate the sender has a Telegram in another process that takes ${TELEGRAM_RATE} messages in a second, answers the
rest with 429, and takes 50 ms for each answer.`,
    tables: [
      ...rates.map((each, n) => compare(LATENCIES_MS[n] ?? 0, each)),
      {
        caption: `${paced.messages} messages at the default rate, ${DEFAULT_RATE} a second`,
        columns: ["delivered", "429s", "fullest second", "processor time of one"],
        rows: [
          [
            perSecond(paced.delivered / paced.seconds),
            String(paced.refused),
            `${Math.round(paced.fullestArrived * DEFAULT_RATE)} messages`,
            inMicroseconds(paced.cpuMs * 1000),
          ],
        ],
      },
    ],
    aims: [...costAims(rates), paceAim(paced)],
  };
};

function compare(latencyMs: number, { outbox, grammy, undici }: Rates): Table {
  const row = (name: string, { rate, cpu }: Figures<"rate" | "cpu">) => [
    name,
    perSecond(rate),
    ratio(rate, undici.rate),
    inMicroseconds(cpu),
    ratio(cpu, undici.cpu),
  ];
  return {
    caption: `Messages a second at full speed, answers ${latencyMs === 0 ? "at once" : `after ${latencyMs} ms`}`,
    columns: ["", "messages", "of undici's", "processor time of one", "of undici's time"],
    rows: [
      row("bare undici", undici),
      row("grammY, no database", grammy),
      row("the bot's sender, from the outbox", outbox),
    ],
  };
}

function costAims(rates: Rates[]): Aim[] {
  return rates.map(({ outbox, grammy }, n) => ({
    aim: `at full speed the outbox costs at most 2.5× (answers after ${LATENCIES_MS[n]} ms, against grammY without a database)`,
    measured: ratio(grammy.rate, outbox.rate),
    isMet: grammy.rate <= 2.5 * outbox.rate,
  }));
}

function paceAim({ delivered, seconds, refused }: Delivered): Aim {
  const rate = delivered / seconds;
  return {
    aim: `at least 28 messages a second of Telegram's ${TELEGRAM_RATE}, without a 429`,
    measured: `${perSecond(rate)}, ${refused} × 429`,
    isMet: rate >= 28 && refused === 0,
  };
}

type WorldOptions = BotApiOptions & {
  /** Chats that are owed the news, and how many get it from those who keep no record. */
  owed: number;
  bare: number;
};

/** News for many chats, a Bot API, and the ways to tell them; each takes its rate, and its processor time for one in µs. */
async function createWorld({ latencyMs, owed, bare }: WorldOptions) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "wishbell-bench-")));
  const db = stack.use(await openDatabase({ url: `file:${join(folder.path, "bench.db")}` }));
  await migrate(db);
  const botApi: Companion<BotApi> = stack.use(await startCompanion<BotApi>("./bot-api.ts", { latencyMs }));
  const apiRoot = botApi.up.url;
  const agent = stack.adopt(new Agent({ connections: IN_FLIGHT }), (agent) => agent.close());
  const orm = db.for("bench");
  const chats = Array.from({ length: owed }, (_, n) => n + 1);
  await addChats(db, chats, "private");
  await addStreamer(db, STREAMER);
  const wishes = ["a"];

  /** Something new on the list, and the chats may be written to. */
  async function oweMore(): Promise<void> {
    wishes.unshift(`wish ${wishes.length}`);
    await look(db, STREAMER, wishes);
    await orm.run(sql`UPDATE users SET next_send_at = 0`);
  }

  await oweMore();
  const [news] = await newsFor(orm, [{ chatId: 1, streamerId: STREAMER, checkNumbers: [2] }], 10);
  const message = writeMessage(rendering, news === undefined ? [] : [news]);
  if (message === undefined) throw new Error("There is nothing to tell.");
  const api = new Api(TOKEN, { apiRoot, timeoutSeconds: 10 });
  const telegram = createTelegram(api);
  let payload: object = {};
  api.config.use(async (call, method, sent, signal) => {
    payload = sent;
    return await call(method, sent, signal);
  });
  await telegram.send(1, 0, message);
  // It was owed for its text alone: a chat that is owed two pieces of news gets both in one message.
  await orm.run(sql`DELETE FROM outbox`);

  const timed = async (messages: number, send: () => Promise<void>): Promise<Figures<"rate" | "cpu">> => {
    const before = await botApi.ask<number>("sent");
    const cpu = process.cpuUsage();
    const start = performance.now();
    await send();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const arrived = (await botApi.ask<number>("sent")) - before;
    if (arrived !== messages) throw new Error(`${arrived} of ${messages} messages arrived`);
    return { rate: messages / seconds, cpu: (user + system) / messages };
  };
  const toEach = async (send: (chatId: number) => Promise<unknown>) => {
    let next = 0;
    const sendOn = async () => {
      while (next < bare) await send(1 + (next++ % owed));
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, sendOn));
  };

  const everything = stack.move();
  return {
    ways: {
      undici: () =>
        timed(bare, () =>
          toEach(async (chatId) => {
            const { body } = await request(`${apiRoot}/bot${TOKEN}/sendMessage`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ ...payload, chat_id: chatId }),
              dispatcher: agent,
            });
            await body.json();
          }),
        ),
      grammy: () => timed(bare, () => toEach((chatId) => telegram.send(chatId, 0, message))),
      outbox: async () => {
        await oweMore();
        return await timed(owed, () => deliverOwed(db, { telegram, messagesPerSecond: NO_PACE, messages: owed }));
      },
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
