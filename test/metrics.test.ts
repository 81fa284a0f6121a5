import { expect, test } from "vitest";
import { createMetrics } from "../src/metrics.ts";

/** The value of a series as scraped; undefined when there is none. */
function value(text: string, series: string): number | undefined {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("every name is there from the start, with its help and type", async () => {
  const text = await createMetrics().render();
  const types = Object.fromEntries([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  expect(types).toMatchObject({
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

    sql_statements_total: "counter",
    database_wait_seconds: "histogram",
    db_poison_total: "counter",
    database_size_bytes: "gauge",
    database_free_bytes: "gauge",
    telegram_answers_total: "counter",
    notifications_parked_total: "counter",
    source_requests_total: "counter",
    source_budget_used: "gauge",
    source_budget: "gauge",
    source_budget_wait_seconds: "histogram",
    source_slowness: "gauge",
    source_paused: "gauge",
    lookups_total: "counter",
    check_lag_seconds: "gauge",
    outbox_depth: "gauge",
    outbox_oldest_seconds: "gauge",
    detection_to_delivery_seconds: "histogram",
    telegram_lost: "gauge",
    blocked_chats: "gauge",
    updates_failed_total: "counter",
    updates_total: "counter",
    update_duration_seconds: "histogram",
    event_loop_delay_seconds: "histogram",
    scheduler_lock_term: "gauge",
    build_info: "gauge",
    process_resident_memory_bytes: "gauge",
    nodejs_heap_size_used_bytes: "gauge",
  });
  for (const name of Object.keys(types)) expect(text).toContain(`# HELP ${name} `);
});

test("what has no labels starts at 0, so that a rate is right from the first event on", async () => {
  const text = await createMetrics().render();
  for (const series of [
    "new_items_found_total",
    "notifications_sent_total",
    "notifications_parked_total",
    "db_poison_total",
    "scheduler_lock_held",
    "scheduler_check_duration_seconds_count",
    'http_request_duration_seconds_count{method="POST",route="/webhook",status="200"}',
    'telegram_answers_total{method="sendMessage",answer="revoked"}',
    'detection_to_delivery_seconds_count{held="no"}',
  ]) {
    expect(value(text, series), series).toBe(0);
  }
});

test("the series of the sources that are named start at 0 too", async () => {
  const text = await createMetrics({ sources: ["shelf"] }).render();
  expect(value(text, 'streamers_checked_total{source="shelf",outcome="complete"}')).toBe(0);
  expect(value(text, 'streamers_checked_total{source="shelf",outcome="page_changed"}')).toBe(0);
  expect(value(text, 'source_budget_used{source="shelf"}')).toBe(0);
});

test("who leads no more tells nothing of what only a leader knows", async () => {
  const metrics = createMetrics({ sources: ["shelf"] });
  const atRest = await metrics.render();
  metrics.outboxOldest.set(900);
  metrics.activeUsers.set(7);
  metrics.telegramLost.set({ why: "revoked" }, 1);
  metrics.checkLag.set({ source: "shelf" }, 800);
  metrics.scheduleStretch.set({ source: "shelf" }, 3);
  metrics.newItems.inc(2);
  metrics.standBy();
  const text = await metrics.render();
  for (const series of [
    "outbox_oldest_seconds",
    "active_users_total",
    'telegram_lost{why="revoked"}',
    'check_lag_seconds{source="shelf"}',
    'schedule_stretch{source="shelf"}',
  ]) {
    expect(value(text, series), series).toBe(value(atRest, series));
  }
  expect(value(text, 'schedule_stretch{source="shelf"}')).toBe(1);
  expect(value(text, "new_items_found_total"), "counters count on").toBe(2);
});

test("what happens is counted under its labels", async () => {
  const metrics = createMetrics();
  metrics.streamersChecked.inc({ source: "shelf", outcome: "complete" });
  metrics.sqlDuration.observe({ query: "loop_claim" }, 0.002);
  metrics.checkDuration.observe(2);
  metrics.lockHeld.set(1);
  const text = await metrics.render();
  expect(value(text, 'streamers_checked_total{source="shelf",outcome="complete"}')).toBe(1);
  expect(value(text, 'sql_query_duration_seconds_bucket{le="0.0025",query="loop_claim"}')).toBe(1);
  expect(value(text, 'scheduler_check_duration_seconds_bucket{le="1"}')).toBe(0);
  expect(value(text, 'scheduler_check_duration_seconds_bucket{le="2.5"}')).toBe(1);
  expect(value(text, "scheduler_lock_held")).toBe(1);
});

test("two sets of metrics share nothing", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.newItems.inc(3);
  expect(value(await other.render(), "new_items_found_total")).toBe(0);
});

test("computed gauges are asked at each scrape", async () => {
  const metrics = createMetrics();
  let age: number | undefined;
  metrics.lastHeartbeat(() => age);
  metrics.poolSize(() => 4);
  expect(value(await metrics.render(), "database_connection_pool_size")).toBe(4);
  for (age of [1.5, 0, 70]) expect(value(await metrics.render(), "last_heartbeat_seconds_ago")).toBe(age);
});

test("a heartbeat never seen is as old as the process, so that an alert on its age fires", async () => {
  const metrics = createMetrics();
  for (const told of [false, true]) {
    if (told) metrics.lastHeartbeat(() => undefined);
    const before = process.uptime();
    expect(value(await metrics.render(), "last_heartbeat_seconds_ago")).toBeGreaterThanOrEqual(before);
  }
});

test("the event loop's delay is told alike to all who scrape", async () => {
  const metrics = createMetrics();
  metrics.eventLoopDelay.observe(0.02);
  metrics.eventLoopDelay.observe(0.3);
  for (const _scraper of ["one", "another"]) {
    const text = await metrics.render();
    expect(value(text, "event_loop_delay_seconds_count")).toBe(2);
    expect(value(text, 'event_loop_delay_seconds_bucket{le="0.1"}')).toBe(1);
    expect(text, "these begin anew at each scrape").not.toContain("nodejs_eventloop_lag");
  }
});

test("the build tells its version and Node's", async () => {
  expect(await createMetrics().render()).toMatch(
    new RegExp(`^build_info\\{version="\\d+\\.\\d+\\.\\d+",node="${process.versions.node}"\\} 1$`, "m"),
  );
});
