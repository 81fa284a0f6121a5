import { createFetcher } from "../../src/checker/fetcher.ts";
import { fetta as source } from "../../src/checker/sources/fetta.ts";
import type { Database } from "../../src/db/client.ts";
import { recordFound } from "../../src/db/lookups.ts";
import { migrate } from "../../src/db/migrate.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { track } from "../../src/db/trackings.ts";
import { type Cast, type Place, placesFor, type Streamer } from "./cast.ts";
import type { Follow } from "./history.ts";
import type { Chance } from "./random.ts";

const LIMITS = { maxTrackings: 50, maxWaiting: 50, graceMs: 0 };
const NOTES = { intervalMs: 1_000, cost: 1, news: 0, countMisses: true };
const FOLLOWERS = { least: 2, most: 5 };

/**
 * The past: who follows whom before the run begins, stored as first looks store it, because they take a second each. A
 * sleeper has one follower, a steady streamer a few, of whom the first one stays.
 */
export async function seed(db: Database, siteUrl: string, cast: Cast, chance: Chance): Promise<Follow[]> {
  await migrate(db);
  const follows: Follow[] = [];
  const fetcher = createFetcher({ baseUrl: siteUrl, connections: 1 });
  try {
    for (const streamer of cast.streamers) {
      if (streamer.kind === "newcomer") continue;
      const places = new Set<Place>();
      const count = streamer.kind === "sleeper" ? 1 : chance.int(FOLLOWERS.least, FOLLOWERS.most);
      while (places.size < count) {
        const place = chance.pick(placesFor(cast, streamer));
        if (place !== undefined) places.add(place);
      }
      await store(
        db,
        fetcher.within(async () => {}),
        streamer,
        [...places],
        chance,
      );
      for (const { chat, thread } of places) {
        follows.push({ chat, thread, streamer: streamer.nickname, askedAt: Date.now(), since: Date.now() });
      }
    }
  } finally {
    await fetcher.close();
  }
  return follows;
}

async function store(
  db: Database,
  get: Parameters<typeof source.find>[0],
  { nickname }: Streamer,
  places: Place[],
  chance: Chance,
): Promise<void> {
  const orm = db.for("seed");
  const wanted = { source: source.name, nickname, key: nickname };
  for (const { chat: id, type, title, thread: threadId } of places) {
    await track(orm, { chat: { id, type, title }, language: "en", threadId, wanted: [wanted], ...LIMITS });
  }
  const { signal } = new AbortController();
  const found = await source.find(get, nickname, signal);
  if (found.outcome !== "found") throw new Error(`${nickname} cannot be found: ${found.outcome}`);
  const look = await source.look(get, found.profile.ownerId, { first: true }, signal);
  if (!("items" in look)) throw new Error(`the list of ${nickname} cannot be read: ${look.outcome}`);
  const notes = { ...NOTES, phaseMs: chance.int(1, NOTES.intervalMs), fingerprint: look.fingerprint };
  await batch(orm, [
    ...recordFound(orm, wanted, found.profile, look.items, { ...LIMITS, notes }),
    // Long answered.
    orm.run(sql`DELETE FROM lookups`),
  ]);
}
