import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/db/client.ts";
import type { Slot } from "./cluster.ts";
import type { Counts } from "./nemesis.ts";
import { pause } from "./pause.ts";
import type { Chance } from "./random.ts";
import type { Reign } from "./reign.ts";
import { AMBUSH } from "./zombies.ts";

export type StallsOptions = {
  /** A connection of its own. */
  db: Database;
  reign: Reign;
  chance: Chance;
  staleMs: number;
  counts: Counts;
  leader: () => Slot | undefined;
  standStill: (slot: Slot, cause: string, awake: (epoch: number) => Promise<void>) => Promise<void>;
};

const GAP_MS = { least: 4_000, most: 10_000 };
/** How long a foreign process may keep the database for itself. */
const MOST_HOLD_MS = 3_000;
/** Every so manieth time the leader is stopped while it waits to write, and goes on when another leads. */
const AMBUSH_EVERY = 2;
/** By then the leader waits: it writes a heartbeat every second. */
const AMBUSH_MS = 1_200;
/** How long another has led when it goes on, at most. */
const MOST_WAKE_MS = 500;
const LOOK_MS = 50;

/** Takes the write lock of the database away from everybody, for a while, again and again. */
export function createStalls({ db, reign, chance, staleMs, counts, leader, standStill }: StallsOptions) {
  return {
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const gapMs = chance.int(GAP_MS.least, GAP_MS.most);
        const holdMs = chance.int(0, MOST_HOLD_MS);
        const isAmbush = chance.int(1, AMBUSH_EVERY) === 1;
        const wakeMs = chance.int(0, MOST_WAKE_MS);
        await pause(gapMs, signal);
        if (signal.aborted) break;
        // An instance that stands still may have it.
        const transaction = await db.client.transaction("write").catch(() => undefined);
        if (transaction === undefined) continue;
        counts.stalls++;
        await sleep(isAmbush ? Math.max(holdMs, AMBUSH_MS) : holdMs);
        const waiting = isAmbush ? leader() : undefined;
        if (waiting === undefined) {
          transaction.close();
          continue;
        }
        await standStill(waiting, AMBUSH, async (epoch) => {
          // It surely stands still by then, and has written nothing.
          await sleep(LOOK_MS);
          transaction.close();
          const late = performance.now() + 3 * staleMs;
          while (reign.epoch() === epoch && performance.now() < late && !signal.aborted) await pause(LOOK_MS, signal);
          await pause(wakeMs, signal);
        });
      }
    },
  };
}
