import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  asks,
  type FaultKind,
  type Libsql,
  type LibsqlOptions,
  type LibsqlRequest,
  startLibsql,
} from "../../sandbox/libsql/libsql.ts";
import { type Instance, type LogLine, tempFolder } from "./instance.ts";
import { checks, startWorld, told, until, type World } from "./world.ts";

/** Long enough for a busy machine, and for a request's deadline to pass within the trust of a lease. */
const STALE_SECONDS = 6;

/** What one step may take, and a whole test, where other things keep the machine busy. */
const STEP_MS = 30_000;
const TEST_MS = 120_000;

const line = (bot: Instance, match: Parameters<Instance["line"]>[0]) => bot.line(match, { timeoutMs: STEP_MS });
const eventually = (what: string, ask: () => boolean) => until(what, ask, STEP_MS);

type RemoteWorld = World & { server: Libsql };

/** A world whose database is a server. */
async function remoteWorld(env: Record<string, string> = {}, options: LibsqlOptions = {}): Promise<RemoteWorld> {
  const server = await startLibsql(options);
  const world = await startWorld({ DATABASE_URL: server.url, LOCK_STALE_SECONDS: `${STALE_SECONDS}`, ...env });
  return {
    ...world,
    server,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

const rowOf = ({ database }: Libsql, query: string) => ({ ...database.prepare(query).get() });
const lockOf = (server: Libsql) => rowOf(server, "SELECT instance_id AS holder, epoch FROM scheduler_lock");
const owed = (server: Libsql) =>
  Number(rowOf(server, "SELECT COUNT(*) AS n FROM outbox WHERE state IN ('pending', 'sending')").n);

const isHeld = ({ msg }: LogLine) => msg.startsWith("lock is held by another instance");
const isHeartbeat = ({ statements: [statement = "", ...others] }: LibsqlRequest) =>
  others.length === 0 && statement.startsWith("UPDATE scheduler_lock SET instance_id = CASE");

test.concurrent(
  "two instances on one server: news arrives, /list is one statement in one round trip, a killed leader is followed",
  async () => {
    await using world = await remoteWorld();
    const { telegram, fetta, server } = world;
    const mila = fetta.streamer("mila");
    const fan = telegram.person();
    const first = await world.start();
    await line(first, "lock acquired");
    const second = await world.start();
    await line(second, isHeld);
    await world.track(fan, mila);
    mila.add({ name: "A lamp" });
    await telegram.until(fan, /A lamp/, STEP_MS);

    telegram.say("/list", { from: fan });
    await telegram.until(fan, /1\. mila/, STEP_MS);
    const lists = server.asking(/COUNT\("?wishlist_items/);
    expect(lists.map(({ statements }) => statements.length)).toEqual([1]);

    await eventually("it is recorded", () => owed(server) === 0);
    await first.stop("SIGKILL");
    const killed = performance.now();
    await line(second, "lock acquired");
    expect(performance.now() - killed).toBeLessThan((STALE_SECONDS + 5) * 1_000);
    mila.add({ name: "A kettle" });
    await telegram.until(fan, /A kettle/, STEP_MS);
    expect([told(telegram, fan, "A lamp"), told(telegram, fan, "A kettle")]).toEqual([1, 1]);
    expect(await second.stop()).toBe(0);
    expect(lockOf(server)).toEqual({ holder: "", epoch: 2 });
  },
  TEST_MS,
);

type Fits = (request: LibsqlRequest) => boolean;

/** A fault that the next request that fits meets; resolves when it has. */
async function once(server: Libsql, fits: Fits, kind: FaultKind, act: () => void): Promise<void> {
  const met = Promise.withResolvers<void>();
  const when = (request: LibsqlRequest) => {
    if (fits(request)) met.resolve();
    return fits(request);
  };
  server.fault({ when, times: 1, do: kind });
  act();
  await met.promise;
}

/** Answers that never come: of what was done, and of what was not. */
const LOST: FaultKind[] = [
  { kind: "reset", done: true },
  { kind: "html", status: 502 },
  { kind: "hang", done: true },
];

const WRITES: [string, Fits][] = [
  ["the check that found it", asks(/^INSERT INTO outbox/)],
  ["what was spent of the budget", asks(/^INSERT INTO source_states/)],
  ["its claim", asks(/^UPDATE outbox SET state = 'sending'/)],
  ["that it was sent", asks(/^UPDATE outbox SET state = 'sent'/)],
  ["the heartbeat", isHeartbeat],
  // Telegram does not take it either, at first.
  ["its delay", asks(/uncertain = uncertain/)],
];

test.concurrent.each(LOST)(
  "whichever answer of the database is lost ($kind), the news comes once",
  async (kind) => {
    await using world = await remoteWorld();
    const { telegram, fetta, server } = world;
    const mila = fetta.streamer("mila");
    const fan = telegram.person();
    const bot = await world.start();
    await line(bot, "lock acquired");
    await world.track(fan, mila);
    for (const [name, fits] of WRITES) {
      if (name === "its delay") {
        telegram.fault({ when: ({ method }) => method === "sendMessage", times: 1, do: { kind: "html", status: 502 } });
      }
      await once(server, fits, kind, () => mila.add({ name }));
      await eventually(`news although lost: ${name}`, () => told(telegram, fan, name) > 0);
    }
    await eventually("all is recorded", () => owed(server) === 0);
    await checks(bot, 2);
    const names = WRITES.map(([name]) => name);
    expect(names.map((name) => [name, told(telegram, fan, name)])).toEqual(names.map((name) => [name, 1]));
    expect(lockOf(server), "no term was lost over it").toEqual({ holder: bot.id, epoch: 1 });
  },
  TEST_MS,
);

/** Everything that goes wrong and passes. */
const TROUBLE: FaultKind[] = [
  { kind: "html", status: 502 },
  { kind: "html", status: 504, done: true },
  { kind: "error", status: 500, message: "Internal Error" },
  { kind: "reset" },
  { kind: "reset", done: true },
  { kind: "cut" },
  { kind: "busy" },
  { kind: "delay", ms: 200 },
  { kind: "late", ms: 200 },
];
function every(ms: number, act: () => void) {
  const timer = setInterval(act, ms);
  const end = () => clearInterval(timer);
  return { end, [Symbol.dispose]: end };
}

/** What a leader may have sent without having recorded it, when it is cut off. */
const IN_FLIGHT = 10;

test.concurrent(
  "a database that fails one request in five, and a killed leader: nothing is lost, and only the kill repeats",
  async () => {
    await using world = await remoteWorld();
    const { telegram, fetta, server } = world;
    const wishlists = [fetta.streamer("mila"), fetta.streamer("bao")];
    const fans = [telegram.person(), telegram.person(), telegram.person()];
    const first = await world.start();
    await line(first, "lock acquired");
    const second = await world.start();
    for (const fan of fans) for (const wishlist of wishlists) await world.track(fan, wishlist);
    const names: string[] = [];
    // A notification names ten items at most, and what waits is told together.
    using adding = every(900, () => {
      const name = `Wish no. ${names.length + 1}!`;
      wishlists[names.length % 2]?.add({ name });
      names.push(name);
    });
    const ends = TROUBLE.map((kind) => server.fault({ when: () => Math.random() < 0.2 / TROUBLE.length, do: kind }));
    const times = (name: string) => fans.map((fan) => told(telegram, fan, name));
    const doubled = () => names.flatMap(times).reduce((sum, count) => sum + Math.max(count - 1, 0), 0);
    await sleep(6_000);
    const terms = first.lines.filter(({ msg }) => msg === "lock lost").length;
    expect(doubled()).toBeLessThanOrEqual(IN_FLIGHT * terms);
    await first.stop("SIGKILL");
    await line(second, "lock acquired");
    await sleep(3_000);
    adding.end();
    for (const end of ends) end();
    await eventually("everybody is told everything", () => names.flatMap(times).every((count) => count > 0));
    await eventually("all is recorded", () => owed(server) === 0);
    const lost = second.lines.filter(({ msg }) => msg === "lock lost").length;
    expect(doubled()).toBeLessThanOrEqual(IN_FLIGHT * (terms + 1 + lost));
  },
  TEST_MS,
);

test.concurrent(
  "whichever answer of the database is lost on the way of a /track, it is tracked, and once",
  async () => {
    await using world = await remoteWorld();
    const { telegram, fetta, server } = world;
    const bot = await world.start();
    await line(bot, "lock acquired");
    const steps: [string, RegExp, FaultKind][] = [
      ["stored", /^INSERT INTO users/, { kind: "reset", done: true }],
      ["noted", /^UPDATE lookups SET message_id/, { kind: "reset", done: true }],
      ["unnoted", /^UPDATE lookups SET message_id/, { kind: "html", status: 502 }],
      ["found", /^INSERT INTO streamers/, { kind: "reset", done: true }],
      ["unfound", /^INSERT INTO streamers/, { kind: "html", status: 502 }],
      ["shown", /^DELETE FROM lookups/, { kind: "reset", done: true }],
      ["unshown", /^DELETE FROM lookups/, { kind: "html", status: 502 }],
    ];
    const fans = [];
    for (const [nickname, sql, kind] of steps) {
      const fan = telegram.person({ languageCode: "en" });
      const wishlist = fetta.streamer(nickname);
      await once(server, asks(sql), kind, () => telegram.say(`/track ${nickname}`, { from: fan }));
      fans.push({ fan, wishlist });
    }
    for (const { fan, wishlist } of fans) {
      await telegram.until(fan, (message) => message.text.includes(`Tracking ${wishlist.name}`), STEP_MS);
    }
    await eventually("all is shown", () => Number(rowOf(server, "SELECT COUNT(*) AS n FROM lookups").n) === 0);
    for (const { fan, wishlist } of fans) {
      expect([wishlist.nickname, told(telegram, fan, `Tracking ${wishlist.name}`)]).toEqual([wishlist.nickname, 1]);
      wishlist.add({ name: "A lamp" });
    }
    const blamed = telegram.calls.filter(({ params }) => /looks different/.test(`${params.text}`));
    expect(blamed, "the site is not to blame").toEqual([]);
    for (const { fan } of fans) await telegram.until(fan, /A lamp/, STEP_MS);
    for (const { fan } of fans) expect(told(telegram, fan, "A lamp")).toBe(1);
  },
  TEST_MS,
);

test.concurrent(
  "answers lost while the lock is taken or given back do not leave it to nobody",
  async () => {
    await using world = await remoteWorld();
    const { server } = world;
    server.fault({ when: asks(/epoch = epoch \+ 1/), times: 1, do: { kind: "reset", done: true } });
    const first = await world.start();
    await line(first, "lock cannot be read or taken");
    await line(first, ({ msg, term }) => msg === "lock acquired" && term === 2);

    for (const [n, kind] of LOST.entries()) {
      server.fault({ when: asks(/^UPDATE scheduler_lock SET instance_id = ''/), times: 1, do: kind });
      const last = n === 0 ? first : await world.start();
      await line(last, "lock acquired");
      expect(await last.stop()).toBe(0);
      expect(lockOf(server)).toEqual({ holder: "", epoch: n + 2 });
    }
  },
  TEST_MS,
);

test.concurrent(
  "a database that hangs: the leader steps down in time, sends nothing more, says so, and goes on by itself",
  async () => {
    // There is always a message whose turn is still to come.
    await using world = await remoteWorld({ MESSAGES_PER_SECOND: "2" });
    const { telegram, fetta, server } = world;
    const mila = fetta.streamer("mila");
    const fans = Array.from({ length: 8 }, () => telegram.person());
    const bots = [await world.start(), await world.start()];
    for (const fan of fans) await world.track(fan, mila);
    mila.add({ name: "A lamp" });
    await eventually("one is told", () => fans.some((fan) => told(telegram, fan, "A lamp") > 0));

    const remove = server.fault({ do: { kind: "hang" } });
    const hung = performance.now();
    const lost = await Promise.any(bots.map((bot) => line(bot, "lock lost")));
    expect(performance.now() - hung, "before anybody else may take over").toBeLessThan(STALE_SECONDS * 1_000);
    for (const { url } of bots) {
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
    }
    await sleep(3_000);
    const sends = telegram.calls.filter(
      ({ method, params }) => method === "sendMessage" && `${params.text}`.includes("A lamp"),
    );
    expect(sends.filter(({ at }) => at > Date.parse(lost.time))).toEqual([]);

    const unknown = Number(rowOf(server, "SELECT COUNT(*) AS n FROM outbox WHERE state = 'sending'").n);
    remove();
    const back = performance.now();
    await Promise.any(bots.map((bot) => line(bot, ({ msg, term }) => msg === "lock acquired" && term === 2)));
    const resumed = performance.now() - back;
    await eventually("everybody is told", () => fans.every((fan) => told(telegram, fan, "A lamp") > 0));
    const times = fans.reduce((sum, fan) => sum + told(telegram, fan, "A lamp"), 0);
    expect(resumed).toBeLessThan(10_000);
    expect(times - fans.length).toBeLessThanOrEqual(unknown);
    for (const { url } of bots) expect((await fetch(`${url}/readyz`)).status).toBe(200);
  },
  TEST_MS,
);

test.concurrent(
  "while a gateway answers for the database it is asked no more often than before, and nothing is lost",
  async () => {
    await using world = await remoteWorld();
    const { telegram, fetta, server } = world;
    const mila = fetta.streamer("mila");
    const fans = Array.from({ length: 15 }, () => telegram.person({ languageCode: "en" }));
    const bot = await world.start();
    for (const fan of fans) await world.track(fan, mila);
    // Each chat has a message that waits for its pace: somebody's turn is always about to come.
    mila.add({ name: "A lamp" });
    await eventually("everybody is told", () => fans.every((fan) => told(telegram, fan, "A lamp") > 0));
    mila.add({ name: "A kettle" });
    await eventually("some are told", () => fans.some((fan) => told(telegram, fan, "A kettle") > 0));

    const gateway: FaultKind = { kind: "html", status: 502 };
    const look = asks(/GROUP BY p\.chat_id/);
    const blind = server.fault({ when: look, do: gateway });
    await sleep(300); // a message that arrives has it look again
    const before = server.requests.length;
    await sleep(1_500);
    blind();
    expect(server.requests.slice(before).filter(look).length).toBeLessThan(20);
    const [remove, from] = [server.fault({ do: gateway }), server.requests.length];
    const [fan = telegram.person()] = fans;
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /Something went wrong/, STEP_MS);
    expect((await fetch(`${bot.url}/readyz`)).status).toBe(503);
    await sleep(1_500);
    remove();
    expect(server.requests.length - from).toBeLessThan(45);

    await eventually("everybody is told", () => fans.every((fan) => told(telegram, fan, "A kettle") > 0));
    for (const fan of fans) expect([told(telegram, fan, "A lamp"), told(telegram, fan, "A kettle")]).toEqual([1, 1]);
    expect((await fetch(`${bot.url}/readyz`)).status).toBe(200);
    expect(lockOf(server)).toEqual({ holder: bot.id, epoch: 1 });
  },
  TEST_MS,
);

test.concurrent(
  "a server that is restarted finds both instances waiting for it, and what it had been told",
  async () => {
    await using folder = await tempFolder();
    const file = `${folder.path}/sqld.db`;
    const before = await startLibsql({ file });
    await using world = await startWorld({ DATABASE_URL: before.url, LOCK_STALE_SECONDS: `${STALE_SECONDS}` });
    const { telegram, fetta } = world;
    const mila = fetta.streamer("mila");
    const fan = telegram.person();
    const bots = [await world.start(), await world.start()];
    await world.track(fan, mila);
    mila.add({ name: "A lamp" });
    await telegram.until(fan, /A lamp/, STEP_MS);
    await eventually("it is recorded", () => owed(before) === 0);
    await before.close();
    await Promise.all(bots.map((bot) => line(bot, ({ msg }) => /not handled|cannot be read or taken/.test(msg))));
    mila.add({ name: "A kettle" });
    await using after = await startLibsql({ file, port: Number(new URL(before.url).port) });
    await telegram.until(fan, /A kettle/, STEP_MS);
    expect([told(telegram, fan, "A lamp"), told(telegram, fan, "A kettle")]).toEqual([1, 1]);
    for (const bot of bots) expect(await bot.stop()).toBe(0);
    expect(lockOf(after).holder).toBe("");
  },
  TEST_MS,
);

test.concurrent(
  "an idle leader asks less than ten times a second, a stand-by once, and only the heartbeat is written",
  async () => {
    await using world = await remoteWorld({
      HEARTBEAT_SECONDS: "20",
      LOCK_STALE_SECONDS: "60",
      CHECK_INTERVAL_SECONDS: "300",
      MAX_CHECK_INTERVAL_SECONDS: "300",
    });
    const { telegram, fetta, server } = world;
    const fan = telegram.person();
    await world.start();
    await world.track(fan, fetta.streamer("mila"));
    const standBy = await world.start();
    await line(standBy, isHeld);
    await sleep(1_000);
    const from = server.requests.length;
    const started = performance.now();
    await sleep(5_000);
    const seconds = (performance.now() - started) / 1_000;
    const asked = server.requests.slice(from);
    const looksAtLock = asked.filter(asks(/FROM scheduler_lock/)).length;
    expect(looksAtLock / seconds).toBeLessThan(1.3);
    expect((asked.length - looksAtLock) / seconds).toBeLessThan(10);
    expect(asked.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0)).toBeLessThanOrEqual(1);
  },
  TEST_MS,
);
