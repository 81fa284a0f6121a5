import type * as promClient from "prom-client";
import packageJson from "../package.json" with { type: "json" };
import type { UpdateKind } from "./bot/updates.ts";
import type { Look } from "./checker/source.ts";
import { PARTS } from "./db/halts.ts";
import type { LookupOutcome } from "./db/lookups.ts";
import type { Meaning } from "./delivery/answers.ts";
import { Counter, Gauge, Histogram, loadDefaultMetrics, Registry } from "./prometheus.ts";

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

const lookupOutcomes: LookupOutcome[] = [
  "tracking",
  "full",
  "not_found",
  "private",
  "too_long",
  "page_changed",
  "partial",
  "blocked",
  "unreachable",
  "gave_up",
  "cancelled",
];

const kinds: UpdateKind[] = ["message", "channel_post", "callback_query", "my_chat_member"];

const meanings: Meaning[] = [
  "wait",
  "retry",
  "gateway",
  "unknown",
  "closed",
  "suspect",
  "migrated",
  "suspended",
  "topic_closed",
  "refused",
  "unchanged",
  "revoked",
];

// Upper bounds in seconds, up to what ends such a thing: a request's deadline, Telegram's patience, a check's length.
const buckets = {
  http: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  sql: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 8],
  wait: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60],
  check: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300],
  delay: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
  budget: [0.01, 0.1, 1, 5, 15, 30, 60, 120, 300, 900, 3600],
  delivery: [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400],
};

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
    updateDuration: seconds("update_duration_seconds", "Handling of one Telegram update", buckets.http, "kind"),
    updatesFailed: counter("updates_failed_total", "Updates whose handler threw; the person was asked to try again"),
    activeUsers: gauge("active_users_total", "Chats that can be written to and track somebody"),
    blockedChats: gauge("blocked_chats", "Chats that take no messages any more: blocked, left, deleted"),

    sqlDuration: seconds(
      "sql_query_duration_seconds",
      "Statements and batches, with their wait; background loops' start with loop_",
      buckets.sql,
      "query",
    ),
    sqlStatements: counter("sql_statements_total", "SQL statements run", "query"),
    databaseWait: seconds("database_wait_seconds", "Wait of a write for its turn and the lock", buckets.wait),
    dbPoison: counter("db_poison_total", "SQLITE_BUSY that escaped to a prepared statement; must stay 0"),
    databaseSize: gauge("database_size_bytes", "What the database takes, its write-ahead log included"),
    databaseFree: gauge("database_free_bytes", "Of it, what is free for what comes: it does not shrink by itself"),
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

    checkLag: gauge("check_lag_seconds", "How long the check that is latest has been due", "source"),
    checkDuration: seconds("scheduler_check_duration_seconds", "One look at one streamer, recorded", buckets.check),
    streamersChecked: counter("streamers_checked_total", "Checks by outcome", "source", "outcome"),
    newItems: counter("new_items_found_total", "Items that were news"),
    lookups: counter("lookups_total", "First looks at unknown streamers by outcome", "outcome"),
    sourceRequests: counter("source_requests_total", "Requests to wishlist sites by outcome", "source", "outcome"),
    sourceBudgetUsed: gauge("source_budget_used", "Requests in the last 60 s against the politeness budget", "source"),
    sourceBudget: gauge("source_budget", "Requests that may be made in 60 s now", "source"),
    sourceBudgetWait: seconds(
      "source_budget_wait_seconds",
      "Wait of a request for its turn in the budget",
      buckets.budget,
      "source",
      "purpose",
    ),
    sourceSlowness: gauge(
      "source_slowness",
      "By what the budget is divided because the site refused us; 1: not at all",
      "source",
    ),
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

    eventLoopDelay: seconds(
      "event_loop_delay_seconds",
      "How late the event loop was, asked 20 times a second",
      buckets.delay,
    ),

    notificationsSent: counter("notifications_sent_total", "Notifications that Telegram accepted"),
    notificationsParked: counter("notifications_parked_total", "Notifications given up"),
    telegramAnswers: counter("telegram_answers_total", "Answers of the Bot API by meaning", "method", "answer"),
    telegramLost: gauge(
      "telegram_lost",
      "1 while no news is sent because Telegram does not answer (silent) or refuses BOT_TOKEN (revoked)",
      "why",
    ),
    deliveryDelay: seconds(
      "detection_to_delivery_seconds",
      "From when news was found to when Telegram took it; held: the chat wanted it later (quiet hours, a digest)",
      buckets.delivery,
      "held",
    ),
    halted: gauge("work_halted", "1 while an operator has halted this part of the leader's work", "part"),
    outboxDepth: gauge("outbox_depth", "Messages owed and not yet sent"),
    outboxOldest: gauge(
      "outbox_oldest_seconds",
      "Age of the oldest message owed, without what chats hold back or refuse",
    ),
  };

  gauge("build_info", "Always 1; the labels tell what runs", "version", "node").set(
    { version: packageJson.version, node: process.versions.node },
    1,
  );
  metrics.httpDuration.zero({ method: "POST", route: "/webhook", status: "200" });
  for (const outcome of lookupOutcomes) metrics.lookups.inc({ outcome }, 0);
  for (const kind of kinds) {
    metrics.updates.inc({ kind }, 0);
    metrics.updateDuration.zero({ kind });
  }
  for (const answer of meanings) {
    for (const method of ["sendMessage", "getUpdates"]) metrics.telegramAnswers.inc({ method, answer }, 0);
  }
  for (const answer of ["sent", "ok", "skipped", "parked"]) {
    metrics.telegramAnswers.inc({ method: "sendMessage", answer }, 0);
  }
  metrics.telegramAnswers.inc({ method: "getUpdates", answer: "ok" }, 0);
  for (const held of ["no", "yes"]) metrics.deliveryDelay.zero({ held });
  for (const source of sources) {
    for (const outcome of looks) metrics.streamersChecked.inc({ source, outcome }, 0);
    metrics.sourceRequests.inc({ source, outcome: "200" }, 0);
    for (const purpose of ["check", "lookup"]) metrics.sourceBudgetWait.zero({ source, purpose });
  }
  standBy();

  /** What only a leader knows is at rest: whoever leads tells it. */
  function standBy() {
    const { activeUsers, blockedChats, outboxDepth, outboxOldest, telegramLost, databaseSize, databaseFree } = metrics;
    for (const gauge of [activeUsers, blockedChats, outboxDepth, outboxOldest, databaseSize, databaseFree])
      gauge.set(0);
    for (const why of ["silent", "revoked"]) telegramLost.set({ why }, 0);
    for (const part of PARTS) metrics.halted.set({ part }, 0);
    const { checkLag, sourceBudgetUsed, sourceBudget, sourceDistrusted, sourcePaused, scheduleLoad } = metrics;
    const { sourceSlowness, scheduleStretch } = metrics;
    for (const source of sources) {
      for (const gauge of [checkLag, sourceBudgetUsed, sourceBudget, sourceDistrusted, sourcePaused, scheduleLoad]) {
        gauge.set({ source }, 0);
      }
      for (const gauge of [sourceSlowness, scheduleStretch]) gauge.set({ source }, 1);
    }
  }

  // Watching garbage collection starts with the first scrape: who scrapes nothing pays nothing.
  let isWatched = false;
  async function render(): Promise<string> {
    if (!isWatched) watchProcess(registry);
    isWatched = true;
    return await registry.metrics();
  }

  return { ...metrics, registry, contentType: registry.contentType, render, standBy };
}

/**
 * Node's own metrics, except for those of the event loop: each scrape would begin them anew, so that two who scrape would
 * each see a part, and they cost a timer of their own. `event_loop_delay_seconds` takes their place.
 */
function watchProcess(registry: promClient.Registry) {
  loadDefaultMetrics()({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith("nodejs_eventloop_lag")) registry.removeSingleMetric(name);
  }
}

const NEVER_MS = 2 ** 31 - 1;
