import { createHmac } from "node:crypto";
import { isIP } from "node:net";
import { envReader } from "./env.ts";

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export type Config = {
  botToken: string;
  botApiRoot: string;
  database: { url: string; authToken?: string };
  /** Absent: long polling. `url` is the full address, ending in /webhook. */
  webhook?: { url: string; secret: string };
  host: string;
  /** 0: any free port. */
  port: number;
  /** An origin: no path, no trailing slash. */
  fettaBaseUrl: string;
  checkIntervalMs: number;
  maxCheckIntervalMs: number;
  sourceRequestsPerMinute: number;
  sourceConcurrency: number;
  /** May be a fraction: 0.5 is a message every two seconds. */
  messagesPerSecond: number;
  maxTrackings: number;
  heartbeatMs: number;
  lockStaleMs: number;
  adminIds: number[];
  logLevel: LogLevel;
  /** What works but should be looked at, one sentence each, without secrets. */
  warnings: string[];
};

/** `message` names every fault, one per line: what was found, what is expected, what to do. It holds no secret. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

const telegram = "https://api.telegram.org";
const maxSeconds = 2_147_483; // the longest timer that Node can set

/**
 * Reads the environment; `.env.example` lists the variables and their defaults.
 * @throws {ConfigError} naming all faults at once
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const { faults, text, shown, number, baseUrl } = envReader(env, [
    "BOT_TOKEN",
    "DATABASE_AUTH_TOKEN",
    "WEBHOOK_SECRET",
  ]);
  const warnings: string[] = [];

  const botToken = text("BOT_TOKEN") ?? "";
  if (botToken === "") {
    faults.push(
      "BOT_TOKEN is not set: get a token from @BotFather in Telegram and put it into .env as BOT_TOKEN=…, or run `npm run demo` to see Wishbell work without one.",
    );
  } else if (!/^\d+:[\w-]+$/.test(botToken)) {
    faults.push(
      `BOT_TOKEN is set, but its ${botToken.length} characters are not of the form <digits>:<letters, digits, _ or ->. Copy it again, whole, from @BotFather.`,
    );
  }

  const botApiRoot = baseUrl("BOT_API_ROOT") ?? telegram;
  const webhookBase = baseUrl("WEBHOOK_URL");
  const fettaBaseUrl = baseUrl("FETTA_BASE_URL") ?? "https://fetta.app";
  if (new URL(fettaBaseUrl).origin !== fettaBaseUrl) {
    faults.push(
      `FETTA_BASE_URL is ${shown(fettaBaseUrl)}. Remove the path: an origin like https://fetta.app is expected.`,
    );
  }
  if (new URL(botApiRoot).hostname === new URL(telegram).hostname) {
    // With a Bot API server of one's own, http may be a private network; Telegram's is on the internet.
    if (isOpen(botApiRoot)) warnings.push(`BOT_API_ROOT is http: the token travels unencrypted. Use ${telegram}.`);
    if (isOpen(webhookBase)) warnings.push("WEBHOOK_URL is http: Telegram delivers updates to https addresses only.");
    if (isOpen(fettaBaseUrl)) warnings.push("FETTA_BASE_URL is http: what it answers can be forged on the way.");
  }
  if (webhookBase?.endsWith("/webhook")) {
    warnings.push(`WEBHOOK_URL ends in /webhook and another one is added: updates go to ${webhookBase}/webhook.`);
  }

  const secret = text("WEBHOOK_SECRET");
  if (secret !== undefined && !/^[\w-]{1,256}$/.test(secret)) {
    faults.push(
      `WEBHOOK_SECRET has ${secret.length} characters, not 1 to 256 of A-Z a-z 0-9 _ and - only. Choose another, or remove it: one is derived from the token.`,
    );
  } else if (secret !== undefined && secret.length < 16) {
    warnings.push(
      `WEBHOOK_SECRET is short (${secret.length} characters) and may be guessed. Remove it, or use 32 or more.`,
    );
  }

  const databaseUrl = databaseUrlOf({ faults, text });
  const authToken = text("DATABASE_AUTH_TOKEN");
  if (authToken !== undefined && isOpen(databaseUrl)) {
    warnings.push("DATABASE_URL is http: DATABASE_AUTH_TOKEN travels unencrypted. Use libsql:// or https://.");
  }

  const host = text("HOST") ?? "0.0.0.0";
  if (isIP(host) === 0 && !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(host)) {
    faults.push(`HOST is ${shown(host)}, neither an IP address nor a host name. Correct it, or remove it for 0.0.0.0.`);
  }

  const checkInterval = number("CHECK_INTERVAL_SECONDS", 300, 1, maxSeconds);
  const maxCheckInterval = number("MAX_CHECK_INTERVAL_SECONDS", Math.max(3600, checkInterval || 0), 1, maxSeconds);
  if (maxCheckInterval < checkInterval) {
    faults.push(
      `MAX_CHECK_INTERVAL_SECONDS is ${maxCheckInterval}, less than CHECK_INTERVAL_SECONDS, which is ${checkInterval}. Raise the first or lower the second.`,
    );
  }
  const heartbeat = number("HEARTBEAT_SECONDS", 20, 1, maxSeconds);
  const lockStale = number("LOCK_STALE_SECONDS", 60, 1, maxSeconds);
  if (lockStale < 3 * heartbeat) {
    faults.push(
      `LOCK_STALE_SECONDS is ${lockStale}, less than three times HEARTBEAT_SECONDS, which is ${heartbeat}. Set it to ${3 * heartbeat} or more, or lower HEARTBEAT_SECONDS.`,
    );
  }

  const adminIds = (text("ADMIN_IDS") ?? "").split(/[\s,]+/).filter((id) => id !== "");
  for (const id of adminIds.filter((id) => !/^[1-9]\d{0,14}$/.test(id))) {
    faults.push(
      `ADMIN_IDS has ${shown(id)}, not a Telegram user id. List numbers like 123456789, separated by commas.`,
    );
  }
  const levelText = text("LOG_LEVEL") ?? "info";
  const logLevel = logLevels.find((level) => level === levelText.toLowerCase());
  if (logLevel === undefined) faults.push(`LOG_LEVEL is ${shown(levelText)}. Choose one of ${logLevels.join(", ")}.`);

  const config: Config = {
    botToken,
    botApiRoot,
    database: { url: databaseUrl ?? "", ...(authToken !== undefined && { authToken }) },
    ...(webhookBase !== undefined && {
      webhook: { url: `${webhookBase}/webhook`, secret: secret ?? derivedSecret(botToken) },
    }),
    host,
    port: number("PORT", 8080, 0, 65_535),
    fettaBaseUrl,
    checkIntervalMs: checkInterval * 1000,
    maxCheckIntervalMs: maxCheckInterval * 1000,
    sourceRequestsPerMinute: number("SOURCE_REQUESTS_PER_MINUTE", 12, 1, 60_000),
    sourceConcurrency: number("SOURCE_CONCURRENCY", 2, 1, 1000),
    messagesPerSecond: number("MESSAGES_PER_SECOND", 29, 0.01, 1000, /^\d+(\.\d+)?$/),
    maxTrackings: number("MAX_TRACKINGS", 50, 1, 1_000_000),
    heartbeatMs: heartbeat * 1000,
    lockStaleMs: lockStale * 1000,
    adminIds: [...new Set(adminIds.map(Number))],
    logLevel: logLevel ?? "info",
    warnings,
  };
  if (faults.length > 0) throw new ConfigError(faults.join("\n"));
  return config;
}

/**
 * Where the database is, for programs that need no other setting.
 * @throws {ConfigError}
 */
export function readDatabase(env: NodeJS.ProcessEnv): Config["database"] {
  const reader = envReader(env, ["DATABASE_AUTH_TOKEN"]);
  const url = databaseUrlOf(reader);
  if (url === undefined) throw new ConfigError(reader.faults.join("\n"));
  const authToken = reader.text("DATABASE_AUTH_TOKEN");
  return { url, ...(authToken !== undefined && { authToken }) };
}

/** Undefined when it is faulty. */
function databaseUrlOf({ faults, text }: Pick<ReturnType<typeof envReader>, "faults" | "text">): string | undefined {
  const url = text("DATABASE_URL") ?? "file:data/wishbell.db";
  const fault = faultOfDatabase(url);
  if (fault === undefined) return url;
  faults.push(`DATABASE_URL ${fault}`);
  return undefined;
}

/** Whatever is not loopback can be read on the way when it is not https. */
function isOpen(base: string | undefined): boolean {
  if (base === undefined || !base.startsWith("http:")) return false;
  return !/^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(base).hostname);
}

/** Every instance derives the same secret, and nobody can tell the token from it. */
function derivedSecret(botToken: string): string {
  return createHmac("sha256", botToken).update("wishbell webhook secret").digest("base64url");
}

/** The rest of a sentence that starts with the variable's name. The address may hold a token, so it is not quoted. */
function faultOfDatabase(url: string): string | undefined {
  const scheme = /^[a-z][a-z\d+.-]*:/i.exec(url)?.[0];
  if (/:memory:|[?&]mode=memory/.test(url)) {
    return "keeps everything in memory, where a restart loses it. Use a file, like file:data/wishbell.db.";
  }
  if (scheme === undefined || !["file:", "libsql:", "https:", "http:"].includes(scheme)) {
    const found = scheme === undefined ? "has no scheme" : `starts with ${scheme}`;
    return `${found}. Use file:<path>, libsql://<host>, https://<host> or http://<host>.`;
  }
  if (scheme === "file:") {
    return /^file:\/*$/.test(url) ? "names no file. Write its path, like file:data/wishbell.db." : undefined;
  }
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "")
    return `names no host. Write it in full, like ${scheme}//db.example.org.`;
  if (parsed.username || parsed.password || parsed.searchParams.has("authToken")) {
    return "holds a password or a token. Move it to DATABASE_AUTH_TOKEN, which is kept out of the log.";
  }
  return undefined;
}
