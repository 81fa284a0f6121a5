import { expect, test } from "vitest";
import { tracked, wishes } from "../db/story.ts";
import type { Instance } from "./instance.ts";
import { PATIENCE_MS, startWorld } from "./world.ts";

/** What dashboards and alerts are built on. */
const CONTRACT = {
  http_request_duration_seconds: "histogram",
  sql_query_duration_seconds: "histogram",
  scheduler_check_duration_seconds: "histogram",
  streamers_checked_total: "counter",
  new_items_found_total: "counter",
  notifications_sent_total: "counter",
  active_users_total: "gauge",
  scheduler_lock_held: "gauge",
  last_heartbeat_seconds_ago: "gauge",
  database_connection_pool_size: "gauge",
};

test(
  "leader and stand-by tell every metric of the contract; /list of 20 trackings is one statement",
  async () => {
    await using world = await startWorld();
    const { telegram } = world;
    const fan = telegram.person();
    const leader = await world.start();
    await leader.line("lock acquired");
    const standBy = await world.start();
    const db = await world.database();
    for (let n = 0; n < 20; n++) await tracked(db, fan.id, `streamer${n}`, wishes("abc"));

    for (const instance of [leader, standBy]) {
      const kinds = await typesOf(instance);
      expect(Object.fromEntries(Object.keys(CONTRACT).map((name) => [name, kinds.get(name)]))).toEqual(CONTRACT);
      expect(await samplesOf(instance), "each has a sample").toEqual(Object.keys(CONTRACT));
      expect(await instance.metric("database_size_bytes")).toBeGreaterThan(100_000);
    }
    expect(await leader.metric("scheduler_lock_held")).toBe(1);
    expect(await standBy.metric("scheduler_lock_held")).toBe(0);
    expect(await standBy.metric("scheduler_lock_term")).toBe(1);
    expect(await standBy.metric("last_heartbeat_seconds_ago")).toBeLessThan(3);
    expect(await leader.metric("database_connection_pool_size")).toBe(2);

    await telegram.idle();
    const before = await statements(leader);
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /20 стример/);
    await telegram.idle();
    const after = await statements(leader);
    const run = [...after].map(([query, count]) => count - (before.get(query) ?? 0)).filter((count) => count !== 0);
    expect(run).toEqual([1]);
  },
  PATIENCE_MS,
);

async function page(instance: Instance): Promise<string[]> {
  return (await (await fetch(`${instance.url}/metrics`)).text()).split("\n");
}

async function typesOf(instance: Instance): Promise<Map<string, string>> {
  const types = (await page(instance)).filter((line) => line.startsWith("# TYPE "));
  return new Map(types.map((line) => line.split(" ").slice(2, 4) as [string, string]));
}

/** The contract's names that have a sample, also before anything has happened. */
async function samplesOf(instance: Instance): Promise<string[]> {
  const samples = (await page(instance)).filter((line) => !line.startsWith("#"));
  return Object.keys(CONTRACT).filter((name) => samples.some((line) => line.startsWith(name)));
}

/** SQL statements run so far by name, without those of background loops. */
async function statements(instance: Instance): Promise<Map<string, number>> {
  const samples = (await page(instance)).flatMap((line) => {
    const [, query, count] = /^sql_statements_total\{query="([^"]+)"\} (\d+)$/.exec(line) ?? [];
    return query === undefined || query.startsWith("loop_") ? [] : [[query, Number(count)] as const];
  });
  return new Map(samples);
}
