import { type Fetta, startFetta } from "../../sandbox/fetta/index.ts";
import { startTelegram, type Telegram } from "../../sandbox/telegram/telegram.ts";
import { type Instance, startInstance, tempFolder } from "./instance.ts";

export type World = AsyncDisposable & {
  telegram: Telegram;
  fetta: Fetta;
  env: Record<string, string>;
  databaseUrl: string;
  /** One more instance of the bot in this world. */
  start(env?: Record<string, string>): Promise<Instance>;
};

/** A Telegram, a fetta and an empty database on loopback, with clocks short enough for a test. */
export async function startWorld(more: Record<string, string> = {}): Promise<World> {
  const folder = await tempFolder();
  const telegram = await startTelegram();
  const fetta = await startFetta();
  const instances: Instance[] = [];
  const env = {
    BOT_TOKEN: telegram.token,
    BOT_API_ROOT: telegram.url,
    FETTA_BASE_URL: fetta.url,
    DATABASE_URL: folder.databaseUrl,
    CHECK_INTERVAL_SECONDS: "1",
    SOURCE_REQUESTS_PER_MINUTE: "6000",
    HEARTBEAT_SECONDS: "1",
    LOCK_STALE_SECONDS: "3",
    ...more,
  };
  return {
    telegram,
    fetta,
    env,
    databaseUrl: folder.databaseUrl,
    async start(extra = {}) {
      const instance = await startInstance({ ...env, ...extra });
      instances.push(instance);
      return instance;
    },
    async [Symbol.asyncDispose]() {
      for (const instance of instances) await instance[Symbol.asyncDispose]();
      await telegram.close();
      await fetta.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
