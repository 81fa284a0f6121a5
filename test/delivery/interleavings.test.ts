import fc from "fast-check";
import { expect, test } from "vitest";
import { type Claimed, claim, readClaimed } from "../../src/db/claims.ts";
import type { Database } from "../../src/db/client.ts";
import { acquireLock, fencedBatch, LockLost, readLock, type Term } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { markSent, postpone } from "../../src/db/outbox.ts";
import { batch, type Result } from "../../src/db/sql.ts";
import { owe } from "../db/owed.ts";
import { testDb } from "../db/test-db.ts";

/** Chat, topic and streamer of what is owed at first. */
const QUEUES = [
  [1, 0, 1],
  [1, 0, 2],
  [1, 7, 1],
  [2, 0, 1],
] as const;

/** What has arrived, in order, and in which term it was sent. */
type Arrived = { id: number; queue: string; epoch: number };

type World = { db: Database; epoch: number; arrived: Arrived[]; fails: () => boolean };
type Step = (what: string) => Promise<unknown>;

/** Whoever takes the lock may claim at once what another was sending: no time passes here. */
const ORPHAN_MS = 0;

async function openIds({ db }: World): Promise<number[]> {
  const rows = await db
    .for("test")
    .all<{ id: number }>(sql`SELECT id FROM outbox WHERE state IN ('pending', 'sending')`);
  return rows.map(({ id }) => id);
}

/** Takes the lock from whoever has it, and delivers in two rounds for as long as it has it. */
async function lead(world: World, name: string, step: Step): Promise<void> {
  const orm = world.db.for("test");
  await step(`${name} takes the lock`);
  const term = await acquireLock(orm, name, await readLock(orm), 0);
  if (term === undefined) return;
  world.epoch = term.epoch;
  try {
    for (let round = 0; round < 2; round++) await deliver(world, term, (what) => step(`${name} ${what}`));
  } catch (error) {
    if (!(error instanceof LockLost)) throw error;
  }
}

async function deliver(world: World, term: Term, step: Step): Promise<void> {
  const { db, arrived, fails } = world;
  const { epoch } = term;
  const orm = db.for("test");
  await step("looks");
  const ids = await openIds(world);
  await step("claims");
  const [result] = await fencedBatch(orm, term, [claim(orm, epoch, ids, ORPHAN_MS)]);
  for (const row of readClaimed(result)) {
    await step(`sends ${row.id}`);
    // The lease: nobody takes over before the one who has it has stopped trusting it.
    if (world.epoch !== epoch) return;
    const failed = fails();
    if (!failed) arrived.push({ id: row.id, queue: queueOf(row), epoch });
    await step(`records ${row.id}`);
    const sent = { ids: [row.id], chatId: row.chatId, messageId: 1, paceMs: 0 };
    const again = { ids: [row.id], delayMs: 0, error: "" };
    await fencedBatch(orm, term, failed ? [postpone(orm, epoch, again)] : markSent(orm, epoch, sent));
  }
}

const idsOf = (result: Result | undefined) => (result?.rows ?? []).map(({ id }) => Number(id));
const queueOf = ({ chatId, threadId }: Claimed) => `${chatId} ${threadId}`;

test("however leaders, claims, answers and records interleave: nothing is lost, nothing overtakes, and only a new term repeats", {
  timeout: 120_000,
}, async () => {
  await using db = await testDb();
  const orm = db.for("test");
  // The chats and streamers that all of this is about.
  await owe(db, ...QUEUES.map(([chat, thread, streamer]) => ({ chat, thread, streamer })), { chat: 1, streamer: 3 });
  const oweAll = (rows: readonly (readonly number[])[]) =>
    orm.run(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      SELECT value ->> 0, value ->> 1, value ->> 2, 1, 0 FROM json_each(${JSON.stringify(rows)}) RETURNING id`);
  // One actor at a time goes on, up to its next step: the order of the steps is the scheduler's alone.
  let turn = Promise.withResolvers<void>();
  const act = async (release: () => Promise<unknown>) => {
    turn = Promise.withResolvers<void>();
    await release();
    await turn.promise;
  };
  const interleaving = fc.asyncProperty(
    fc.scheduler({ act }),
    fc.array(fc.boolean(), { maxLength: 12 }),
    fc.integer({ min: 2, max: 3 }),
    async (scheduler, failures, leaders) => {
      const [, , owed] = await batch(orm, [
        orm.run(sql`DELETE FROM outbox`),
        orm.run(sql`UPDATE users SET next_send_at = 0`),
        oweAll(QUEUES),
      ]);
      const ids = idsOf(owed);
      const world: World = { db, epoch: 0, arrived: [], fails: () => failures.pop() ?? false };
      const step = (what: string) => {
        turn.resolve();
        return scheduler.schedule(Promise.resolve(), what);
      };
      const late = async () => {
        await step("more is owed");
        ids.push(...idsOf((await batch(orm, [oweAll([[1, 0, 3]])]))[0]));
      };
      const names = Array.from({ length: leaders }, (_, n) => `leader ${n}`);
      const actors = [late(), ...names.map((name) => lead(world, name, step))];
      await scheduler.waitFor(Promise.all(actors.map((actor) => actor.finally(() => turn.resolve()))));
      // One leader is left in the end.
      for (let n = 0; (await openIds(world)).length > 0 && n < 10; n++) await lead(world, "last", async () => {});

      const { arrived } = world;
      expect(new Set(arrived.map(({ id }) => id))).toEqual(new Set(ids));
      for (const queue of Map.groupBy(arrived, ({ queue }) => queue).values()) {
        expect(queue.map(({ id }) => id)).toEqual(queue.map(({ id }) => id).sort((a, b) => a - b));
      }
      const sends = arrived.map(({ id, epoch }) => `${id} in ${epoch}`);
      expect(sends).toEqual([...new Set(sends)]);
    },
  );
  await fc.assert(interleaving, { numRuns: 500 });
});
