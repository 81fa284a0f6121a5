import { type Fetta, startFetta, type Wishlist } from "../../sandbox/fetta/index.ts";
import { startTelegram, type Telegram, type TelegramOptions } from "../../sandbox/telegram/telegram.ts";
import type { Person } from "../../sandbox/telegram/types.ts";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { type Instance, type LogLine, startInstance, tempFolder } from "./instance.ts";

export type World = AsyncDisposable & {
  telegram: Telegram;
  fetta: Fetta;
  env: Record<string, string>;
  databaseUrl: string;
  folder: string;
  /** One more instance of the bot in this world. */
  start(env?: Record<string, string>): Promise<Instance>;
  /** The instances' database, once one of them has started. */
  database(): Promise<Database>;
  /** The row of the lock as it is now. */
  lock(): Promise<{ holder: string; epoch: number }>;
  /** Moves the lock's stamps: the same as a database clock that jumps the other way. */
  moveStamps(ms: number): Promise<void>;
  /** Has a person track a streamer; resolves when the bot has said that it does. */
  track(person: Person, wishlist: Wishlist): Promise<void>;
};

/** What a test with real processes may take, in ms, where other things keep the machine busy. */
export const PATIENCE_MS = 60_000;

/** A Telegram, a fetta and an empty database on loopback, with clocks short enough for a test. */
export async function startWorld(
  more: Record<string, string> = {},
  { telegram: options }: { telegram?: TelegramOptions } = {},
): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const telegram = stack.use(await startTelegram(options));
  const fetta = stack.use(await startFetta());
  const env = {
    BOT_TOKEN: telegram.token,
    BOT_API_ROOT: telegram.url,
    FETTA_BASE_URL: fetta.url,
    DATABASE_URL: folder.databaseUrl,
    CHECK_INTERVAL_SECONDS: "1",
    MAX_CHECK_INTERVAL_SECONDS: "1",
    SOURCE_REQUESTS_PER_MINUTE: "6000",
    HEARTBEAT_SECONDS: "1",
    LOCK_STALE_SECONDS: "3",
    ...more,
  };
  let opened: Database | undefined;
  const database = async () => {
    opened ??= instances.use(await openDatabase({ url: folder.databaseUrl }));
    return opened;
  };
  const orm = async () => (await database()).for("test");
  const instances = stack.use(new AsyncDisposableStack());
  const everything = stack.move();
  return {
    telegram,
    fetta,
    env,
    databaseUrl: folder.databaseUrl,
    folder: folder.path,
    start: async (extra = {}) => instances.use(await startInstance({ ...env, ...extra })),
    database,
    async lock() {
      const query = sql`SELECT instance_id AS holder, epoch FROM scheduler_lock`;
      const [row] = await (await orm()).all<{ holder: string; epoch: number }>(query);
      if (row === undefined) throw new Error("the lock has no row");
      return row;
    },
    async moveStamps(ms) {
      await (await orm()).run(sql`
        UPDATE scheduler_lock SET last_heartbeat = last_heartbeat + ${ms}, acquired_at = acquired_at + ${ms}`);
    },
    async track(person, wishlist) {
      telegram.say(`/track ${wishlist.nickname}`, { from: person });
      await telegram.until(person, (message) => message.fromBot && message.text.includes(wishlist.name), 10_000);
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

export const isCheck = ({ msg }: LogLine) => msg === "checked" || msg === "check failed";

/** Waits until an instance has made so many more checks. */
export async function checks(instance: Instance, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await instance.line(isCheck, { from: instance.lines.length });
}

/** How often the bot has told a chat of something. */
export function told(telegram: Telegram, person: Person, text: string): number {
  return telegram.messages(person).filter((message) => message.fromBot && message.text.includes(text)).length;
}

/** Waits for something that nobody announces, asking again and again. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const late = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > late) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
