import { createFetcher } from "../src/checker/fetcher.ts";
import { fetta as source } from "../src/checker/sources/fetta.ts";
import { type Orm, openDatabase } from "../src/db/client.ts";
import { readStreamerId, recordFound } from "../src/db/lookups.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { batch, NOW } from "../src/db/sql.ts";
import { track } from "../src/db/trackings.ts";
import { TRACKED } from "./plan.ts";
import type { Sandbox } from "./sandbox.ts";

/** The operator follows them all. */
const LIMITS = { maxTrackings: 1_000, maxWaiting: 1_000, graceMs: 0 };
const LOOKED_MS = 60_000;
/** What the crowd's people follow already: each second one nobody, the others a few. */
const FEW = 3;

/**
 * The past: what there is before the load, stored as first looks store it, who follows whom included. Each lister
 * follows TRACKED streamers.
 */
export async function seed(databaseUrl: string, sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const db = stack.use(await openDatabase({ url: databaseUrl }));
  await migrate(db);
  const orm = db.for("seed");
  const fetcher = createFetcher({ baseUrl: sandbox.fetta, connections: 1 });
  stack.defer(() => fetcher.close());
  const get = fetcher.within(async () => {});
  const storeOne = (nickname: string) => store(orm, get, { nickname, chatId: sandbox.operator }, signal);
  const ids: number[] = [];
  for (const nickname of sandbox.nicknames) ids.push(await storeOne(nickname));
  const star = await storeOne(sandbox.star);
  const acquainted = sandbox.crowd.filter((_, n) => n % 2 === 0);
  await follow(orm, sandbox.listers, ids, TRACKED);
  await follow(orm, acquainted, ids, FEW);
  await follow(orm, sandbox.fans, [star], 1);
  // Each list has had news, the last time some days ago.
  await orm.run(sql`
    INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, price, currency, product_url, at)
    SELECT streamer_id, 0, 'added', product_id, name, price, currency, product_url, ${NOW} - 86400000 * (1 + id % 90)
    FROM wishlist_items WHERE id % 3 = 0`);
}

/** A streamer that the bot has looked at; gives its id. */
async function store(
  orm: Orm,
  get: Parameters<typeof source.find>[0],
  { nickname, chatId }: { nickname: string; chatId: number },
  signal: AbortSignal,
): Promise<number> {
  const wanted = { source: source.name, nickname, key: nickname };
  const chat = { id: chatId, type: "private" } as const;
  await track(orm, { chat, language: "ru", threadId: 0, wanted: [wanted], ...LIMITS });
  const found = await source.find(get, nickname, signal);
  if (found.outcome !== "found") throw new Error(`${nickname} cannot be found: ${found.outcome}`);
  const look = await source.look(get, found.profile.ownerId, { first: true }, signal);
  if (!("items" in look)) throw new Error(`the list of ${nickname} cannot be read: ${look.outcome}`);
  const notes = {
    ...{ intervalMs: LOOKED_MS, phaseMs: Math.ceil(Math.random() * LOOKED_MS), fingerprint: look.fingerprint },
    ...{ cost: 1, news: 0, countMisses: true },
  };
  const results = await batch(orm, recordFound(orm, wanted, found.profile, look.items, { ...LIMITS, notes }));
  const id = readStreamerId(results);
  if (id === undefined) throw new Error(`${nickname} was not stored`);
  // Long answered.
  await orm.run(sql`DELETE FROM lookups`);
  return id;
}

/** Everybody follows so many of the streamers, one after another, a day apart. */
async function follow(orm: Orm, chats: number[], streamers: number[], count: number): Promise<void> {
  const trackings = chats.flatMap((chat, n) =>
    Array.from({ length: count }, (_, k) => [chat, streamers[(n * 7 + k) % streamers.length], k]),
  );
  await orm.run(sql`
    INSERT OR IGNORE INTO users (id, type, language, created_at)
    SELECT value, 'private', 'ru', ${NOW} FROM json_each(${JSON.stringify(chats)})`);
  await orm.run(sql`
    INSERT INTO user_streamers (user_id, streamer_id, created_at)
    SELECT value->>0, value->>1, ${NOW} - 86400000 * (value->>2) FROM json_each(${JSON.stringify(trackings)})`);
}
