import { setTimeout as sleep } from "node:timers/promises";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import packageJson from "../package.json" with { type: "json" };
import type { Look } from "./checker/source.ts";

export type Metrics = ReturnType<typeof createMetrics>;

const looks: Look["outcome"][] = [
  "complete",
  "empty",
  "unchanged",
  "not_found",
  "private",
  "partial",
  "blocked",
  "page_changed",
  "unreachable",
  "too_long",
];

// Upper bounds in seconds, up to what ends such a thing: a request's deadline, Telegram's patience, a check's length.
const buckets = {
  http: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  sql: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 8],
  wait: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60],
  check: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300],
};

/** How often the event loop's delay is sampled: 10 ms costs 0.9 % of a core, 20 ms half of that. */
const samplingMs = 20;

/**
 * Everything that /metrics tells, in a registry of its own. Every name is there from the start. A scrape runs no SQL:
 * what is not counted as it happens is asked from memory, of the functions given to `lastHeartbeat` and `poolSize`.
 * @param options.sources names whose series start at 0 instead of appearing with the first event
 */
export function createMetrics({ sources = [] }: { sources?: string[] } = {}) {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers });
  const seconds = <L extends string = never>(name: string, help: string, bounds: number[], ...labelNames: L[]) =>
    new Histogram({ name, help, buckets: bounds, labelNames, registers });
  /** A gauge that is asked at each scrape; until it is told whom, it asks `first`. */
  function asked(name: string, help: string, first: () => number | undefined) {
    let read = first;
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read() ?? first() ?? 0);
      },
    });
    return (from: () => number | undefined) => {
      read = from;
    };
  }

  const metrics = {
    httpDuration: seconds(
      "http_request_duration_seconds",
      "Requests to this server; status 499: the client left before the answer",
      buckets.http,
      "method",
      "route",
      "status",
    ),
    updates: counter("updates_total", "Telegram updates handled", "kind"),
    updateDuration: seconds("update_duration_seconds", "Handling of one Telegram update", buckets.http),
    activeUsers: gauge("active_users_total", "Chats that can be written to"),

    sqlDuration: seconds(
      "sql_query_duration_seconds",
      "Statements and batches, with their wait; background loops' start with loop_",
      buckets.sql,
      "query",
    ),
    sqlStatements: counter("sql_statements_total", "SQL statements run", "query"),
    databaseWait: seconds("database_wait_seconds", "Wait of a write for its turn and the lock", buckets.wait),
    dbPoison: counter("db_poison_total", "SQLITE_BUSY that escaped to a prepared statement; must stay 0"),
    /** Tells which function knows the number of open connections. */
    poolSize: asked("database_connection_pool_size", "Open database connections", () => 0),

    lockHeld: gauge("scheduler_lock_held", "1 on the leader, 0 on a stand-by"),
    lockTerm: gauge("scheduler_lock_term", "Epoch of the lock as last seen; grows by 1 at each change of holder"),
    /** Tells which function knows the age, in seconds, of the leader's heartbeat as last seen (undefined: never seen). */
    lastHeartbeat: asked(
      "last_heartbeat_seconds_ago",
      "Age of the leader's heartbeat as last seen; until one is seen, of this process",
      () => process.uptime(),
    ),

    checkDuration: seconds("scheduler_check_duration_seconds", "One look at one streamer, recorded", buckets.check),
    streamersChecked: counter("streamers_checked_total", "Checks by outcome", "source", "outcome"),
    newItems: counter("new_items_found_total", "Items that were news"),
    lookups: counter("lookups_total", "First looks at unknown streamers by outcome", "outcome"),
    sourceRequests: counter("source_requests_total", "Requests to wishlist sites by outcome", "source", "outcome"),
    sourceBudgetUsed: gauge("source_budget_used", "Requests in the last 60 s against the politeness budget", "source"),
    sourceDistrusted: gauge(
      "source_distrusted",
      "1 while too few looks are whole and plausible to draw conclusions",
      "source",
    ),
    scheduleStretch: gauge(
      "schedule_stretch",
      "By what even the longest check intervals are stretched to keep the budget; 1: not at all",
      "source",
    ),
    scheduleLoad: gauge("schedule_load", "Planned requests as a share of the checks' budget", "source"),
    sourcePaused: gauge("source_paused", "1 while the site is left alone because it asked for it", "source"),

    notificationsSent: counter("notifications_sent_total", "Notifications that Telegram accepted"),
    notificationsParked: counter("notifications_parked_total", "Notifications given up"),
    telegramAnswers: counter("telegram_answers_total", "Answers of the Bot API by meaning", "method", "answer"),
    outboxDepth: gauge("outbox_depth", "Messages owed and not yet sent"),
  };

  gauge("build_info", "Always 1; the labels tell what runs", "version", "node").set(
    { version: packageJson.version, node: process.versions.node },
    1,
  );
  metrics.httpDuration.zero({ method: "POST", route: "/webhook", status: "200" });
  for (const source of sources) {
    for (const outcome of looks) metrics.streamersChecked.inc({ source, outcome }, 0);
    metrics.sourceBudgetUsed.set({ source }, 0);
    metrics.sourcePaused.set({ source }, 0);
    metrics.sourceDistrusted.set({ source }, 0);
    metrics.scheduleStretch.set({ source }, 1);
  }

  // Watching garbage collection and the event loop starts with the first scrape: who scrapes nothing pays nothing.
  let watching: Promise<void> | undefined;
  async function render(): Promise<string> {
    watching ??= watchProcess(registry);
    await watching;
    return await registry.metrics();
  }

  return { ...metrics, registry, contentType: registry.contentType, render };
}

/** Node's own metrics, and the event loop's longest delay from the monitor that they already run. */
async function watchProcess(registry: Registry) {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: samplingMs });
  const longest = registry.getSingleMetric("nodejs_eventloop_lag_max_seconds");
  new Gauge({
    name: "event_loop_delay_seconds",
    help: "The longest delay of the event loop since the last scrape",
    registers: [registry],
    async collect() {
      // A sample is the time between two ticks, the pause that was asked for included.
      const between = (await longest?.get())?.values[0]?.value ?? 0;
      this.set(Math.max(0, between - samplingMs / 1000));
    },
  });
  await sleep(2 * samplingMs); // without a first sample Node tells nonsense (a least delay of 292 years)
}
