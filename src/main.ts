import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GrammyError } from "grammy";
import type { Update } from "grammy/types";
import packageJson from "../package.json" with { type: "json" };
import { ALLOWED_UPDATES, createBot } from "./bot/bot.ts";
import { loadTexts } from "./bot/texts.ts";
import { type LeaderEvent, lead } from "./checker/leader.ts";
import { sources } from "./checker/sources/index.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { openDatabase } from "./db/client.ts";
import { migrate } from "./db/migrate.ts";
import { sql } from "./db/orm.ts";
import { startServer } from "./http/server.ts";
import { workAsLeader } from "./leadership.ts";
import { createLog, type Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";

/** A stop takes at most this long; what is not finished then is cut off, and taken up by the next leader. */
const STOP_MS = 24_000;

async function main(): Promise<void> {
  // Also what `npm ci` runs, to compile every module once: docs/decisions/001-drizzle-as-commonjs.md.
  if (process.argv[2] === "--version") return void process.stdout.write(`wishbell ${packageJson.version}\n`);
  if (existsSync(".env")) process.loadEnvFile(".env");
  const config = readConfig(process.env);
  const secrets = [config.botToken, config.database.authToken, config.webhook?.secret].filter(
    (secret) => secret !== undefined,
  );
  const log = createLog({ level: config.logLevel, secrets });
  for (const warning of config.warnings) log.warn(warning);
  const die = (error: unknown) => {
    log.fatal({ err: error }, "unexpected error");
    process.exit(1);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  try {
    await run(config, log, stopSignal(log));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    die(error);
  }
}

async function run(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  const metrics = createMetrics({ sources: Object.keys(sources) });
  const state = { migrated: false, initialised: false, leader: false, instance: randomUUID() };
  await using db = await openDatabase({
    ...config.database,
    observe: {
      statement(query, statements, seconds) {
        metrics.sqlDuration.observe({ query }, seconds);
        metrics.sqlStatements.inc({ query }, statements);
      },
      waited: (seconds) => metrics.databaseWait.observe(seconds),
      poisoned: () => metrics.dbPoison.inc(),
    },
  });
  metrics.poolSize(() => db.connections());

  const texts = loadTexts();
  const { botToken: token, botApiRoot: apiRoot, maxTrackings } = config;
  const bot = createBot({
    token,
    apiRoot,
    db,
    texts,
    maxTrackings,
    failed: (error, updateId) => log.error({ err: error, update_id: updateId }, "update failed"),
  });
  const handle = async (update: Update) => {
    const end = metrics.updateDuration.startTimer();
    metrics.updates.inc({ kind: Object.keys(update).find((key) => key !== "update_id") ?? "none" });
    await bot.handleUpdate(update);
    end();
  };

  const server = await startServer({
    host: config.host,
    port: config.port,
    log,
    metrics,
    ready: async () => {
      if (state.migrated) await db.for("ready").run(sql`SELECT 1`);
      const { migrated, initialised, leader } = state;
      return { ready: migrated && initialised, details: { migrated, initialised, leader } };
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
    log.info({ port: server.port, migrations: applied, instance: state.instance }, "started");
    await reachTelegram(bot, config, log, signal);
    state.initialised = !signal.aborted;
    const watch = watchLock(config, log, metrics, state);
    const stopped = lead(
      {
        orm: db.for,
        instanceId: state.instance,
        heartbeatMs: config.heartbeatMs,
        staleMs: config.lockStaleMs,
        ...watch,
      },
      (leader) => workAsLeader({ config, db, log, metrics, texts, handle }, leader),
      signal,
    );
    signal.addEventListener("abort", () => void server.stopAccepting(), { once: true });
    await stopped;
    await server.stopAccepting();
  } finally {
    await server.close();
  }
  log.info("stopped");
}

/** Makes sure of the token and the webhook; waits for as long as Telegram cannot be reached. */
async function reachTelegram(bot: ReturnType<typeof createBot>, { webhook }: Config, log: Log, signal: AbortSignal) {
  for (let delayMs = 1_000; !signal.aborted; delayMs = Math.min(delayMs * 2, 30_000)) {
    try {
      await bot.init();
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
      log.warn({ err: error, retry_ms: delayMs }, "Telegram is not reached yet");
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Tells the log and the metrics what happens to the lock. */
function watchLock(config: Config, log: Log, metrics: ReturnType<typeof createMetrics>, state: { leader: boolean }) {
  let seen: { ageMs: number; at: number } | undefined;
  metrics.lastHeartbeat(() => (seen === undefined ? undefined : (seen.ageMs + performance.now() - seen.at) / 1000));
  return {
    seen: (ageMs: number) => {
      seen = { ageMs, at: performance.now() };
    },
    tell: (event: LeaderEvent) => {
      state.leader = event.kind === "acquired" || (event.kind === "heartbeat_failed" && state.leader);
      metrics.lockHeld.set(state.leader ? 1 : 0);
      switch (event.kind) {
        case "acquired":
          metrics.lockTerm.set(event.term.epoch);
          return log.info({ term: event.term.epoch }, "lock acquired");
        case "held": {
          const takeover = new Date(Date.now() + event.untilMs).toISOString();
          return log.info(
            { holder: event.by, takeover_at: takeover, stale_seconds: config.lockStaleMs / 1000 },
            "lock is held by another instance; it may be taken over at takeover_at unless its heartbeat goes on",
          );
        }
        case "lost":
          return log.error({ term: event.term.epoch, reason: event.reason }, "lock lost");
        case "released":
          return log.info({ term: event.term.epoch }, "lock released");
        case "heartbeat_failed":
          return log.warn({ err: event.error }, "heartbeat failed");
        case "unreadable":
          return log.warn({ err: event.error }, "lock cannot be read");
      }
    },
  };
}

/** Aborts at the first SIGTERM or SIGINT; the second, or a stop that takes too long, ends the process at once. */
function stopSignal(log: Log): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      log.info({ signal: name }, "stopping");
      stop.abort();
      setTimeout(() => process.exit(1), STOP_MS).unref();
    });
  }
  return stop.signal;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Whatever still holds the loop open (an idle connection) is not worth waiting for.
process.exit();
