import type { Database } from "../../src/db/client.ts";
import type { Cluster, Slot } from "./cluster.ts";
import { pause } from "./pause.ts";
import type { Chance } from "./random.ts";
import type { Reign } from "./reign.ts";
import { createStalls } from "./stalls.ts";

export type Counts = { kills: number; killsOfLeader: number; stops: number; sigterms: number; stalls: number };

/** What was done to which instance, and until when if it ended. */
export type Hit = {
  what: string;
  instance: number;
  wasLeader: boolean;
  /** The term of the lock then. */
  term: number;
  at: number;
  until?: number;
};

export type NemesisOptions = {
  cluster: Cluster;
  reign: Reign;
  /** A connection of its own. */
  db: Database;
  /** Which fault comes when, to whom and for how long; and the same of stalls. */
  chances: { processes: Chance; stalls: Chance };
  /** The age at which the lock counts as abandoned. */
  staleMs: number;
};

const GAP_MS = { least: 1_200, most: 4_500 };
const WAYS = { kill: 5, stop: 3, terminate: 2 };
/** Of three; the rest hit any instance, which may be the leader as well. */
const AIMED_AT_LEADER = { kill: 1, stop: 2, terminate: 1 };
/** How long one stands still, in percent of the lease. */
const STOP_PERCENT = { least: 115, most: 220 };

/** Hits the instances and their database again and again. */
export function createNemesis({ cluster, reign, db, chances, staleMs }: NemesisOptions) {
  const counts: Counts = { kills: 0, killsOfLeader: 0, stops: 0, sigterms: 0, stalls: 0 };
  const hits: Hit[] = [];
  const leader = (): Slot | undefined =>
    cluster.running().find(({ instance }) => instance !== undefined && instance.id === reign.holder());

  /** Stops an instance until `awake` is over. */
  async function standStill(slot: Slot, cause: string, awake: (epoch: number) => Promise<void>): Promise<void> {
    const { launched } = slot;
    const wasLeader = slot === leader();
    const epoch = reign.epoch();
    counts.stops++;
    const hit: Hit = { what: cause, instance: slot.n, wasLeader, term: epoch, at: Date.now() };
    hits.push(hit);
    if (wasLeader) reign.fell(cause);
    cluster.freeze(slot);
    await awake(epoch);
    hit.until = Date.now();
    // Another process may have its place by now.
    if (slot.launched === launched) cluster.thaw(slot);
    if (wasLeader) reign.recovered(epoch);
  }

  async function hitProcesses(signal: AbortSignal): Promise<void> {
    const chance = chances.processes;
    const frozen = new Set<Promise<void>>();
    while (!signal.aborted) {
      // All of it is drawn before anything is looked at: the schedule does not depend on how the instances fare.
      const gapMs = chance.int(GAP_MS.least, GAP_MS.most);
      const way = chance.weighted(WAYS);
      const isAimed = chance.int(1, 3) <= AIMED_AT_LEADER[way];
      const any = chance.int(0, cluster.slots.length - 1);
      const stopMs = (staleMs * chance.int(STOP_PERCENT.least, STOP_PERCENT.most)) / 100;
      await pause(gapMs, signal);
      if (signal.aborted) break;
      const running = cluster.running();
      const leading = leader();
      const slot = isAimed && leading !== undefined ? leading : running[any % running.length];
      if (slot === undefined) continue;
      if (way === "stop") {
        const standing = standStill(slot, "stop", () => pause(stopMs, signal)).finally(() => frozen.delete(standing));
        frozen.add(standing);
        continue;
      }
      const hit = { what: way, instance: slot.n, wasLeader: slot === leading, term: reign.epoch() };
      hits.push({ ...hit, at: Date.now() });
      if (slot === leading) reign.fell(way);
      if (way === "kill") {
        counts.kills++;
        if (slot === leading) counts.killsOfLeader++;
        cluster.kill(slot);
      } else {
        counts.sigterms++;
        cluster.terminate(slot);
      }
    }
    await Promise.all(frozen);
  }

  const stalls = createStalls({ db, reign, chance: chances.stalls, staleMs, counts, leader, standStill });
  return {
    counts,
    hits,
    /** Goes on until the signal aborts; then lets go of everything. */
    run: async (signal: AbortSignal): Promise<void> => {
      await Promise.all([hitProcesses(signal), stalls.run(signal)]);
    },
  };
}
