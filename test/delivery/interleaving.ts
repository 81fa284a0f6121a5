import fc from "fast-check";
import { expect } from "vitest";
import { type Claimed, claim, readClaimed } from "../../src/db/claims.ts";
import type { Orm } from "../../src/db/client.ts";
import { acquireLock, fencedBatch, LockLost, readLock, type Term } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { markSent, postpone } from "../../src/db/outbox.ts";
import { batch, type Statement } from "../../src/db/sql.ts";
import { closeChat, reopenChat } from "../../src/db/users.ts";

/** Chat, topic and streamer of each tracking. Chat 2 leaves at some time; streamer 3 has its news later than the others. */
const TRACKINGS = [
  [1, 0, 1],
  [1, 0, 2],
  [1, 7, 4],
  [2, 0, 1],
  [1, 0, 3],
] as const;

/** Whoever takes the lock may claim at once what another was sending: no time passes here. */
const ORPHAN_MS = 0;

type Sent = { id: number; queue: string; news: string; epoch: number };

type World = {
  orm: Orm;
  /** The term that still may send. */
  epoch: number;
  /** Made so far. */
  claims: number;
  arrived: Sent[];
  /** What was owed to the chat that has left, and may not be claimed any more. */
  over: Set<number>;
  fails: () => boolean;
};

type Step = (what: string) => Promise<unknown>;

const queueOf = ({ chatId, threadId }: Claimed) => `${chatId} ${threadId}`;
const newsOf = ({ chatId, threadId, streamerId }: Claimed) => `${chatId} ${threadId} ${streamerId}`;

/** Owes everybody who tracks a streamer the news of its first check: once, however often this runs. */
export function owe(orm: Orm, streamer: number): Statement {
  return orm.run(sql`
    INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
    SELECT user_id, thread_id, streamer_id, 1, 0 FROM user_streamers WHERE streamer_id = ${streamer}
    ON CONFLICT DO NOTHING`);
}

/** The chats and streamers that all of this is about. */
async function settle(orm: Orm): Promise<void> {
  const trackings = JSON.stringify(TRACKINGS);
  await batch(orm, [
    orm.run(sql`
      INSERT OR IGNORE INTO streamers (id, source, owner_id, nickname, name, url, created_at)
      SELECT value ->> 2, 'fetta', value ->> 2, 'nick', 'Name', 'https://fetta.app/u/nick', 0 FROM json_each(${trackings})`),
    orm.run(sql`
      INSERT OR IGNORE INTO users (id, type, language, created_at)
      SELECT value ->> 0, 'private', 'en', 0 FROM json_each(${trackings})`),
    orm.run(sql`
      INSERT OR IGNORE INTO user_streamers (user_id, thread_id, streamer_id, created_at)
      SELECT value ->> 0, value ->> 1, value ->> 2, 0 FROM json_each(${trackings})`),
  ]);
}

async function openIds(orm: Orm, chatId?: number): Promise<number[]> {
  const rows = await orm.all<{ id: number }>(sql`
    SELECT id FROM outbox WHERE state IN ('pending', 'sending') AND chat_id = COALESCE(${chatId ?? null}, chat_id)`);
  return rows.map(({ id }) => id);
}

/** Takes the lock from whoever has it, and delivers in two rounds for as long as it has it. */
async function lead(world: World, name: string, step: Step): Promise<void> {
  const { orm } = world;
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
  const { orm, arrived, over, fails } = world;
  const { epoch } = term;
  await step("looks");
  const ids = await openIds(orm);
  const by = { epoch, number: ++world.claims };
  await step("claims");
  const [result] = await fencedBatch(orm, term, [claim(orm, by, ids, ORPHAN_MS)]);
  const claimed = readClaimed(result);
  expect(claimed.filter(({ id }) => over.has(id))).toEqual([]);
  for (const row of claimed) {
    await step(`sends ${row.id}`);
    // The lease: nobody takes over before the one who has it has stopped trusting it.
    if (world.epoch !== epoch) return;
    const failed = fails();
    if (!failed) arrived.push({ id: row.id, queue: queueOf(row), news: newsOf(row), epoch });
    await step(`records ${row.id}`);
    const sent = { ids: [row.id], chatId: row.chatId, messageId: 1, paceMs: 0 };
    const again = { ids: [row.id], delayMs: 0, error: "" };
    await fencedBatch(orm, term, failed ? [postpone(orm, by, again)] : markSent(orm, by, sent));
  }
}

/**
 * However leaders, claims, answers, records, checks and a chat that leaves and comes back interleave: nothing is lost,
 * nothing overtakes within its topic, only a new term repeats, and what is over stays so. The order is fast-check's.
 */
export async function interleaving(orm: Orm) {
  await settle(orm);
  // One actor at a time goes on, up to its next step: the order of the steps is the scheduler's alone.
  let turn = Promise.withResolvers<void>();
  const act = async (release: () => Promise<unknown>) => {
    turn = Promise.withResolvers<void>();
    await release();
    await turn.promise;
  };
  return fc.asyncProperty(
    fc.scheduler({ act }),
    fc.array(fc.boolean(), { maxLength: 12 }),
    fc.integer({ min: 2, max: 3 }),
    async (scheduler, failures, leaders) => {
      await batch(orm, [
        orm.run(sql`DELETE FROM outbox`),
        orm.run(sql`UPDATE users SET next_send_at = 0, active = 1`),
        ...[1, 2, 4].map((streamer) => owe(orm, streamer)),
      ]);
      const world: World = {
        orm,
        epoch: 0,
        claims: 0,
        arrived: [],
        over: new Set(),
        fails: () => failures.pop() ?? false,
      };
      const step = (what: string) => {
        turn.resolve();
        return scheduler.schedule(Promise.resolve(), what);
      };
      // Who did not hear that a check was recorded records it again.
      const check = async (streamer: number) => {
        for (let times = 0; times < 2; times++) {
          await step(`news of ${streamer} are owed`);
          await batch(orm, [owe(orm, streamer)]);
        }
      };
      const leave = async () => {
        await step("chat 2 leaves");
        const owed = await openIds(orm, 2);
        await batch(orm, closeChat(orm, 2, "left"));
        for (const id of owed) world.over.add(id);
        await step("chat 2 comes back");
        await batch(orm, reopenChat(orm, 2));
      };
      const names = Array.from({ length: leaders }, (_, n) => `leader ${n}`);
      const actors = [check(3), check(1), leave(), ...names.map((name) => lead(world, name, step))];
      await scheduler.waitFor(Promise.all(actors.map((actor) => actor.finally(() => turn.resolve()))));
      // One leader is left in the end.
      for (let n = 0; (await openIds(orm)).length > 0 && n < 10; n++) await lead(world, "last", async () => {});

      const { arrived } = world;
      const lost = TRACKINGS.map(([chat, thread, streamer]) => `${chat} ${thread} ${streamer}`)
        .filter((news) => !news.startsWith("2 "))
        .filter((news) => !arrived.some((sent) => sent.news === news));
      expect(lost).toEqual([]);
      const sends = arrived.map(({ news, epoch }) => `${news} in ${epoch}`);
      expect(sends).toEqual([...new Set(sends)]);
      for (const queue of Map.groupBy(arrived, ({ queue }) => queue).values()) {
        expect(queue.map(({ id }) => id)).toEqual(queue.map(({ id }) => id).sort((a, b) => a - b));
      }
    },
  );
}
