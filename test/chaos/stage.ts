import { join } from "node:path";
import { startFetta } from "../../sandbox/fetta/index.ts";
import { startTelegram } from "../../sandbox/telegram/telegram.ts";
import { openDatabase } from "../../src/db/client.ts";
import type { LogLine } from "../e2e/instance.ts";
import { isWatched, watch } from "./audit.ts";
import { invite } from "./cast.ts";
import { createChanges } from "./changes.ts";
import { createCluster } from "./cluster.ts";
import { createNemesis } from "./nemesis.ts";
import { createPeople } from "./people.ts";
import { createChance } from "./random.ts";
import { createReign } from "./reign.ts";
import { seed as seedDatabase } from "./seeding.ts";
import { createSiteTrouble } from "./site-trouble.ts";
import { createTelegramTrouble } from "./telegram-trouble.ts";
import { createVitals } from "./vitals.ts";
import { createWishes } from "./wishes.ts";
import { createWitness } from "./witness.ts";
import type { Trace } from "./zombies.ts";

export type Stage = Awaited<ReturnType<typeof setStage>>;

export const INSTANCES = 3;
const STALE_SECONDS = 3;
const CHANGES_PER_SECOND = 12;

/** What the leader logs when it has written something. */
const RECORDED = new Set(["checked", "check failed", "looked up", "notified"]);

/** Each part of a run draws from a stream of its own; Telegram from one for each chat, from this on. */
const LANES = { seeding: 0, processes: 1, stalls: 2, site: 3, changes: 4, people: 5, telegram: 10 };

/**
 * Everything that a run needs, on loopback and in one folder: a Telegram and a site, people and streamers with a past,
 * the instances, and whoever disturbs or watches them. The instances start at once; nothing else happens yet.
 */
export async function setStage(seed: number, folder: string) {
  await using stack = new AsyncDisposableStack();
  const chance = (lane: keyof typeof LANES) => createChance(seed, LANES[lane]);
  const telegram = stack.use(await startTelegram({ enforceLimits: true }));
  const fetta = stack.use(await startFetta());
  const databaseUrl = `file:${join(folder, "wishbell.db")}`;
  const db = stack.use(await openDatabase({ url: databaseUrl }));
  const stranger = stack.use(await openDatabase({ url: databaseUrl }));

  const wishes = createWishes();
  const cast = invite(telegram, fetta, wishes.nameKnown);
  const follows = await seedDatabase(db, fetta.url, cast, chance("seeding"));
  await watch(db);
  const telegramTrouble = createTelegramTrouble(telegram, seed, LANES.telegram);
  const witness = createWitness(telegram, telegramTrouble);

  /** Sends of which an instance says that their outcome is unknown; what they log as a warning or worse. */
  const unknowns: { chat: number; at: number }[] = [];
  const warnings: Record<string, number> = {};
  const traces: Trace[] = [];
  const cluster = createCluster({
    count: INSTANCES,
    env: {
      BOT_TOKEN: telegram.token,
      BOT_API_ROOT: telegram.url,
      FETTA_BASE_URL: fetta.url,
      DATABASE_URL: databaseUrl,
      CHECK_INTERVAL_SECONDS: "1",
      MAX_CHECK_INTERVAL_SECONDS: "1",
      SOURCE_REQUESTS_PER_MINUTE: "60000",
      SOURCE_CONCURRENCY: "8",
      HEARTBEAT_SECONDS: "1",
      LOCK_STALE_SECONDS: `${STALE_SECONDS}`,
      LOG_LEVEL: "debug",
    },
    logged({ level, msg, outcome, chat_id, term, time, recorded = true }: LogLine, instance) {
      const at = Date.parse(time);
      if (outcome === "unknown") unknowns.push({ chat: Number(chat_id), at });
      if (msg === "lock lost") traces.push({ kind: "lost", instance, term: Number(term), at });
      if (RECORDED.has(msg) && recorded) traces.push({ kind: "work", instance, term: Number(term), at });
      const words = msg.replace(/\d+(\.\d+)?/g, "…");
      if (level !== "info" && level !== "debug") warnings[words] = (warnings[words] ?? 0) + 1;
    },
  });
  stack.defer(() => cluster.close("SIGKILL"));

  const reign = createReign(db);
  const chances = { processes: chance("processes"), stalls: chance("stalls") };
  const nemesis = createNemesis({ cluster, reign, db: stranger, chances, staleMs: STALE_SECONDS * 1_000 });
  const { streamers } = cast;
  const changes = createChanges({
    ...{ streamers, wishes, follows, hasHeard: witness.hasHeard },
    ...{ chance: chance("changes"), perSecond: CHANGES_PER_SECOND },
  });
  const people = createPeople({
    ...{ telegram, witness, cast, follows, chance: chance("people") },
    isWatched: (nickname) => isWatched(db, nickname),
  });
  stack.defer(people.close);
  const everything = stack.move();
  return {
    ...{ telegram, db, cast, wishes, follows, witness, unknowns, warnings, traces },
    ...{ cluster, reign, nemesis, changes, people, telegramTrouble },
    site: createSiteTrouble(fetta, streamers, chance("site")),
    vitals: createVitals(cluster),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
