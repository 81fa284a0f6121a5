import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bot, GrammyError } from "grammy";
import type { Update } from "grammy/types";
import packageJson from "../package.json" with { type: "json" };
import { createBot } from "./bot/bot.ts";
import { loadTexts } from "./bot/texts.ts";
import { ALLOWED_UPDATES } from "./bot/updates.ts";
import { type Leader, type LeaderEvent, lead } from "./checker/leader.ts";
import { knownSites } from "./checker/sources/known-sites.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { openDatabase } from "./db/client.ts";
import { readHalts } from "./db/halts.ts";
import { noteIncidents } from "./db/incidents.ts";
import { releaseLock } from "./db/lock.ts";
import { migrate } from "./db/migrate.ts";
import { createPace } from "./delivery/pace.ts";
import { watchAnswers } from "./delivery/watch.ts";
import { startServer } from "./http/server.ts";
import { createIncidents, type Incidents, keepIncidents } from "./incidents.ts";
import { createLog, type Log, written } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { forTerminal } from "./pretty.ts";
import { tellUpdates } from "./reports.ts";
import { watchEventLoop } from "./standstill.ts";
import { createStop, type Stop } from "./stop.ts";

/** The deadline of a request to a database server; a heartbeat that misses it is made again within the leader's trust. */
const requestTimeoutMs = ({ lockStaleMs }: Config) => Math.min(8_000, lockStaleMs / 6);
/** How long a leader may take to finish what it has begun: the process has 22 s to stop. */
const FINISH_MS = 18_000;

async function main(): Promise<void> {
  if (process.argv[2] === "--version") {
    // Also what `npm ci` runs, to compile every module once: docs/decisions/001-start-without-a-build-step.md.
    await Promise.all([import("./leadership.ts"), import("./db/remote.ts"), createMetrics().render()]);
    return void process.stdout.write(`wishbell ${packageJson.version}\n`);
  }
  if (existsSync(".env")) process.loadEnvFile(".env");
  const config = readConfig(process.env);
  const secrets = [config.botToken, config.database.authToken, config.webhook?.secret].filter(
    (secret) => secret !== undefined,
  );
  const incidents = createIncidents();
  // Only operators ask for them.
  const noted = config.adminIds.length > 0 ? incidents.note : undefined;
  const log = createLog({ level: config.logLevel, secrets, format: await forTerminal(), ...(noted && { noted }) });
  for (const warning of config.warnings) log.warn(warning);
  const stop = createStop(log);
  try {
    await run(config, log, stop, incidents);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    stop.fail(error, "cannot run");
  } finally {
    await written(log);
  }
}

async function run(config: Config, log: Log, { signal, lastly }: Stop, incidents: Incidents): Promise<void> {
  const metrics = createMetrics({ sources: Object.keys(knownSites) });
  using _watch = watchEventLoop({
    delayed: (seconds) => metrics.eventLoopDelay.observe(seconds),
    stood: ({ ms, cpuMs }) => log.warn({ duration_ms: ms, cpu_ms: cpuMs }, "the event loop stood still"),
  });
  const instance = randomUUID();
  const state = { migrated: false, initialised: false };
  let leading: Leader | undefined;
  const isLeader = () => leading?.trusted() ?? false;
  await using db = await openDatabase({
    ...config.database,
    requestTimeoutMs: requestTimeoutMs(config),
    observe: {
      statement(query, statements, seconds) {
        metrics.sqlDuration.observe({ query }, seconds);
        metrics.sqlStatements.inc({ query }, statements);
      },
      waited: (seconds) => metrics.databaseWait.observe(seconds),
      poisoned: () => metrics.dbPoison.inc(),
    },
  });
  await using _incidents = keepIncidents(incidents, (list) => noteIncidents(db.for("loop_incidents"), list));
  metrics.poolSize(() => db.connections());

  const texts = loadTexts();
  const { botToken: token, botApiRoot: apiRoot, maxTrackings, adminIds } = config;
  const pace = createPace(config.messagesPerSecond);
  const bot = createBot({
    token,
    apiRoot,
    db,
    texts,
    maxTrackings,
    adminIds,
    deployment: {
      instance,
      version: packageJson.version,
      messagesPerSecond: config.messagesPerSecond,
      requestsPerMinute: config.sourceRequestsPerMinute,
    },
    sends: pace.overtaken,
    watch: watchAnswers((method, answer) => metrics.telegramAnswers.inc({ method, answer })),
    handled: tellUpdates({ log, metrics }),
  });
  const handle = (update: Update) => bot.handleUpdate(update);

  const server = await startServer({
    host: config.host,
    port: config.port,
    log,
    metrics: {
      ...metrics,
      render: () => {
        // Asked now: a process that has stood still would tell what it was before.
        metrics.lockHeld.set(isLeader() ? 1 : 0);
        const bytes = db.size();
        if (bytes !== undefined) metrics.databaseSize.set(bytes);
        return metrics.render();
      },
    },
    ready: async () => {
      const halted = state.migrated ? (await readHalts(db.for("ready"))).map(({ part }) => part) : [];
      return { ready: state.migrated && state.initialised, details: { ...state, leader: isLeader(), halted } };
    },
    webhook: config.webhook && {
      secret: config.webhook.secret,
      handle: async (update) => {
        if (!state.initialised) throw new Error("not ready for updates yet");
        await handle(update);
      },
    },
  });
  try {
    const applied = await migrate(db);
    state.migrated = true;
    log.info({ port: server.port, migrations: applied, instance }, "started");
    signal.addEventListener("abort", () => void server.stopAccepting(), { once: true });
    await Promise.race([reachTelegram(bot, config, log, signal), aborted(signal)]);
    state.initialised = !signal.aborted;
    const { heartbeatMs, lockStaleMs: staleMs } = config;
    const lock = { instanceId: instance, heartbeatMs, staleMs, finishMs: FINISH_MS };
    const work = async (leader: Leader) => {
      leading = leader;
      lastly(() => releaseLock(db.for("loop_release"), leader.term));
      // Loaded here: it is a third of all modules, and nobody else needs it.
      const { workAsLeader } = await import("./leadership.ts");
      await workAsLeader({ config, db, log, metrics, texts, pace, handle }, leader);
    };
    await lead({ orm: db.for, ...lock, ...watchLock(config, log, metrics) }, work, signal);
    await server.stopAccepting();
  } finally {
    await server.close();
  }
  log.info("stopped");
}

/** Makes sure of the token and the webhook; waits for as long as Telegram cannot be reached. */
async function reachTelegram(bot: Bot, { webhook }: Config, log: Log, signal: AbortSignal): Promise<void> {
  for (let delayMs = 1_000; !signal.aborted; delayMs = Math.min(delayMs * 2, 30_000)) {
    try {
      // Not bot.init(): it would try again by itself, unseen and unstoppable, after pauses of up to 20 minutes.
      bot.botInfo = await bot.api.getMe();
      if (webhook !== undefined) {
        await bot.api.setWebhook(webhook.url, { secret_token: webhook.secret, allowed_updates: ALLOWED_UPDATES });
      }
      log.info({ username: bot.botInfo.username, updates: webhook === undefined ? "polling" : "webhook" }, "ready");
      return;
    } catch (error) {
      if (error instanceof GrammyError && (error.error_code === 401 || error.error_code === 404)) {
        throw new ConfigError(
          "Telegram does not know this BOT_TOKEN: it may have been revoked. Copy it again from @BotFather.",
        );
      }
      // Tried again all the same: a host name may be so new that Telegram does not find it yet.
      const isRefused = error instanceof GrammyError && error.method === "setWebhook" && error.error_code === 400;
      log.warn(
        { err: error, retry_ms: delayMs },
        isRefused ? "Telegram refuses WEBHOOK_URL" : "Telegram is not reached yet",
      );
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Tells the log and the metrics what happens to the lock. */
function watchLock(config: Config, log: Log, metrics: Metrics) {
  let seen: { ageMs: number; at: number } | undefined;
  metrics.lastHeartbeat(() => (seen === undefined ? undefined : (seen.ageMs + performance.now() - seen.at) / 1000));
  return {
    seen: (ageMs: number) => {
      seen = { ageMs, at: performance.now() };
    },
    tell: (event: LeaderEvent) => {
      switch (event.kind) {
        case "acquired":
          metrics.lockTerm.set(event.term.epoch);
          return log.info({ term: event.term.epoch, instance: event.term.instanceId }, "lock acquired");
        case "held": {
          metrics.lockTerm.set(event.epoch);
          const takeover = new Date(Date.now() + event.untilMs).toISOString();
          return log.info(
            { holder: event.by, term: event.epoch, takeover_at: takeover, stale_ms: config.lockStaleMs },
            "lock is held by another instance; it may be taken over at takeover_at unless its heartbeat goes on",
          );
        }
        case "lost":
          return log.error({ term: event.term.epoch, reason: event.reason }, "lock lost");
        case "released":
          return log.info({ term: event.term.epoch }, "lock released");
        case "release_failed":
          return log.warn({ err: event.error }, "lock not released");
        case "heartbeat_failed":
          return log.warn({ err: event.error }, "heartbeat failed");
        case "unreachable":
          return log.warn({ err: event.error }, "lock cannot be read or taken");
      }
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Whatever still holds the loop open (an idle connection) is not worth waiting for.
process.exit();
