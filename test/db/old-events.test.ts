import fc from "fast-check";
import { expect, test } from "vitest";
import type { Database, Orm } from "../../src/db/client.ts";
import { fencedBatch, LockLost } from "../../src/db/lock.ts";
import { foldEvents, oldEvents } from "../../src/db/old-events.ts";
import { sql } from "../../src/db/orm.ts";
import { pruneOutbox } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { listTrackings } from "../../src/db/trackings.ts";
import { change, planOf } from "./owed.ts";
import { ageEvents, look, tracked, wish, wishes } from "./story.ts";
import { type TestDatabase, testDb } from "./test-db.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const DAY_MS = 24 * 3_600_000;

async function fold(db: Database, limit = 500): Promise<number> {
  const orm = db.for("test");
  const ids = await oldEvents(orm, limit);
  await batch(orm, foldEvents(orm, ids));
  return ids.length;
}

/** Everything that folding may change, as the database has it. */
async function contents(db: Database) {
  const orm = db.for("test");
  const events = await orm.all(sql`SELECT * FROM wishlist_events ORDER BY id`);
  return { events, ...(await left(db)) };
}

async function left(db: Database) {
  const orm = db.for("test");
  return {
    items: await orm.all(sql`SELECT * FROM wishlist_items ORDER BY id`),
    news: await orm.all(sql`SELECT id, past_news_at FROM streamers ORDER BY id`),
  };
}

type Past = { events: number; from: number; to: number; lowest: number; highest: number; currency: string };

async function pastOf(db: Database, productId: string): Promise<Past | undefined> {
  const [row] = await db.for("test").all<Past>(sql`
    SELECT past_events AS events, past_from AS "from", past_to AS "to", past_lowest AS lowest, past_highest AS highest,
      past_currency AS currency FROM wishlist_items WHERE product_id = ${productId}`);
  return row;
}

/** A list on which something has happened twice, everybody having been told of it; none of it is old yet. */
async function lived(): Promise<{ db: TestDatabase; ann: number }> {
  const db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  await look(db, ann, [wish("lamp", { price: 500_00 }), wish("a", { isPinned: true }), ...wishes("bc")]);
  await look(db, ann, [wish("lamp", { price: 700_00 }), ...wishes("abc")]);
  await look(db, ann, [wish("lamp", { price: 300_00, isUnavailable: true }), ...wishes("abc")]);
  await toldLongAgo(db);
  return { db, ann };
}

/** What was owed has been sent, and is remembered no more. */
async function toldLongAgo(db: Database): Promise<void> {
  await db.for("test").run(sql`DELETE FROM outbox`);
}

test("what is older than 400 days is folded into its item, and nothing that is younger", async () => {
  const { db, ann } = await lived();
  await using _ = db;
  const before = await contents(db);
  await ageEvents(db, 399);
  expect(await fold(db)).toBe(0);
  await ageEvents(db, 2);
  await look(db, ann, [wish("lamp", { price: 100_00, isUnavailable: true }), ...wishes("abc")]);
  await toldLongAgo(db);

  expect(await fold(db)).toBe(before.events.length);
  const [first, last] = await db.for("test").all<{ at: number }>(sql`
    SELECT MIN(first_seen_at) - ${401 * DAY_MS} AS at FROM wishlist_items WHERE product_id = 'lamp'
    UNION ALL SELECT last_checked_at - ${401 * DAY_MS} FROM streamers`);
  const past = await pastOf(db, "lamp");
  expect(past).toMatchObject({ events: 4, lowest: 300_00, highest: 700_00, currency: "RUB" });
  expect(past?.from).toBeCloseTo(first?.at ?? 0, -3);
  expect(past?.to).toBeCloseTo(last?.at ?? 0, -3);
  expect(await pastOf(db, "a"), "being pinned is not history").toMatchObject({ events: 0, from: null });
  expect(await pastOf(db, "b")).toMatchObject({ events: 0 });
  const { events } = await contents(db);
  expect(events).toMatchObject([{ kind: "price_changed", price: 100_00, previous_price: 300_00 }]);
});

test("folding again changes nothing, whether it is asked anew or the same is written twice", async () => {
  const { db } = await lived();
  await using _ = db;
  await ageEvents(db, 401);
  const ids = await oldEvents(db.for("test"), 500);
  await fold(db);
  const once = await contents(db);
  expect(await fold(db)).toBe(0);
  await batch(db.for("test"), foldEvents(db.for("test"), ids));
  expect(await contents(db)).toEqual(once);
});

test("a batch that fails, wherever it does, leaves everything as it was", async () => {
  const { db } = await lived();
  await using _ = db;
  await ageEvents(db, 401);
  const orm = db.for("test");
  const before = await contents(db);
  const statements = foldEvents(orm, await oldEvents(orm, 500));
  for (let n = 0; n <= statements.length; n++) {
    const failing = orm.run(sql`INSERT INTO halts (part, since) VALUES (NULL, 0)`);
    await expect(batch(orm, [...statements.slice(0, n), failing])).rejects.toThrow();
    expect(await contents(db)).toEqual(before);
  }
  const lost = { instanceId: "nobody", epoch: 0 };
  await expect(fencedBatch(orm, lost, statements)).rejects.toThrow(LockLost);
  expect(await contents(db)).toEqual(before);
});

const KINDS = ["added", "returned", "removed", "price_changed", "unavailable", "available", "pinned"] as const;

test("in whichever portions and order events are folded, the same is left", async () => {
  await using db = await testDb();
  await tracked(db, 1, "Ann", wishes("abc"));
  await tracked(db, 1, "Bob", wishes("ab"));
  const orm = db.for("test");
  const price = fc.option(fc.integer({ min: 1, max: 9 }), { nil: null });
  const event = fc.record({
    streamer: fc.constantFrom(1, 2),
    check: fc.integer({ min: 1, max: 1_000_000 }),
    kind: fc.constantFrom(...KINDS),
    product: fc.constantFrom("a", "b", "c"),
    price,
    previous: price,
    currency: fc.constantFrom("RUB", "RUB", "RUB", "USD", null),
    at: fc.integer({ min: 1, max: 1_000 }),
    portion: fc.integer({ min: 0, max: 3 }),
  });
  const key = (e: { streamer: number; check: number; kind: string; product: string }) =>
    [e.streamer, e.check, e.kind, e.product].join();
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(event, { selector: key, maxLength: 25 }), async (events) => {
      const foldedIn = async (portions: number[]) => {
        await batch(orm, [
          orm.run(sql`DELETE FROM wishlist_events`),
          orm.run(sql`UPDATE wishlist_items SET past_events = 0, past_added = 0, past_from = NULL, past_to = NULL, past_lowest = NULL,
            past_highest = NULL, past_currency = NULL`),
          orm.run(sql`UPDATE streamers SET past_news_at = NULL`),
          ...events.map(({ streamer, check, kind, product, price, previous, currency, at }) =>
            orm.run(sql`
              INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, price, previous_price, currency, at)
              VALUES (${streamer}, ${check}, ${kind}, ${product}, '', ${price}, ${previous}, ${currency}, ${at})`),
          ),
        ]);
        const ids = (await orm.all<{ id: number }>(sql`SELECT id FROM wishlist_events ORDER BY id`)).map(
          ({ id }) => id,
        );
        for (const portion of portions) {
          const some = ids.filter((_, n) => portion < 0 || events[n]?.portion === portion);
          await batch(orm, foldEvents(orm, some));
        }
        expect(await orm.all(sql`SELECT id FROM wishlist_events`)).toEqual([]);
        return await left(db);
      };
      const atOnce = await foldedIn([-1]);
      expect(await foldedIn([0, 1, 2, 3])).toEqual(atOnce);
      expect(await foldedIn([3, 1, 0, 2])).toEqual(atOnce);
      const told = events.filter(
        ({ kind, product, streamer }) => kind !== "pinned" && product === "a" && streamer === 1,
      );
      const past = await pastOf(db, "a");
      expect(past?.events).toBe(told.length);
      if (told.length > 0) expect(past?.from).toBe(Math.min(...told.map(({ at }) => at)));
      const priced = told.filter(({ price, currency }) => price !== null && currency !== null);
      const all = priced.flatMap(({ price, previous }) => [price ?? 0, previous ?? price ?? 0]);
      const isOne = new Set(priced.map(({ currency }) => currency)).size === 1;
      expect(past?.lowest).toBe(isOne ? Math.min(...all) : null);
      expect(past?.highest).toBe(isOne ? Math.max(...all) : null);
    }),
    { numRuns: 60 },
  );
});

test("what somebody is still to be told of is not folded, nor what came after it, however old it is", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  const bob = await tracked(db, 2, "Bob", wishes("a"));
  await look(db, bob, [wish("before"), ...wishes("a")]);
  await toldLongAgo(db);
  await look(db, ann, [wish("owed"), ...wishes("a")]);
  await look(db, bob, [wish("after"), wish("before"), ...wishes("a")]);
  await ageEvents(db, 1_000);
  const orm = db.for("test");
  const names = async () => {
    const rows = await orm.all<{ id: string }>(sql`SELECT e.product_id AS id FROM wishlist_events e ORDER BY e.id`);
    return rows.map(({ id }) => id);
  };
  const ids = (await orm.all<{ id: number }>(sql`SELECT id FROM wishlist_events`)).map(({ id }) => id);
  for (const state of ["pending", "sending"]) {
    await orm.run(sql`UPDATE outbox SET state = ${state}`);
    // Also when they were chosen before anything was owed.
    await batch(orm, foldEvents(orm, ids));
    await fold(db);
    expect(await names()).toEqual(["owed", "after"]);
  }

  // Sent, and remembered for edits.
  await orm.run(sql`UPDATE outbox SET state = 'sent', done_at = ${sql.raw(NOW)}`);
  await batch(orm, foldEvents(orm, ids));
  expect(await names()).toEqual(["owed", "after"]);
  await change(db, "outbox", [2], "done_at = 0");
  await batch(orm, [pruneOutbox(orm, 500)]);
  await fold(db);
  expect(await names()).toEqual(["after"]);
});

test("while the oldest message owed is about nothing that is known, nothing is folded", async () => {
  const { db, ann } = await lived();
  await using _ = db;
  await ageEvents(db, 401);
  await db.for("test").run(sql`
    INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at) VALUES (1, 0, ${ann}, 77, 0)`);
  expect(await fold(db)).toBe(0);
  await db.for("test").run(sql`UPDATE outbox SET state = 'parked'`);
  expect(await fold(db)).toBeGreaterThan(0);
});

test("it goes on in pieces, the oldest first", async () => {
  const { db } = await lived();
  await using _ = db;
  await ageEvents(db, 401);
  const ids = async () =>
    (await db.for("test").all<{ id: number }>(sql`SELECT id FROM wishlist_events ORDER BY id`)).map(({ id }) => id);
  const all = await ids();
  expect(await fold(db, 2)).toBe(2);
  expect(await ids()).toEqual(all.slice(2));
  while ((await fold(db, 2)) > 0);
  expect(await ids()).toEqual([]);
});

test("/list still tells when something was last added, when that was long ago", async () => {
  await using db = await testDb();
  const ann = await tracked(db, 1, "Ann", wishes("abc"));
  const newsAt = async () => (await listTrackings(db.for("test"), 1)).tracked[0]?.newsAt;
  expect(await newsAt()).toBeNull();
  await look(db, ann, [wish("x"), ...wishes("abc")]);
  await look(db, ann, [wish("y"), wish("x"), ...wishes("abc")]);
  await toldLongAgo(db);
  await ageEvents(db, 500);
  const before = await newsAt();
  expect(before).toBeLessThan(Date.now() - 499 * DAY_MS);
  await fold(db, 1);
  expect(await newsAt()).toBe(before);
  await fold(db);
  expect(await newsAt()).toBe(before);
  await look(db, ann, [wish("z"), wish("y"), wish("x"), ...wishes("abc")]);
  expect(await newsAt()).toBeGreaterThan(Date.now() - DAY_MS);
});

test("looking for old events reads none that are young, and nobody reads all that was ever sent", async () => {
  await using db = await testDb();
  const looking = await planOf(db, (orm) => void oldEvents(orm, 500));
  expect(looking).toContain("SEARCH wishlist_events USING INDEX wishlist_events_at (at<?)");
  const count = foldEvents(db.for("test"), [1]).length;
  const folding = await Promise.all(Array.from({ length: count }, (_, n) => planOf(db, onlyNth(n))));
  for (const steps of folding) expect(steps).toContain("SEARCH e USING INTEGER PRIMARY KEY (rowid=?)");
  for (const steps of [looking, ...folding]) {
    // Of what is owed, an index; the rest are steps of the statement itself.
    expect(steps).toContainEqual(expect.stringMatching(/^(SCAN|SEARCH) p USING (COVERING )?INDEX outbox_due/));
    const others = steps.filter(
      (step) => /^SCAN (?!p |e$|past$|json_each |\(subquery)/.test(step) || step === "SEARCH p",
    );
    expect(others).toEqual([]);
  }
});

/** Folds with the statement of this number alone. */
function onlyNth(nth: number) {
  return (orm: Orm) => {
    let count = 0;
    const run = (query: Parameters<Orm["run"]>[0]) => (count++ === nth ? orm.run(query) : undefined);
    foldEvents(Object.assign(Object.create(orm), { run }), [1]);
  };
}
