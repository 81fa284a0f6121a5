import { type Fetta, startFetta, type Wishlist } from "../../sandbox/fetta/index.ts";
import { createBudget } from "../../src/checker/budget.ts";
import { createCanary } from "../../src/checker/canary.ts";
import { type CheckReport, createCheck } from "../../src/checker/check.ts";
import { createCircuit } from "../../src/checker/circuit.ts";
import { createFetcher } from "../../src/checker/fetcher.ts";
import type { Leader } from "../../src/checker/leader.ts";
import { createPlanner } from "../../src/checker/planner.ts";
import type { Site } from "../../src/checker/site.ts";
import { fetta } from "../../src/checker/sources/fetta.ts";
import type { Database } from "../../src/db/client.ts";
import { acquireLock, fencedBatch, readLock } from "../../src/db/lock.ts";
import { recordFound } from "../../src/db/lookups.ts";
import { sql } from "../../src/db/orm.ts";
import { readBudget, writeBudget } from "../../src/db/source-states.ts";
import { batch } from "../../src/db/sql.ts";
import { dueStreamers } from "../../src/db/streamers.ts";
import { track } from "../../src/db/trackings.ts";
import { asking, notes } from "../db/story.ts";
import { testDb } from "../db/test-db.ts";

export type LookWorld = AsyncDisposable & {
  db: Database;
  fetta: Fetta;
  site: Site;
  leader: Leader;
  /** A streamer whose baseline is stored, tracked by a chat; gives its id. */
  tracked(wishlist: Wishlist, chatId?: number): Promise<number>;
  /** One check of a streamer, whenever it is due. */
  check(streamerId: number): Promise<CheckReport>;
};

/** A leader that looks at a fetta on loopback, with a real database, one check at a time. */
export async function lookWorld({ perMinute = 100_000, pageSize = 20, timeoutMs = 1_000 } = {}): Promise<LookWorld> {
  const db = await testDb();
  const orm = db.for("test");
  const site = await startFetta({ pageSize });
  const term = await acquireLock(orm, "test", await readLock(orm), 60_000);
  if (term === undefined) throw new Error("the lock of a new database is free");
  const stop = new AbortController();
  const leader: Leader = {
    term,
    signal: stop.signal,
    trusted: () => true,
    write: (query, build) => fencedBatch(db.for(query), term, build(db.for(query))),
  };
  const spent = await readBudget(orm, fetta.name);
  const budget = createBudget({
    perMinute,
    spent,
    save: async (now) => void (await leader.write("budget", (db) => [writeBudget(db, fetta.name, now)])),
  });
  const fetcher = createFetcher({ baseUrl: site.url, connections: 4, timeoutMs });
  const world: Site = {
    source: fetta,
    budget,
    circuit: createCircuit(0),
    canary: createCanary(false),
    planner: createPlanner({
      orm,
      write: leader.write,
      source: fetta.name,
      limits: () => ({ minMs: 60_000, maxMs: 3_600_000, requestsPerMs: budget.checksPerMs() }),
      planned: () => {},
    }),
    get: (purpose) => fetcher.within((signal) => budget.take(purpose, signal)),
  };
  const check = createCheck(world, leader);
  return {
    db,
    fetta: site,
    site: world,
    leader,
    async tracked(wishlist, chatId = 1) {
      await track(orm, asking(chatId, wishlist.nickname));
      const key = wishlist.nickname.toLowerCase();
      const found = await fetta.find(world.get("lookup"), wishlist.nickname, stop.signal);
      const look = await fetta.look(world.get("lookup"), wishlist.ownerId, { first: true }, stop.signal);
      if (found.outcome !== "found" || !("items" in look))
        throw new Error(`no baseline: ${found.outcome}, ${look.outcome}`);
      const baseline = { ...notes, fingerprint: look.fingerprint };
      const storing = recordFound(orm, { source: fetta.name, key }, found.profile, look.items, {
        maxTrackings: 50,
        notes: baseline,
      });
      await batch(orm, storing);
      const [row] = await orm.all<{ id: number }>(sql`SELECT id FROM streamers WHERE owner_id = ${wishlist.ownerId}`);
      return row?.id ?? 0;
    },
    async check(streamerId) {
      await orm.run(
        sql`UPDATE streamers SET next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE id = ${streamerId}`,
      );
      const due = await dueStreamers(orm, { source: fetta.name, limit: 100, running: [], longestMs: 1e12 });
      const streamer = due.find(({ id }) => id === streamerId);
      if (streamer === undefined) throw new Error(`streamer ${streamerId} is not due`);
      return await check(streamer);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await fetcher.close();
      await site.close();
      await db[Symbol.asyncDispose]();
    },
  };
}
