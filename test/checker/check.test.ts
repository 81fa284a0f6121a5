import { expect, test } from "vitest";
import type { Misbehaviour } from "../../sandbox/fetta/index.ts";
import { sql } from "../../src/db/orm.ts";
import { history, listed, owed } from "../db/story.ts";
import { type LookWorld, lookWorld } from "./look-world.ts";

const DAY_MS = 24 * 3_600_000;

const state = async ({ db }: LookWorld, id: number) => {
  const [row] = await db
    .for("test")
    .all<Record<string, number | string | null>>(sql`SELECT * FROM streamers WHERE id = ${id}`);
  return row ?? {};
};
/** How long until the next check, in s. */
const waits = async ({ db }: LookWorld, id: number) => {
  const [row] = await db
    .for("test")
    .all<{ s: number }>(
      sql`SELECT (next_check_at / 1000.0 - unixepoch('subsec')) AS s FROM streamers WHERE id = ${id}`,
    );
  return Math.round(row?.s ?? 0);
};

test.each<[Misbehaviour, string]>([
  ["down", "unreachable"],
  ["500", "unreachable"],
  ["hang", "unreachable"],
  ["429", "blocked"],
  ["captcha", "blocked"],
  ["html", "blocked"],
  ["garbage", "page_changed"],
  ["truncated", "unreachable"],
  ["page-2-429", "partial"],
])(
  "a look that meets %s is %s: nothing is compared, removed or announced, and only the schedule changes",
  async (fault, outcome) => {
    await using world = await lookWorld({ timeoutMs: 300 });
    const ann = world.fetta.streamer("AnnPlays", { items: 45 });
    const id = await world.tracked(ann);
    const before = await listed(world.db, id);
    ann.addMany(2);
    ann.remove(ann.items()[10]?.id ?? "");
    const fix = world.fetta.misbehave(fault);
    for (let n = 0; n < 4; n++) expect((await world.check(id)).outcome).toBe(outcome);
    expect([await listed(world.db, id), await history(world.db, id), await owed(world.db)]).toEqual([before, [], []]);
    fix();
    expect(await world.check(id)).toMatchObject({ outcome: "complete", added: 2 });
  },
);

test("an unchanged list is one request, and leaves no event, no item and no message behind", async () => {
  await using world = await lookWorld();
  const id = await world.tracked(world.fetta.streamer("AnnPlays", { items: 5 }));
  const before = await state(world, id);
  world.fetta.requests.length = 0;
  expect(await world.check(id)).toMatchObject({ outcome: "unchanged", requests: 1, added: 0 });
  expect(world.fetta.requests.map(({ kind }) => kind)).toEqual(["products"]);
  const after = await state(world, id);
  expect(after).toMatchObject({ checks: before.checks, unchanged_looks: 0, fingerprint: before.fingerprint });
  expect([await history(world.db, id), await owed(world.db)]).toEqual([[], []]);
});

test("unchanged looks write a row each, besides the lock's and what is spent at the site", async () => {
  await using world = await lookWorld();
  const { db, fetta } = world;
  const ids = await Promise.all(["ann", "bob", "cat"].map((nickname) => world.tracked(fetta.streamer(nickname))));
  await countWrites(db);
  await Promise.all(ids.map((id) => world.check(id)));
  const written = await db.for("test").all<{ name: string; rows: number }>(sql`
    SELECT name, COUNT(*) AS rows FROM written WHERE name NOT IN ('scheduler_lock', 'source_states') GROUP BY name`);
  // The test itself sets next_check_at, once for each.
  expect(written).toEqual([{ name: "streamers", rows: 2 * ids.length }]);
});

test.each([
  [1, 5, 10],
  [3, 45, 9 * 2 + 3],
  [10, 200, 9 * 2 + 10],
])("ten unchanged looks at a list of %i pages are affordable", async (_, items, requests) => {
  await using world = await lookWorld();
  const id = await world.tracked(world.fetta.streamer("AnnPlays", { items }));
  let asked = 0;
  for (let n = 0; n < 10; n++) asked += (await world.check(id)).requests;
  expect(asked).toBe(requests);
});

test("a price changed in the middle of a long list is seen by the next sweep", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 60 });
  const id = await world.tracked(ann);
  ann.price(ann.items()[30]?.id ?? "", 5);
  for (let n = 0; n < 10; n++) await world.check(id);
  expect((await history(world.db, id)).map((event) => event.split(":")[0])).toEqual(["price_changed"]);
});

test("an item that is gone is removed by the second look, though the list looks the same both times", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 10 });
  const id = await world.tracked(ann);
  ann.remove(ann.items()[3]?.id ?? "");
  expect((await world.check(id)).outcome).toBe("complete");
  expect((await world.check(id)).outcome).toBe("complete");
  expect((await history(world.db, id)).map((event) => event.split(":")[0])).toEqual(["removed"]);
  expect((await world.check(id)).outcome).toBe("unchanged");
});

test("a hidden list and one that is gone are told apart, and remove nothing", async () => {
  await using world = await lookWorld();
  const [ann, bob] = [world.fetta.streamer("AnnPlays", { items: 3 }), world.fetta.streamer("BobPlays", { items: 3 })];
  const [a, b] = [await world.tracked(ann), await world.tracked(bob)];
  ann.hide();
  bob.leave();
  expect((await world.check(a)).outcome).toBe("private");
  expect((await world.check(b)).outcome).toBe("not_found");
  expect([(await listed(world.db, a)).length > 0, await history(world.db, a)]).toEqual([true, []]);
});

test("an empty baseline that was the site's fault does not make news of the whole list", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 30 });
  const fix = world.fetta.misbehave("empty");
  const id = await world.tracked(ann);
  fix();
  expect(await world.check(id)).toMatchObject({ outcome: "complete", added: 0 });
  ann.add();
  expect((await world.check(id)).added).toBe(1);
});

test("the first wishes of a list that was really empty are news", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 0 });
  const id = await world.tracked(ann);
  ann.addMany(2);
  expect((await world.check(id)).added).toBe(2);
});

test("a streamer that fails while others work waits twice as long each time; one that fails with the site does not", async () => {
  await using world = await lookWorld();
  const [ann, bob] = [world.fetta.streamer("AnnPlays", { items: 3 }), world.fetta.streamer("BobPlays", { items: 3 })];
  const [a, b] = [await world.tracked(ann), await world.tracked(bob)];
  world.fetta.misbehave("500", ann);
  for (const seconds of [60, 120, 240]) {
    await world.check(b);
    await world.check(a);
    expect(await waits(world, a)).toBe(seconds);
  }
  const fix = world.fetta.misbehave("500", bob);
  for (let n = 0; n < 5; n++) {
    await world.check(b);
    expect(await waits(world, b)).toBe(60);
  }
  expect(world.site.circuit.isOpen()).toBe(true);
  fix();
  await world.check(b);
  expect(world.site.circuit.isOpen()).toBe(false);
});

test("the wait of a failing streamer never exceeds a day", async () => {
  await using world = await lookWorld();
  const [ann, bob] = [world.fetta.streamer("AnnPlays", { items: 3 }), world.fetta.streamer("BobPlays", { items: 3 })];
  const [a, b] = [await world.tracked(ann), await world.tracked(bob)];
  await world.db.for("test").run(sql`UPDATE streamers SET failures = 40 WHERE id = ${a}`);
  ann.leave();
  await world.check(b);
  await world.check(a);
  expect(await waits(world, a)).toBe(DAY_MS / 1000);
});

test("after three days of failing the subscribers are told once, with the reason; a changed page is not their business", async () => {
  await using world = await lookWorld();
  const [ann, bob] = [world.fetta.streamer("AnnPlays", { items: 3 }), world.fetta.streamer("BobPlays", { items: 3 })];
  const [a, b] = [await world.tracked(ann, 1), await world.tracked(bob, 2)];
  const orm = world.db.for("test");
  ann.leave();
  world.fetta.misbehave("garbage", bob);
  for (const id of [a, b]) await world.check(id);
  await orm.run(sql`UPDATE streamers SET failing_since = unixepoch() * 1000 - ${3 * DAY_MS + 1}`);
  for (let n = 0; n < 3; n++) for (const id of [a, b]) await world.check(id);
  expect(await owed(world.db)).toEqual([1]);
  expect(await orm.all(sql`SELECT kind, name FROM wishlist_events`)).toEqual([
    { kind: "unreadable", name: "not_found" },
  ]);
});

test("when most looks at several streamers fail or shrink, nothing is concluded from what is missing; it recovers by itself", async () => {
  await using world = await lookWorld();
  const ids: number[] = [];
  const lists = ["Ann", "Bob", "Cat", "Dan"].map((name) => world.fetta.streamer(`${name}Plays`, { items: 10 }));
  for (const list of lists) ids.push(await world.tracked(list));
  const fix = world.fetta.misbehave("empty");
  for (let n = 0; n < 5; n++) for (const id of ids) await world.check(id);
  expect(world.site.canary.isDistrusted()).toBe(true);
  await world.db
    .for("test")
    .run(sql`UPDATE wishlist_items SET last_seen_at = 1, missed_looks = missed_looks + 5 WHERE missed_looks > 0`);
  for (const id of ids) await world.check(id);
  for (const id of ids) expect(await history(world.db, id)).toEqual([]);
  const [told] = await world.db
    .for("test")
    .all(sql`SELECT distrusted_since IS NOT NULL AS since, distrust_told AS told FROM source_states`);
  expect(told).toEqual({ since: 1, told: 0 });
  fix();
  for (let n = 0; n < 4; n++) for (const id of ids) await world.check(id);
  expect(world.site.canary.isDistrusted()).toBe(false);
  for (const id of ids) expect(await history(world.db, id)).toEqual([]);
});

test("once a day the profile is read again: a new name is stored, a nickname that is gone is no longer the streamer's", async () => {
  await using world = await lookWorld();
  const ann = world.fetta.streamer("AnnPlays", { items: 3 });
  const id = await world.tracked(ann);
  const orm = world.db.for("test");
  const aged = sql`UPDATE streamers SET profile_at = profile_at - ${DAY_MS + 1}`;
  expect((await world.check(id)).requests).toBe(1);
  ann.rename("AnnReborn");
  await orm.run(aged);
  await world.check(id);
  expect(await state(world, id)).toMatchObject({ nickname: "AnnPlays", nickname_key: null });
  expect((await world.check(id)).outcome).toBe("unchanged");
});

test("a page whose markup changed is no reason to forget a nickname", async () => {
  await using world = await lookWorld();
  const id = await world.tracked(world.fetta.streamer("AnnPlays", { items: 3 }));
  await world.db.for("test").run(sql`UPDATE streamers SET profile_at = profile_at - ${DAY_MS + 1}`);
  world.fetta.misbehave("no-uid");
  await world.check(id);
  expect(await state(world, id)).toMatchObject({ nickname_key: "annplays" });
});

/** From now on every row that is inserted, updated or deleted leaves one in `written`. */
async function countWrites(db: LookWorld["db"]): Promise<void> {
  const { rows } = await db.client.execute(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
  );
  const triggers = rows.flatMap(({ name }) =>
    ["INSERT", "UPDATE", "DELETE"].map(
      (kind) =>
        `CREATE TRIGGER written_${name}_${kind} AFTER ${kind} ON ${name} BEGIN INSERT INTO written VALUES ('${name}'); END`,
    ),
  );
  await db.client.executeMultiple(["CREATE TABLE written (name TEXT)", ...triggers].join(";\n"));
}
