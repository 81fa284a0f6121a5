import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fetta, startFetta, type Wishlist } from "../fetta/index.ts";
import { startTelegram, type Telegram } from "../telegram/telegram.ts";
import { type Bot, startBot } from "./bot.ts";

/** Seconds between two looks of the bot at one wishlist. */
export const LOOK_SECONDS = 2;

/** A made-up streamer, and what will be wished for next. */
export type Streamer = { list: Wishlist; ideas: string[] };

export type World = AsyncDisposable & { telegram: Telegram; fetta: Fetta; streamers: Streamer[]; bot: Bot };

/** A Telegram and a fetta on loopback with a few streamers, and the bot at work between them. Goes without a trace. */
export async function startWorld(): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "wishbell-demo-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const telegram = parts.use(await startTelegram({ username: "WishbellDemoBot" }));
  const fetta = parts.use(await startFetta());
  const streamers = inventStreamers(fetta);
  const env = {
    BOT_TOKEN: telegram.token,
    BOT_API_ROOT: telegram.url,
    FETTA_BASE_URL: fetta.url,
    DATABASE_URL: `file:${join(folder, "wishbell.db")}`,
    HOST: "127.0.0.1",
    PORT: "0",
    CHECK_INTERVAL_SECONDS: String(LOOK_SECONDS),
    SOURCE_REQUESTS_PER_MINUTE: "6000",
    LOG_LEVEL: "debug",
  };
  const bot = parts.use(await startBot(env, join(folder, "bot.log")));
  const whole = parts.move();
  return { telegram, fetta, streamers, bot, [Symbol.asyncDispose]: () => whole.disposeAsync() };
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
