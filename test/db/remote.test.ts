import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { asks, type Libsql, startLibsql } from "../../sandbox/libsql/libsql.ts";
import { claim, dueHeads, readClaimed } from "../../src/db/claims.ts";
import { type Database, type DatabaseOptions, type Orm, openDatabase } from "../../src/db/client.ts";
import { acquireLock, fencedBatch, LockLost, readLock, releaseLock, type Term } from "../../src/db/lock.ts";
import { noteLookupMessage, recordFound } from "../../src/db/lookups.ts";
import { migrate } from "../../src/db/migrate.ts";
import { newsFor } from "../../src/db/news.ts";
import { sql } from "../../src/db/orm.ts";
import { giveBack, markSent, postpone, setAside } from "../../src/db/outbox.ts";
import { DatabaseTimeout } from "../../src/db/remote.ts";
import { schedulerLock } from "../../src/db/schema.ts";
import { recordSnapshot } from "../../src/db/snapshots.ts";
import type { Statement } from "../../src/db/sql.ts";
import { dueStreamers, recordUnchanged } from "../../src/db/streamers.ts";
import { listTrackings, track, undoUntrack, untrackStreamer } from "../../src/db/trackings.ts";
import { closeChat, migrateChat } from "../../src/db/users.ts";
import { claimOf, planOf } from "./owed.ts";
import { asking, notes, tracked, wishes } from "./story.ts";

type Place = AsyncDisposable & { server: Libsql; db: Database };

/** A migrated database on a server. */
async function place(options: Omit<DatabaseOptions, "url"> = {}): Promise<Place> {
  const server = await startLibsql();
  const db = await openDatabase({ url: server.url, ...options });
  await migrate(db);
  return {
    server,
    db,
    async [Symbol.asyncDispose]() {
      await server.close();
      await db.close();
    },
  };
}

async function takeLock(db: Database): Promise<Term> {
  const orm = db.for("test");
  const term = await acquireLock(orm, "one", await readLock(orm), 60_000);
  if (term === undefined) throw new Error("the lock of a new database is free");
  return term;
}

/** What the next calls cost: round trips, and the statements in them. */
async function cost(server: Libsql, act: () => Promise<unknown>): Promise<{ requests: number; statements: number }> {
  const before = server.requests.length;
  await act();
  const made = server.requests.slice(before);
  return { requests: made.length, statements: made.reduce((sum, { statements }) => sum + statements.length, 0) };
}

const rowsOf = ({ database }: Libsql, query: string) =>
  database
    .prepare(query)
    .all()
    .map((row) => ({ ...row }));

test("several instances that start at once on a server apply each migration once", async () => {
  await using server = await startLibsql({ latencyMs: 5 });
  const instances = await Promise.all([1, 2, 3].map(() => openDatabase({ url: server.url })));
  const applied = await Promise.all(instances.map((db) => migrate(db)));
  expect(applied.sort()).toEqual([0, 0, expect.toSatisfy((count: number) => count > 0)]);
  expect(rowsOf(server, "SELECT id FROM scheduler_lock")).toEqual([{ id: 1 }]);
});

test.each(["reset", "hang"] as const)(
  "a migration that is done and not answered (%s) is found applied, not run again",
  async (kind) => {
    await using server = await startLibsql();
    await using db = await openDatabase({ url: server.url, requestTimeoutMs: 200 });
    server.fault({ when: asks(/^INSERT INTO __drizzle_migrations/), times: 1, do: { kind, done: true } });
    expect(await migrate(db)).toBe(0);
    expect(rowsOf(server, "SELECT id FROM scheduler_lock")).toEqual([{ id: 1 }]);
  },
);

test("migrations may take longer than other requests: cut off, they would be cut off at every start", async () => {
  await using server = await startLibsql();
  await using db = await openDatabase({ url: server.url, requestTimeoutMs: 200 });
  server.fault({ when: asks(/^INSERT INTO __drizzle_migrations/), times: 1, do: { kind: "late", ms: 400 } });
  expect(await migrate(db)).toBeGreaterThan(0);
});

test("drizzle runs on a server; whole numbers stay whole, and a failing batch leaves nothing", async () => {
  await using world = await place();
  const { db } = world;
  const orm = db.for("test");
  await orm.update(schedulerLock).set({ lastHeartbeat: 5 });
  const [rows, halves] = await orm.batch([
    orm.select({ lastHeartbeat: schedulerLock.lastHeartbeat }).from(schedulerLock),
    orm.all(sql`SELECT typeof(${5}) AS kind, 7 / ${2} AS half, ${0.5} AS part`),
  ]);
  expect(rows).toEqual([{ lastHeartbeat: 5 }]);
  expect(halves).toEqual([{ kind: "integer", half: 3, part: 0.5 }]);
  const echo = await orm.all(sql`SELECT ${"a\0b"} AS nul, ${-(2 ** 52)} AS id`);
  expect(echo).toEqual([{ nul: "a\0b", id: -(2 ** 52) }]);
  await expect(orm.all(sql`SELECT 9007199254740993 AS big`)).rejects.toThrow();

  const taken = orm.run(sql`INSERT INTO scheduler_lock VALUES (1, '', 0, 0, 0)`);
  await expect(orm.batch([orm.update(schedulerLock).set({ epoch: 9 }), taken])).rejects.toThrow(/UNIQUE/);
  expect(await orm.select({ epoch: schedulerLock.epoch }).from(schedulerLock)).toEqual([{ epoch: 0 }]);
});

test("a script is all or nothing, and a transaction that would stay open between requests is refused", async () => {
  await using world = await place();
  const { db, server } = world;
  await expect(db.client.executeMultiple("CREATE TABLE a (b); nonsense")).rejects.toThrow(/syntax error/);
  await expect(db.client.executeMultiple("CREATE TABLE a (b); INSERT INTO missing VALUES (1)")).rejects.toThrow(
    /missing/,
  );
  expect(rowsOf(server, "SELECT name FROM sqlite_schema WHERE name = 'a'")).toEqual([]);
  await db.client.executeMultiple("CREATE TABLE a (b); INSERT INTO a VALUES (1);");
  expect(rowsOf(server, "SELECT b FROM a")).toEqual([{ b: 1 }]);
  await expect(db.client.transaction()).rejects.toThrow(/one batch/);
});

test.each(["hang", "stop"] as const)("a server that answers with a %s costs the deadline, not more", async (kind) => {
  await using server = await startLibsql();
  await using db = await openDatabase({
    url: server.url.replace("http:", "libsql:").concat("?tls=0"),
    requestTimeoutMs: 100,
  });
  const remove = server.fault({ do: { kind } });
  const started = performance.now();
  const failures = await Promise.allSettled([
    db.client.execute("SELECT 1"),
    db.client.batch(["DELETE FROM a", "DELETE FROM b"]),
    db.client.executeMultiple("DELETE FROM a"),
  ]);
  expect(performance.now() - started).toBeLessThan(2_000);
  const words = "the database did not answer within 100 ms";
  expect(failures.map((each) => each.status === "rejected" && each.reason.message)).toEqual(Array(3).fill(words));
  remove();
  expect((await db.client.execute("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("however many requests hang, the next one is asked at once", async () => {
  await using world = await place({ requestTimeoutMs: 1_000 });
  const { db, server } = world;
  server.fault({ when: asks(/^SELECT 'slow'/), do: { kind: "hang" } });
  const hanging = Array.from({ length: 50 }, () => db.client.execute("SELECT 'slow'").catch((error: unknown) => error));
  expect(db.connections()).toBe(50);
  const started = performance.now();
  await db.client.execute("SELECT 1");
  expect(performance.now() - started).toBeLessThan(900);
  expect((await Promise.all(hanging)).every((error) => error instanceof DatabaseTimeout)).toBe(true);
});

test("a server that finds its database locked has done nothing: it is asked again", async () => {
  await using world = await place();
  const { db, server } = world;
  server.fault({ when: asks(/^UPDATE scheduler_lock/), times: 3, do: { kind: "busy" } });
  const orm = db.for("test");
  await orm.run(sql`UPDATE scheduler_lock SET acquired_at = acquired_at + 1`);
  server.fault({ when: asks(/^UPDATE scheduler_lock/), times: 3, do: { kind: "busy" } });
  await orm.batch([orm.run(sql`UPDATE scheduler_lock SET acquired_at = acquired_at + 1`), orm.run(sql`SELECT 1`)]);
  expect(rowsOf(server, "SELECT acquired_at FROM scheduler_lock")).toEqual([{ acquired_at: 2 }]);
});

test("a server that stays locked is asked for as long as one answer may take", async () => {
  await using world = await place({ requestTimeoutMs: 200 });
  const { db, server } = world;
  server.fault({ do: { kind: "busy" } });
  const started = performance.now();
  await expect(db.client.execute("DELETE FROM users")).rejects.toThrow(/locked/);
  expect(performance.now() - started).toBeGreaterThan(190);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a token that the server refuses is named", async () => {
  await using server = await startLibsql({ authToken: "test-token" });
  await using right = await openDatabase({ url: server.url, authToken: "test-token" });
  await right.client.execute("SELECT 1");
  await using wrong = await openDatabase({ url: server.url, authToken: "stolen" });
  const refused = wrong.client.execute("SELECT 1");
  await expect(refused).rejects.toThrow(/refuses .*DATABASE_AUTH_TOKEN/);
  await expect(refused).rejects.not.toThrow(/stolen/);
});

test("requests in flight count as connections, and close waits for them", async () => {
  await using server = await startLibsql();
  const db = await openDatabase({ url: server.url, requestTimeoutMs: 200 });
  server.fault({ do: { kind: "hang" } });
  const call = expect(db.client.execute("SELECT 1")).rejects.toThrow(DatabaseTimeout);
  expect(db.connections()).toBe(1);
  let closed = false;
  const closing = db.close().then(() => {
    closed = true;
  });
  await sleep(50);
  expect(closed).toBe(false);
  await Promise.all([call, closing]);
  expect(db.connections()).toBe(0);
});

type Story = { place: Place; term: Term; id: number; chat: number };
type Write = (orm: Orm, story: Story) => Statement[];

/** A chat that tracks a streamer, is owed a message that is being sent, and waits for another streamer. */
async function story(): Promise<Story> {
  const world = await place();
  const orm = world.db.for("test");
  const [chat, supergroup] = [-7, -1007];
  const id = await tracked(world.db, chat, "mila", wishes("ab"));
  await tracked(world.db, supergroup, "mila", wishes("ab"));
  await track(orm, asking(chat, "bao"));
  const term = await takeLock(world.db);
  await fencedBatch(orm, term, recordSnapshot(orm, sql`SELECT ${id}`, wishes("cab"), notes));
  await fencedBatch(orm, term, [claim(orm, claimOf(term.epoch), [1], 40_000)]);
  return { place: world, term, id, chat };
}

/** All that is stored; times, which differ, are only told to be there. */
function stored({ database }: Libsql, tables: string[]): unknown {
  return tables.map((table) =>
    database
      .prepare(`SELECT * FROM ${table} ORDER BY rowid`)
      .all()
      .map((row) => Object.entries(row).map(([name, value]) => [name, Number(value) > 1e12 ? "a time" : value])),
  );
}

const EVERYTHING = ["users", "streamers", "user_streamers", "untracked", "wishlist_items", "outbox", "lookups"];
/** A check that finds what the lost one has stored is one more check. */
const NEWS = ["wishlist_events", "outbox"];
const sent = (story: Story) => ({ ids: [1], chatId: story.chat, messageId: 5, paceMs: 1_000 });
const again = { ids: [1], delayMs: 1_000, error: "network" };
const found = { ownerId: "owner-bao", nickname: "bao", key: "bao", name: "bao", url: "https://fetta.app/u/bao" };

test.each<[string, string[], Write]>([
  ["a check that found news", NEWS, (orm, { id }) => recordSnapshot(orm, sql`SELECT ${id}`, wishes("dcab"), notes)],
  [
    "unchanged looks",
    ["outbox"],
    (orm, { id }) => [recordUnchanged(orm, [{ id, intervalMs: 1_000, cost: 1, sweep: false }])],
  ],
  ["a claim", EVERYTHING, (orm, { term }) => [claim(orm, claimOf(term.epoch), [2], 40_000)]],
  ["a message that was sent", EVERYTHING, (orm, story) => markSent(orm, claimOf(story.term.epoch), sent(story))],
  [
    "a message that may have been sent",
    EVERYTHING,
    (orm, { term }) => [postpone(orm, claimOf(term.epoch), again, { uncertain: true })],
  ],
  [
    "a message that was refused",
    EVERYTHING,
    (orm, { term }) => [postpone(orm, claimOf(term.epoch), again, { noAttempt: true, plain: true })],
  ],
  ["a claim given back", EVERYTHING, (orm, { term }) => [giveBack(orm, claimOf(term.epoch), [1])]],
  [
    "a message given up",
    EVERYTHING,
    (orm, { term }) => [setAside(orm, claimOf(term.epoch), { ids: [1], state: "parked", error: "no" })],
  ],
  ["a chat that closed", EVERYTHING, (orm, { chat }) => closeChat(orm, chat, "blocked")],
  ["a group that became a supergroup", EVERYTHING, (orm, { chat }) => migrateChat(orm, chat, -1007)],
  [
    "a look that found its streamer",
    ["user_streamers", "wishlist_items", "outbox", "lookups"],
    (orm) => recordFound(orm, { source: "fetta", key: "bao" }, found, wishes("xy"), { maxTrackings: 50, notes }),
  ],
])("%s, stored and not answered, is stored again as once", async (_, tables, build) => {
  const [once, twice] = [await story(), await story()];
  await using _once = once.place;
  await using _twice = twice.place;
  const write = ({ place: { db }, term }: Story, of: Story) =>
    fencedBatch(db.for("test"), term, build(db.for("test"), of));
  await write(once, once);
  twice.place.server.fault({ times: 1, do: { kind: "reset", done: true } });
  await expect(write(twice, twice)).rejects.toThrow();
  await write(twice, twice);
  expect(stored(twice.place.server, tables)).toEqual(stored(once.place.server, tables));
});

test.each<[string, (orm: Orm, chat: number) => Promise<unknown>]>([
  ["/track of an unknown streamer", (orm, chat) => track(orm, asking(chat, "kim"))],
  ["/track of a known streamer", (orm) => track(orm, asking(9, "mila"))],
  ["a noted message", (orm, chat) => noteLookupMessage(orm, chat, [{ source: "fetta", key: "bao" }], 5)],
  ["/untrack", (orm, chat) => untrackStreamer(orm, chat, 1)],
  ["Undo", (orm, chat) => undoUntrack(orm, chat, 1, { withinMs: 60_000, maxTrackings: 50 })],
])("%s, done and not answered, is done again as once", async (name, act) => {
  const [once, twice] = [await story(), await story()];
  await using _once = once.place;
  await using _twice = twice.place;
  for (const { place, chat } of [once, twice]) {
    if (name === "Undo") await untrackStreamer(place.db.for("test"), chat, 1);
  }
  await act(once.place.db.for("test"), once.chat);
  twice.place.server.fault({ times: 1, do: { kind: "reset", done: true } });
  await expect(act(twice.place.db.for("test"), twice.chat)).rejects.toThrow();
  await act(twice.place.db.for("test"), twice.chat);
  expect(stored(twice.place.server, EVERYTHING)).toEqual(stored(once.place.server, EVERYTHING));
});

test("a claim that nobody knows of is taken up again when its send would surely be over, and by nobody before", async () => {
  const { place, term } = await story();
  await using world = place;
  const orm = world.db.for("test");
  world.server.fault({ times: 1, do: { kind: "reset", done: true } });
  await expect(fencedBatch(orm, term, [claim(orm, claimOf(term.epoch), [2], 40_000)])).rejects.toThrow();
  expect(await dueHeads(orm, { limit: 9, orphanMs: 40_000 })).toEqual([]);
  world.server.database.exec("UPDATE outbox SET claimed_at = claimed_at - 40000 WHERE id = 2");
  expect(await dueHeads(orm, { limit: 9, orphanMs: 40_000 })).toMatchObject([{ id: 2 }]);
  const [result] = await fencedBatch(orm, term, [claim(orm, { epoch: term.epoch, number: 2 }, [2], 40_000)]);
  expect(readClaimed(result)).toMatchObject([{ id: 2, attempts: 2, uncertain: 0 }]);
});

test("over a server, too, a write of a term that is over changes nothing and says so", async () => {
  const { place, term } = await story();
  await using world = place;
  const orm = world.db.for("test");
  world.server.database.exec("UPDATE scheduler_lock SET instance_id = 'two', epoch = epoch + 1");
  const write = fencedBatch(orm, term, [orm.run(sql`DELETE FROM outbox`)]);
  await expect(write).rejects.toThrow(LockLost);
  await expect(fencedBatch(orm, term, [])).rejects.toThrow(LockLost); // a heartbeat: one statement, another path
  expect(rowsOf(world.server, "SELECT COUNT(*) AS n FROM outbox")).toEqual([{ n: 2 }]);
});

test("what the bot does again and again is one round trip each", async () => {
  await using world = await place();
  const { db, server } = world;
  const orm = db.for("test");
  const id = await tracked(db, 1, "mila", wishes("ab"));
  const other = await tracked(db, 1, "bao", wishes("ab"));
  const term = await takeLock(db);
  const write = (...statements: Statement[]) => fencedBatch(orm, term, statements);
  const rowsWritten = () => server.requests.at(-1)?.rowsWritten;

  expect(await cost(server, () => listTrackings(orm, 1))).toEqual({ requests: 1, statements: 1 });
  expect(await cost(server, () => track(orm, asking(2, "mila")))).toMatchObject({ requests: 1 });
  expect(await cost(server, () => write())).toEqual({ requests: 1, statements: 1 });
  expect(
    await cost(server, () => write(...recordSnapshot(orm, sql`SELECT ${id}`, wishes("cab"), notes))),
  ).toMatchObject({
    requests: 1,
  });
  // Any number of unchanged looks: a row each, and the heartbeat's.
  const unchanged = [id, other].map((id) => ({ id, intervalMs: 60_000, cost: 1, sweep: false }));
  expect(await cost(server, () => write(recordUnchanged(orm, unchanged)))).toEqual({ requests: 1, statements: 2 });
  expect(rowsWritten()).toBe(3);

  // A message: seen, claimed, read, sent, recorded.
  const [head] = await dueHeads(orm, { limit: 1, orphanMs: 40_000 });
  const [result] = await write(claim(orm, claimOf(term.epoch), [head?.id ?? 0], 40_000));
  const [row] = readClaimed(result);
  if (row === undefined) throw new Error("nothing was owed");
  const { chatId, streamerId, checkNumber } = row;
  const news = () => newsFor(orm, [{ chatId, streamerId, checkNumbers: [checkNumber] }], 10);
  expect(await cost(server, news)).toEqual({ requests: 1, statements: 2 });
  const sent = { ids: [row.id], chatId, messageId: 1, paceMs: 0 };
  expect(await cost(server, () => write(...markSent(orm, claimOf(term.epoch), sent)))).toEqual({
    requests: 1,
    statements: 3,
  });
  expect(await cost(server, () => releaseLock(orm, term))).toEqual({ requests: 1, statements: 1 });
});

test("what is asked every second reads what is due, and not all that there is: servers charge for rows", async () => {
  await using world = await place();
  const due = { source: "fetta", limit: 2, running: [1], longestMs: 60_000 };
  const plan = await planOf(world.db, (orm) => void dueStreamers(orm, due));
  expect(plan.filter((step) => /^(SCAN|SEARCH) (s|streamers)\b/.test(step))).toEqual([
    expect.stringMatching("SEARCH s USING INTEGER PRIMARY KEY"),
    expect.stringMatching("SEARCH streamers USING INDEX streamers_due .next_check_at<"),
    expect.stringMatching("SEARCH streamers USING INDEX streamers_due .next_check_at>"),
  ]);
});
