import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fetta, startFetta, type Wishlist } from "../fetta/index.ts";
import { type Chat, type Person, startTelegram, type Telegram } from "../telegram/telegram.ts";
import { type Bot, startBot } from "./bot.ts";
import { type Clock, createClock } from "./clock.ts";
import { createSite, type Site } from "./site.ts";

/** Seconds between two looks of the bot at one wishlist. */
export const LOOK_SECONDS = 2;

/** A made-up streamer, and what will be wished for next. */
export type Streamer = { list: Wishlist; ideas: string[] };

export type World = AsyncDisposable & {
  telegram: Telegram;
  fetta: Fetta;
  streamers: Streamer[];
  /** The first is whoever sits at the keyboard. */
  people: Person[];
  bot: Bot;
  site: Site;
  clock: Clock;
};

export type WorldOptions = {
  /** What time it is there at the start, in ms since 1970; default: what it is here. */
  startAt?: number;
  /** Of the first person's Telegram. */
  language?: "ru" | "en";
};

/** A Telegram and a fetta on loopback with a few people, and the bot at work between them. Goes without a trace. */
export async function startWorld({ startAt, language = "en" }: WorldOptions = {}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "wishbell-demo-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const clock = createClock(startAt);
  const telegram = parts.use(await startTelegram({ username: "WishbellDemoBot", now: clock.now }));
  const fetta = parts.use(await startFetta());
  const streamers = inventStreamers(fetta);
  const people = inventPeople(telegram, language);
  const env = {
    BOT_TOKEN: telegram.token,
    BOT_API_ROOT: telegram.url,
    FETTA_BASE_URL: fetta.url,
    DATABASE_URL: `file:${join(folder, "wishbell.db")}`,
    HOST: "127.0.0.1",
    PORT: "0",
    CHECK_INTERVAL_SECONDS: String(LOOK_SECONDS),
    SOURCE_REQUESTS_PER_MINUTE: "6000",
    // What a killed bot leaves behind is soon stale.
    HEARTBEAT_SECONDS: "3",
    LOCK_STALE_SECONDS: "12",
    ADMIN_IDS: String(people[0]?.id),
    LOG_LEVEL: "debug",
  };
  const bot = parts.use(await startBot(env, join(folder, "bot.log"), clock.aheadMs()));
  clock.onJump(bot.setClock);
  const whole = parts.move();
  return {
    ...{ telegram, fetta, streamers, people, bot, clock },
    site: createSite(fetta),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** The title of the group that the bot is not in yet. */
export const CLUB = "Stream club";

/** People, and chats in which the bot is already, or not yet. */
function inventPeople(telegram: Telegram, language: "ru" | "en"): Person[] {
  const you = telegram.person({ firstName: language === "ru" ? "Вы" : "You", languageCode: language });
  const mira = telegram.person({ firstName: "Mira", languageCode: "en" });
  const lada = telegram.person({ firstName: "Лада", languageCode: "ru" });
  const administrators = [you];
  const members = [mira, lada];
  telegram.group({ title: CLUB, administrators, members, bot: "left" });
  const den: Chat = telegram.group({ title: "Fox den", forum: true, administrators: [you, mira], members: [lada] });
  telegram.topic(den, "Wishlist news");
  telegram.topic(den, "Off topic");
  telegram.channel({ title: "Fox channel", administrators, members });
  return [you, mira, lada];
}

function inventStreamers(fetta: Fetta): Streamer[] {
  const streamer = (nickname: string, name: string, items: string[] | number, ideas: string[]) => {
    const wishes = typeof items === "number" ? items : items.map((item) => ({ name: item }));
    return { list: fetta.streamer(nickname, { name, items: wishes }), ideas };
  };
  return [
    streamer(
      "pixelfox",
      "PixelFox",
      ["Mechanical keyboard", "Ring light 30 cm", "Cat tree with a hammock", "Green tea 250 g"],
      ["Desk lamp with a clamp", "USB <-> HDMI adapter", "Puzzle of 1000 pieces", "Noise-cancelling headphones"],
    ),
    streamer(
      "lesnaya_sova",
      "Лесная Сова",
      ["Плед вязаный", "Набор акварели на 24 цвета", "Кружка «Сова»"],
      ["Настольная лампа", "Чай листовой 100 г", "Мягкая игрушка", "Скетчбук A4"],
    ),
    streamer("Borodach_Live", "Бородач Live", 45, ["Набор отвёрток", "Рация (2 штуки)"]),
    streamer("new_in_town", "New in town", 0, ["Webcam 1080p", "Pop filter"]),
  ];
}
