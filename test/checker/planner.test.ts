import { expect, test } from "vitest";
import { createPlanner } from "../../src/checker/planner.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { scheduledStreamers } from "../../src/db/streamers.ts";
import { tracked, wishes } from "../db/story.ts";
import { testDb } from "../db/test-db.ts";

const MINUTE = 60_000;

/** Streamers as an older plan left them, and what a new one, of a minute at least, makes of their next looks. */
async function replanned(
  asLeft: { lookedAgoMs: number; dueMs: number | null; failures?: number }[],
  perMinute = 1_000,
) {
  await using db = await testDb();
  const orm = db.for("test");
  const ids: number[] = [];
  for (const [n, { lookedAgoMs, dueMs, failures = 0 }] of asLeft.entries()) {
    const id = await tracked(db, 1, `streamer${n}`, wishes("a"));
    ids.push(id);
    await orm.run(sql`
      UPDATE streamers SET last_checked_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) - ${lookedAgoMs},
        next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) + ${dueMs}, failures = ${failures}
      WHERE id = ${id}`);
  }
  const writes: string[] = [];
  const planner = createPlanner({
    orm,
    write: async (query, build) => {
      writes.push(query);
      return await batch(orm, build(orm));
    },
    source: "fetta",
    limits: () => ({ minMs: MINUTE, maxMs: 60 * MINUTE, requestsPerMs: perMinute / MINUTE }),
    planned: () => undefined,
  });
  await planner.refresh();
  const after = await scheduledStreamers(orm, "fetta");
  return { writes, dueMs: ids.map((id) => after.find((streamer) => streamer.id === id)?.dueMs) };
}

/** Due in about so long: time passes while a test runs. */
const about = (ms: number) => expect.toSatisfy((due: number) => due <= ms && due > ms - 5_000, `about ${ms}`);

test("what an older plan put far ahead is brought forward, each to its place within the new wait", async () => {
  const { dueMs } = await replanned([
    { lookedAgoMs: 30 * MINUTE, dueMs: 30 * MINUTE },
    { lookedAgoMs: 0, dueMs: 60 * MINUTE },
    { lookedAgoMs: 45 * MINUTE, dueMs: 15 * MINUTE },
  ]);
  expect(dueMs).toEqual([about(30_000), about(60_000), about(15_000)]);
});

test("what is due within the new wait stays where it is, and nothing is written", async () => {
  const { writes, dueMs } = await replanned([{ lookedAgoMs: 20_000, dueMs: 40_000 }]);
  expect(dueMs).toEqual([about(40_000)]);
  expect(writes).toEqual([]);
});

test("one that fails by its own fault goes on backing off, and one that sleeps sleeps on", async () => {
  const { dueMs } = await replanned([
    { lookedAgoMs: 60 * MINUTE, dueMs: 24 * 60 * MINUTE, failures: 12 },
    { lookedAgoMs: 0, dueMs: null },
  ]);
  expect(dueMs).toEqual([about(24 * 60 * MINUTE), undefined]);
});

test("a plan that the budget makes slow brings nobody forward beyond it", async () => {
  // Two looks in ten minutes are all there is: a wait of ten minutes each.
  const { dueMs } = await replanned(
    [
      { lookedAgoMs: 0, dueMs: 9 * MINUTE },
      { lookedAgoMs: 5 * MINUTE, dueMs: 5 * MINUTE },
    ],
    0.2,
  );
  expect(dueMs).toEqual([about(9 * MINUTE), about(5 * MINUTE)]);
});
