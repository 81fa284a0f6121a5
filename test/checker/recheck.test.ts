import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { hurryLook } from "../../src/db/rechecks.ts";
import { dueStreamers } from "../../src/db/streamers.ts";
import { history, listed, owed } from "../db/story.ts";
import { type LookWorld, lookWorld } from "./look-world.ts";

const HOUR_MS = 3_600_000;

/** Has the next look planned in an hour, hurries it, and makes it. */
async function recheck(world: LookWorld, id: number) {
  const orm = world.db.for("test");
  await orm.run(sql`UPDATE streamers SET next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) + ${HOUR_MS}`);
  expect((await hurryLook(orm, { id }))?.dueMs).toBeLessThanOrEqual(0);
  return await world.check(id);
}

const missed = async ({ db }: LookWorld) => {
  const [row] = await db
    .for("test")
    .all<{ looks: number; seen: number }>(sql`SELECT MAX(missed_looks) AS looks FROM wishlist_items`);
  return row?.looks;
};

test("a hurried look tells what is new, and decides nothing about what is gone", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 5 });
  const id = await world.tracked(ann);
  ann.remove(ann.items()[2]?.id ?? "");
  const item = ann.add();
  expect(await recheck(world, id)).toMatchObject({ outcome: "complete", added: 1 });
  expect([await owed(world.db), await missed(world)]).toEqual([[1], 0]);
  for (let n = 0; n < 5; n++) await recheck(world, id);
  expect(await missed(world)).toBe(0);
  await world.check(id);
  expect(await missed(world), "the planned look reads the list whole, and counts").toBe(1);
  for (let n = 0; n < 5; n++) await recheck(world, id);
  expect(await listed(world.db, id)).toHaveLength(6 * item.id.length);
  expect(await missed(world)).toBe(1);
  await world.check(id);
  expect((await history(world.db, id)).map((word) => word.split(":")[0])).toEqual(["added", "removed"]);
});

test("after a hurried look the next one comes when it was planned, at the latest after the usual wait", async () => {
  await using world = await lookWorld();
  const orm = world.db.for("test");
  const id = await world.tracked(world.fetta.streamer("AnnPlays", { items: 5 }));
  const planned = async () => {
    const [row] = await orm.all<{ inMs: number; kept: number | null }>(sql`
      SELECT next_check_at - CAST(unixepoch('subsec') * 1000 AS INTEGER) AS "inMs", planned_at AS kept FROM streamers`);
    return row;
  };
  for (const outcome of ["unchanged", "complete", "unreachable"]) {
    if (outcome === "complete") await orm.run(sql`UPDATE streamers SET fingerprint = NULL`);
    const fix = outcome === "unreachable" ? world.fetta.misbehave("500") : undefined;
    await orm.run(sql`UPDATE streamers SET next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) + 20000`);
    await hurryLook(orm, { id });
    expect(await world.check(id)).toMatchObject({ outcome });
    const after = await planned();
    expect(after?.kept).toBeNull();
    expect(after?.inMs).toBeGreaterThan(15_000);
    expect(after?.inMs).toBeLessThanOrEqual(20_000);
    fix?.();
  }
  await world.tracked(world.fetta.streamer("BobPlays", { items: 1 }), 2);
  await orm.run(sql`UPDATE streamers SET next_check_at = 1000 WHERE id <> ${id}`);
  await hurryLook(orm, { id });
  const [first] = await dueStreamers(orm, { source: "fetta", limit: 1, running: [], longestMs: HOUR_MS });
  expect(first, "before one that is late").toMatchObject({ id, isHurried: true });
  await recheck(world, id);
  expect((await planned())?.inMs).toBeLessThanOrEqual(130_000);
  await orm.run(sql`UPDATE streamers SET next_check_at = NULL`);
  expect(await hurryLook(orm, { id }), "asleep").toMatchObject({ dueMs: null });
  expect(await hurryLook(orm, { source: "fetta", key: "nobody" })).toBeUndefined();
});
