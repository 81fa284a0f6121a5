import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { type Leader, type LeaderEvent, lead } from "../../src/checker/leader.ts";
import type { Database } from "../../src/db/client.ts";
import { LockLost } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { testDb } from "../db/test-db.ts";

const HEARTBEAT_MS = 100;
const STALE_MS = 400;
const HOUR_MS = 3_600_000;

test("the lock is taken when it is free, and given back after the work has ended", async () => {
  await using db = await testDb();
  const ended = Promise.withResolvers<void>();
  await using one = start(db, "one", { work: () => ended.promise });
  const { term } = await one.until("acquired");
  expect(term).toEqual({ instanceId: "one", epoch: 1 });
  one.stop();
  expect(await holder(db)).toBe("one");
  ended.resolve();
  await one.ended;
  expect(await holder(db)).toBe("");
  expect(one.kinds()).toEqual(["acquired", "released"]);
});

test("a stand-by waits for as long as the leader lives, says for whom, and follows at once when it stops", async () => {
  await using db = await testDb();
  await using one = start(db, "one");
  await one.until("acquired");
  await using two = start(db, "two");
  const held = await two.until("held");
  expect(held).toMatchObject({ by: "one", epoch: 1 });
  expect(held.untilMs).toBeGreaterThan(STALE_MS / 2);
  expect(held.untilMs).toBeLessThanOrEqual(STALE_MS);
  await sleep(2 * STALE_MS);
  expect(two.kinds()).toEqual(["held"]);
  one.stop();
  await one.ended;
  const released = performance.now();
  expect((await two.until("acquired")).term.epoch).toBe(2);
  expect(performance.now() - released).toBeLessThan(STALE_MS / 2);
});

test("a leader that died is followed when its heartbeat is stale, not before", async () => {
  await using db = await testDb();
  await deadLeader(db, 0);
  const started = performance.now();
  await using one = start(db, "one");
  await one.until("acquired");
  expect(performance.now() - started).toBeGreaterThan(STALE_MS - 50);
  expect(performance.now() - started).toBeLessThan(2 * STALE_MS);
});

test.each([
  ["an hour ahead", HOUR_MS],
  ["an hour behind", -HOUR_MS],
])(
  "with a database clock that jumped %s, a living leader stays and a dead one is followed in time",
  async (_, jump) => {
    await using db = await testDb();
    const one = start(db, "one");
    await one.until("acquired");
    await using two = start(db, "two");
    await two.until("held");
    for (let round = 0; round < 5; round++) {
      await moveStamp(db, -jump); // the same as a clock that moves the other way
      await sleep(HEARTBEAT_MS);
    }
    expect(two.kinds()).toEqual(["held"]);
    one.die();
    await moveStamp(db, -jump);
    const died = performance.now();
    await two.until("acquired");
    expect(performance.now() - died).toBeLessThan(STALE_MS + 200);
  },
);

test("a stamp a little in the future cannot hide that its leader is dead", async () => {
  await using db = await testDb();
  await deadLeader(db, -STALE_MS * 0.9);
  const started = performance.now();
  await using one = start(db, "one");
  await one.until("acquired");
  expect(performance.now() - started).toBeLessThan(STALE_MS * 1.6); // by the stamp alone it would be 1.9
});

test("what an instance holds without knowing is its own at once, in a new term", async () => {
  await using db = await testDb();
  await db
    .for("test")
    .run(sql`UPDATE scheduler_lock SET instance_id = 'one', epoch = 7, last_heartbeat = ${Date.now()}`);
  const started = performance.now();
  await using one = start(db, "one");
  expect((await one.until("acquired")).term.epoch).toBe(8);
  expect(performance.now() - started).toBeLessThan(STALE_MS / 2);
  expect(one.kinds()).toEqual(["acquired"]);
});

test("a leader whose lock is another's writes nothing, stops its work and leaves the lock alone", async () => {
  await using db = await testDb();
  await using one = start(db, "one");
  await one.until("acquired");
  const leader = one.leader();
  await db.for("test").run(sql`
    UPDATE scheduler_lock SET instance_id = 'two', epoch = epoch + 1, acquired_at = 1, last_heartbeat = ${Date.now()}`);
  await expect(
    leader.write("test", (orm) => [orm.run(sql`UPDATE scheduler_lock SET acquired_at = 2`)]),
  ).rejects.toThrow(LockLost);
  expect(leader.trusted()).toBe(false);
  expect(leader.signal.reason).toBeInstanceOf(LockLost);
  expect(await one.until("held")).toMatchObject({ by: "two", epoch: 2 });
  expect(one.kinds()).toEqual(["acquired", "lost", "held"]);
  expect(await db.for("test").all(sql`SELECT acquired_at AS at, instance_id AS holder FROM scheduler_lock`)).toEqual([
    { at: 1, holder: "two" },
  ]);
});

test("the heartbeat finds out by itself that the lock is another's", async () => {
  await using db = await testDb();
  await using one = start(db, "one");
  await one.until("acquired");
  await db.for("test").run(sql`UPDATE scheduler_lock SET instance_id = 'two', epoch = epoch + 1`);
  expect((await one.until("lost")).reason).toMatch(/another instance/);
});

test("a database locked for longer than the trust window ends the term in time; it goes on in a new one", async () => {
  await using db = await testDb();
  await using one = start(db, "one");
  await one.until("acquired");
  const leader = one.leader();
  await using _lock = await foreignLock(db);
  const locked = performance.now();
  await one.until("lost");
  const took = performance.now() - locked;
  expect(took).toBeLessThan(STALE_MS * 0.95);
  expect(took).toBeGreaterThan((STALE_MS * 3) / 4 - HEARTBEAT_MS - 50);
  expect(leader.trusted()).toBe(false);
  await expect(leader.write("test", () => [])).rejects.toThrow(LockLost);
  await _lock.release();
  const again = await one.until("acquired", 2);
  expect(again.term.epoch).toBe(2);
  expect(one.kinds().filter((kind) => kind === "lost")).toHaveLength(1);
});

test("a heartbeat that took long counts from its start", async () => {
  await using db = await testDb();
  let beats = 0;
  await using one = start(db, "one", { seen: () => beats++ });
  await one.until("acquired");
  const first = await foreignLock(db);
  const locked = performance.now();
  beats = 0;
  await sleep((STALE_MS * 3) / 4 - HEARTBEAT_MS - 60);
  await first.release();
  while (beats === 0) await sleep(1);
  const beaten = performance.now();
  await using _second = await foreignLock(db);
  await one.until("lost");
  const started = Math.min(locked + HEARTBEAT_MS, beaten);
  expect(performance.now() - started).toBeLessThan((STALE_MS * 3) / 4 + 60);
});

test("a process that stood still for longer than its lease trusts nothing, before any timer has run", async () => {
  await using db = await testDb();
  await using one = start(db, "one");
  await one.until("acquired");
  const leader = one.leader();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALE_MS * 1.1);
  expect(leader.trusted()).toBe(false);
  const stamp = sql`SELECT epoch, last_heartbeat AS at FROM scheduler_lock`;
  const [before] = await db.for("test").all(stamp);
  await expect(leader.write("test", () => [])).rejects.toThrow(LockLost);
  expect((await db.for("test").all(stamp))[0]).toEqual(before);
  await one.until("acquired", 2);
  expect(one.kinds()).toEqual(["acquired", "lost", "released", "acquired"]);
});

test("work that throws gives the lock back and passes its error on", async () => {
  await using db = await testDb();
  await using one = start(db, "one", {
    async work() {
      throw new Error("a bug");
    },
  });
  await expect(one.ended).rejects.toThrow("a bug");
  expect(one.kinds()).toEqual(["acquired", "released"]);
  expect(await holder(db)).toBe("");
});

test.each(["stop", "lose"] as const)("work that hangs after its end is given up: %s", async (how) => {
  await using db = await testDb();
  await using one = start(db, "one", { finishMs: 150, work: () => new Promise(() => undefined) });
  await one.until("acquired");
  if (how === "stop") one.stop();
  else await db.for("test").run(sql`UPDATE scheduler_lock SET instance_id = 'two', epoch = epoch + 1`);
  await expect(one.ended).rejects.toThrow(/went on 150 ms after its end/);
  expect(await holder(db)).toBe(how === "stop" ? "" : "two");
});

test("a stop while the lock is being taken still gives it back", async () => {
  await using db = await testDb();
  await using one = start(db, "one", { tell: ({ kind }) => kind === "acquired" && one.stop() });
  await one.ended;
  expect(one.kinds()).toEqual(["acquired", "released"]);
});

test("a database that cannot be read is told of, and asked again", async () => {
  await using db = await testDb();
  const row = sql`INSERT INTO scheduler_lock VALUES (1, '', 3, 0, 0)`;
  await db.for("test").run(sql`DELETE FROM scheduler_lock`);
  await using one = start(db, "one");
  await one.until("unreachable", 2);
  await db.for("test").run(row);
  expect((await one.until("acquired")).term.epoch).toBe(4);
});

type Options = {
  work?: (leader: Leader) => Promise<void>;
  finishMs?: number;
  seen?: () => void;
  tell?: (event: LeaderEvent) => unknown;
};

/** An instance that leads when it can. Its work, unless given, ends with its signal. */
function start(db: Database, instanceId: string, { work, finishMs = 5_000, seen, tell }: Options = {}) {
  const events: LeaderEvent[] = [];
  const looking = new Set<() => void>();
  const stopping = new AbortController();
  let isDead = false;
  let current: Leader | undefined;
  const never = new Promise<never>(() => undefined);
  const options = {
    // Dead: what it still asks for never comes back, and never happens.
    orm: (query: string) => (isDead ? (new Proxy({}, { get: () => () => never }) as never) : db.for(query)),
    instanceId,
    heartbeatMs: HEARTBEAT_MS,
    staleMs: STALE_MS,
    finishMs,
    seen: () => seen?.(),
    tell(event: LeaderEvent) {
      events.push(event);
      tell?.(event);
      for (const look of looking) look();
    },
  };
  const whole = async (leader: Leader) => {
    current = leader;
    if (work !== undefined) return await work(leader);
    if (!leader.signal.aborted) {
      await new Promise((resolve) => leader.signal.addEventListener("abort", resolve, { once: true }));
    }
  };
  // Not at once: `tell` may refer to what this function returns.
  const ended = Promise.resolve().then(() => lead(options, whole, stopping.signal));
  ended.catch(() => undefined);
  return {
    ended,
    stop: () => stopping.abort(),
    die: () => {
      isDead = true;
    },
    kinds: () => events.map(({ kind }) => kind),
    leader() {
      if (current === undefined) throw new Error("it has not led yet");
      return current;
    },
    /** The first event of a kind, or the nth. */
    async until<K extends LeaderEvent["kind"]>(kind: K, nth = 1): Promise<Extract<LeaderEvent, { kind: K }>> {
      for (;;) {
        const found = events.filter((event): event is Extract<LeaderEvent, { kind: K }> => event.kind === kind);
        const event = found[nth - 1];
        if (event !== undefined) return event;
        await new Promise<void>((resolve) => looking.add(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended.catch(() => undefined);
    },
  };
}

/** The row as a leader left it that died when its heartbeat was so old. */
async function deadLeader(db: Database, ageMs: number): Promise<void> {
  await db.for("test").run(sql`
    UPDATE scheduler_lock SET instance_id = 'dead', epoch = 5,
      last_heartbeat = CAST(unixepoch('subsec') * 1000 AS INTEGER) - ${Math.round(ageMs)}`);
}

async function moveStamp(db: Database, ms: number): Promise<void> {
  await db.for("test").run(sql`UPDATE scheduler_lock SET last_heartbeat = last_heartbeat + ${ms}`);
}

async function holder(db: Database): Promise<string | undefined> {
  const rows = await db.for("test").all<{ holder: string }>(sql`SELECT instance_id AS holder FROM scheduler_lock`);
  return rows[0]?.holder;
}

/** Another process's transaction that keeps the database's write lock. */
async function foreignLock(db: { url: string }) {
  const other = createClient({ url: db.url, timeout: 1_000 });
  const held = await other.transaction("write");
  const release = async () => {
    held.close();
    other.close();
  };
  return { release, [Symbol.asyncDispose]: release };
}
