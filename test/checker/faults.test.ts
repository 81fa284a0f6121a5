import { expect, test } from "vitest";
import type { Misbehaviour, Wishlist } from "../../sandbox/fetta/index.ts";
import { sql } from "../../src/db/orm.ts";
import { lookWorld } from "./look-world.ts";

/** Looks of the run in CI; `LOOKS=5000 npx vitest run test/checker/faults.test.ts` for a long one, SEED=n for another. */
const LOOKS = Number(process.env.LOOKS ?? 600);
const SEED = Number(process.env.SEED ?? 1);

const FAULTS: Misbehaviour[] = [
  "down",
  "500",
  "429",
  "captcha",
  "html",
  "garbage",
  "truncated",
  "cut-off",
  "empty",
  "page-2-429",
  "duplicates",
  "shifting",
  "no-total",
  "missing-ids",
];

/** A small generator with a seed (mulberry32): a failing run can be had again. */
function random(seed: number) {
  let state = seed >>> 0;
  return (below: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

test("through any faults of the site, every real addition is news once, nothing else is, and nothing that is listed is removed", {
  timeout: 40_000 + LOOKS * 60,
}, async () => {
  await using world = await lookWorld({ timeoutMs: 500, pageSize: 5 });
  const chance = random(SEED);
  const orm = world.db.for("test");
  const streamers: { id: number; list: Wishlist; added: Set<string>; fix?: () => void }[] = [];
  for (const [n, items] of [0, 4, 12, 23].entries()) {
    const list = world.fetta.streamer(`Streamer${n}`, { items });
    streamers.push({ id: await world.tracked(list), list, added: new Set() });
  }
  const falselyRemoved = async () => {
    const gone = await orm.all<{ id: string; streamer: number }>(
      sql`SELECT product_id AS id, streamer_id AS streamer FROM wishlist_events WHERE kind = 'removed' AND id > ${lastEvent}`,
    );
    return gone.filter(({ id, streamer }) => {
      const list = streamers.find((one) => one.id === streamer)?.list;
      return list?.items().some((item) => item.id === id);
    });
  };
  let lastEvent = 0;
  for (let n = 0; n < LOOKS; n++) {
    const one = streamers[chance(streamers.length)];
    if (one === undefined) continue;
    if (chance(3) === 0) {
      one.fix?.();
      const fault = chance(2) === 0 ? FAULTS[chance(FAULTS.length)] : undefined;
      one.fix = fault && world.fetta.misbehave(fault, one.list);
    }
    if (chance(4) === 0) one.added.add(one.list.add().id);
    if (chance(6) === 0 && one.list.items().length > 0) {
      const gone = one.list.items()[chance(one.list.items().length)];
      // One that no look has shown yet is nobody's news.
      const [seen] = await orm.all(sql`SELECT 1 FROM wishlist_items WHERE product_id = ${gone?.id ?? ""}`);
      if (gone !== undefined && seen !== undefined) one.list.remove(gone.id);
    }
    await world.check(one.id);
    expect(await falselyRemoved(), `look ${n} of seed ${SEED}`).toEqual([]);
    const [last] = await orm.all<{ id: number }>(sql`SELECT MAX(id) AS id FROM wishlist_events`);
    lastEvent = last?.id ?? 0;
  }
  for (const one of streamers) {
    one.fix?.();
    for (let n = 0; n < 3; n++) await world.check(one.id);
    const told = await orm.all<{ id: string }>(
      sql`SELECT product_id AS id FROM wishlist_events WHERE kind = 'added' AND streamer_id = ${one.id}`,
    );
    expect(told.map(({ id }) => id).sort(), `streamer ${one.list.nickname}, seed ${SEED}`).toEqual(
      [...one.added].sort(),
    );
  }
});
