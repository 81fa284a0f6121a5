import type { TelegramOptions } from "../../../sandbox/telegram/telegram.ts";
import type { Person } from "../../../sandbox/telegram/types.ts";
import type { Instance } from "../../e2e/instance.ts";
import { startWorld, type World } from "../../e2e/world.ts";
import { freePort } from "../port.ts";

export type Stage = AsyncDisposable & {
  world: World;
  /** A new address, at which nobody is yet. */
  place(env?: Record<string, string>): Promise<Place>;
  /** Does something again and again, until the stage is left or the answer is called. */
  every(ms: number, act: () => unknown): () => void;
  /** Keeps something until the stage is left. */
  use<T extends AsyncDisposable>(one: T): T;
};

/** An address, and whichever process is there now. */
export type Place = {
  url: string;
  /** @throws when nobody is there */
  instance(): Instance;
  /** Starts one, as `npm start` does, and waits until it is up. */
  start(env?: Record<string, string>): Promise<Instance>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it; waits for it. */
  end(signal?: NodeJS.Signals): Promise<void>;
};

export type StageOptions = { env?: Record<string, string>; telegram?: TelegramOptions };

/** The lock's clock as by default: a machine that is busy does not make a leader step down. */
const UNHURRIED_LOCK = { HEARTBEAT_SECONDS: "20", LOCK_STALE_SECONDS: "60" };
/** The same at pace 15. */
export const QUICK_LOCK = { HEARTBEAT_SECONDS: "1", LOCK_STALE_SECONDS: "4" };

/**
 * What instances need, on loopback and in a folder that goes with it. Looks come so often that a site that is down is
 * asked every 4 s, which is, at pace 15, once a minute, as by default.
 */
export async function openStage({ env = {}, telegram = {} }: StageOptions = {}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const settings = {
    CHECK_INTERVAL_SECONDS: "4",
    MAX_CHECK_INTERVAL_SECONDS: "240",
    SOURCE_REQUESTS_PER_MINUTE: "180",
    ...UNHURRIED_LOCK,
    LOG_LEVEL: "info",
    ...env,
  };
  const world = stack.use(await startWorld(settings, { telegram }));
  const timers = stack.adopt(new Set<NodeJS.Timeout>(), (all) => all.forEach((timer) => void clearInterval(timer)));
  const everything = stack.move();
  return {
    world,
    use: (one) => everything.use(one),
    async place(own = {}) {
      const port = await freePort();
      return placeAt(port, (more) => world.start({ ...own, PORT: `${port}`, ...more }));
    },
    every(ms, act) {
      const timer = setInterval(act, ms);
      timers.add(timer);
      return () => clearInterval(timer);
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

function placeAt(port: number, start: (env: Record<string, string>) => Promise<Instance>): Place {
  let there: Instance | undefined;
  const instance = () => {
    if (there === undefined) throw new Error(`nobody is at port ${port}`);
    return there;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    instance,
    async start(env = {}) {
      there = await start(env);
      return there;
    },
    signal: (signal) => void instance().child.kill(signal),
    async end(signal = "SIGTERM") {
      await instance().stop(signal);
      there = undefined;
    },
  };
}

/** Whether it leads, as it says itself. */
export const leads = async ({ instance }: Place) => (await instance().metric("scheduler_lock_held")) === 1;

/** People who say something in turn, each seldom enough to be answered. */
export function chatter({ world: { telegram }, every }: Stage, count: number, ms: number, words = "/start"): Person[] {
  const people = Array.from({ length: count }, () => telegram.person());
  let turn = 0;
  every(ms, () => {
    const from = people[turn++ % count];
    if (from !== undefined) telegram.say(words, { from });
  });
  return people;
}

/** Asks whether an instance is ready, as a balancer does. */
export function probe({ every }: Stage, { url }: Place): void {
  every(700, () =>
    fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) })
      .then((r) => r.text())
      .catch(() => ""),
  );
}
