import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Wishlist } from "../../sandbox/fetta/index.ts";
import type { Instance, LogLine } from "./instance.ts";
import { checks, PATIENCE_MS, startWorld, told, until, type World } from "./world.ts";

const HOUR_MS = 3_600_000;
/** Long enough for a busy machine: a send has a sixth of it, and one that takes longer may be sent twice. */
const STALE_SECONDS = 5;

/** The process's own clock, moved; the database's stays. */
const clock = (ms: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${ms};`)}`,
});

test.concurrent(
  "three instances: one leads, whatever the clocks say; stopped or killed, it is followed in time, and news comes once",
  async () => {
    await using world = await startWorld({ LOCK_STALE_SECONDS: `${STALE_SECONDS}` });
    const { telegram, fetta } = world;
    const mila = fetta.streamer("mila");
    const fans = [telegram.person(), telegram.person()];
    const first = await world.start();
    await first.line("lock acquired");
    for (const fan of fans) await world.track(fan, mila);
    const standBys = [
      await world.start({ TZ: "Europe/Moscow", ...clock(HOUR_MS) }),
      await world.start({ TZ: "Pacific/Auckland", ...clock(-HOUR_MS) }),
    ];
    const all = [first, ...standBys];
    for (const standBy of standBys) {
      expect(await standBy.line(isHeld)).toMatchObject({ holder: first.id, term: 1, stale_ms: STALE_SECONDS * 1_000 });
      expect(Object.keys(await standBy.line(isHeld))).toContain("takeover_at");
    }
    await using leaders = watchLeaders(all);
    const wishes = changing(mila);

    for (const jump of [HOUR_MS, -HOUR_MS, -HOUR_MS, HOUR_MS]) {
      await world.moveStamps(jump);
      await sleep(300);
    }
    await checks(first, 2);
    expect(await world.lock()).toEqual({ holder: first.id, epoch: 1 });

    const asked = performance.now();
    expect(await first.stop()).toBe(0);
    const second = await leaderOf(standBys, 2);
    expect(performance.now() - asked).toBeLessThan(5_000);
    await checks(second, 2);

    // A leader that is killed while it sends may send twice: that is promised. Here it has nothing to send.
    wishes.stop();
    await allTold(world, wishes.names, fans);
    await until("all that was sent is recorded", async () => (await owed(world)) === 0);
    await world.moveStamps(-HOUR_MS);
    const killed = performance.now();
    await second.stop("SIGKILL");
    const third = await leaderOf(
      standBys.filter((instance) => instance !== second),
      3,
    );
    expect(performance.now() - killed).toBeLessThan((STALE_SECONDS + 5) * 1_000);
    mila.add({ name: "The last wish" });
    await allTold(world, ["The last wish"], fans);
    await checks(third, 2);

    for (const name of [...wishes.names, "The last wish"]) {
      expect(fans.map((fan) => [name, told(telegram, fan, name)])).toEqual(fans.map(() => [name, 1]));
    }
    expect(leaders.overlaps()).toEqual([]);
    expect(leaders.terms().sort(), "each has led").toEqual([1, 1, 1]);
    expect(telegram.calls.filter(({ method, code }) => method === "getUpdates" && code === 409)).toEqual([]);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a leader that stood still for longer than its lease commits and sends nothing, steps down, and stands by",
  async () => {
    await using world = await startWorld({ LOCK_STALE_SECONDS: `${STALE_SECONDS}` });
    const { telegram, fetta } = world;
    const mila = fetta.streamer("mila");
    const fan = telegram.person();
    const old = await world.start();
    await old.line("lock acquired");
    await world.track(fan, mila);
    const next = await world.start();
    await next.line(isHeld);
    await using leaders = watchLeaders([old, next]);
    await checks(old, 1);

    old.child.kill("SIGSTOP");
    mila.add({ name: "A lamp" });
    telegram.say("/help", { from: fan }); // its answer waits in the frozen one's socket
    await next.line("lock acquired");
    await telegram.until(fan, /A lamp/);
    await telegram.until(fan, /\/track/);
    const before = { calls: telegram.calls.length, requests: fetta.requests.length, lines: old.lines.length };
    const byNext = next.lines.length;
    const late = old.metric("scheduler_lock_held"); // asked of a frozen process, answered by one that has just woken
    old.child.kill("SIGCONT");
    const woken = performance.now();
    expect(await old.line("lock lost")).toMatchObject({ term: 1 });
    expect(performance.now() - woken).toBeLessThan(1_000);
    expect(await late).toBe(0);
    expect(await old.line(isHeld)).toMatchObject({ holder: next.id, term: 2 });

    await checks(next, 2);
    expect(told(telegram, fan, "A lamp")).toBe(1);
    expect(told(telegram, fan, "/track")).toBe(1);
    const work = (line: LogLine) => ["checked", "notified", "looked up"].includes(line.msg);
    expect(old.lines.slice(before.lines).filter(work)).toEqual([]);
    const looks = fetta.requests.slice(before.requests).filter(({ status }) => status === 200);
    const requests = next.lines
      .slice(byNext)
      .filter(work)
      .reduce((sum, line) => sum + Number(line.requests ?? 0), 0);
    expect(looks.length).toBeLessThanOrEqual(requests + 3);
    expect((await world.lock()).epoch).toBe(2);
    expect(leaders.overlaps()).toEqual([]);

    expect(await next.stop()).toBe(0);
    await old.line(({ msg, term }) => msg === "lock acquired" && term === 3);
    await checks(old, 1);
  },
  PATIENCE_MS,
);

const isHeld = ({ msg }: LogLine) => msg.startsWith("lock is held by another instance");

async function leaderOf(instances: Instance[], term: number): Promise<Instance> {
  const isTaken = (line: LogLine) => line.msg === "lock acquired" && line.term === term;
  return await Promise.any(
    instances.map(async (instance) => {
      await instance.line(isTaken);
      return instance;
    }),
  );
}

type Span = { from: number; to: number };

/**
 * Asks all instances, again and again, whether they lead. From each one's first to its last answer that says so it surely
 * did; `overlaps` gives the times, in ms, for which two of them did so at once.
 */
function watchLeaders(instances: Instance[]) {
  const over = new AbortController();
  const terms: Span[][] = instances.map(() => []);
  const watching = instances.map(async ({ metric }, n) => {
    let term: Span | undefined;
    while (!over.signal.aborted) {
      const asked = performance.now();
      const held = await metric("scheduler_lock_held", "", over.signal).catch(() => 0);
      if (held === 0) {
        term = undefined;
      } else if (term === undefined) {
        term = { from: performance.now(), to: asked };
        terms[n]?.push(term);
      } else {
        term.to = asked;
      }
      await sleep(30);
    }
  });
  const sure = ({ from, to }: Span) => to > from;
  return {
    terms: () => terms.map((spans) => spans.filter(sure).length),
    overlaps() {
      const spans = terms
        .flat()
        .filter(sure)
        .sort((a, b) => a.from - b.from);
      return spans.slice(1).flatMap(({ from }, n) => {
        const ms = (spans[n]?.to ?? 0) - from;
        return ms > 0 ? [ms] : [];
      });
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all(watching);
    },
  };
}

/** Adds to a wishlist all the time, and knows what it has added. */
function changing(wishlist: Wishlist) {
  const names: string[] = [];
  const timer = setInterval(() => {
    const name = `Wish no. ${names.length + 1}!`;
    wishlist.add({ name });
    names.push(name);
  }, 500); // a notification names 10 items at most, and one may tell of several checks
  return { names, stop: () => clearInterval(timer) };
}

async function allTold({ telegram }: World, names: string[], fans: { id: number; firstName: string }[]): Promise<void> {
  await until(
    "everybody has been told",
    () => fans.every((fan) => names.every((name) => told(telegram, fan, name) > 0)),
    30_000,
  );
}

async function owed(world: World): Promise<number> {
  const db = await world.database();
  const { rows } = await db.client.execute("SELECT 1 FROM outbox WHERE state IN ('pending', 'sending')");
  return rows.length;
}
