import { types } from "node:util";
import type { DestinationStream, Logger } from "pino";
import { pino } from "pino";
import type { LogLevel } from "./config.ts";
import { unquoted } from "./delivery/unquoted.ts";
import type { LogEvent } from "./incidents.ts";
import { openOutput } from "./output.ts";

export type Log = Logger;

export type LogOptions = {
  level: LogLevel;
  /** Exact values that must not appear. */
  secrets: string[];
  destination?: DestinationStream;
  /** How a line reads where people read it, without its secrets already; JSON otherwise. */
  format?: ((line: string) => string) | undefined;
  /** Told of each warning and each error as it is written. */
  noted?: (event: LogEvent) => void;
};

const WARNING = /^\{"level":"(?:warn|error|fatal)"/;

/**
 * One JSON event per line, on stdout unless `destination` says otherwise; docs/operating.md lists the fields. No line
 * holds a secret, plain or URL-encoded, nor anything that looks like a bot token; of errors only the fields that are safe
 * and useful are written.
 */
export function createLog(options: LogOptions): Log {
  const { noted, format = (line: string) => line } = options;
  const redact = redactor(options.secrets);
  const write = (line: string) => {
    const safeLine = redact(line);
    if (noted !== undefined && WARNING.test(safeLine)) noted(JSON.parse(safeLine));
    return format(safeLine);
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (event) => safe(event) as Record<string, unknown> },
      serializers: { err: safe, error: safe }, // for the bindings of child loggers, which formatters do not see
      hooks: { streamWrite: write },
    },
    options.destination ?? openOutput(1, { resumed: (lines) => log.warn({ lines }, "log lines were dropped") }),
  );
  return log;
}

/** Resolves when what was logged so far is written; when nobody reads it, after half a second. */
export async function written(log: Log): Promise<void> {
  await new Promise<void>((resolve) => log.flush(() => resolve()));
}

const maxDepth = 6;
const maxText = 4000; // a failed batch's statement may be long
const redacted = "[redacted]";

/** The value with every error inside reduced to what may be logged. */
function safe(value: unknown, depth = 0): unknown {
  if (value instanceof Error || types.isNativeError(value)) return errorFields(value, depth);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return "[too deep]";
  if (Array.isArray(value)) return value.map((element) => safe(element, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, safe(field, depth + 1)]));
}

/**
 * Errors carry more than may be logged: GrammyError the message's text (`payload`) and pieces of it that Telegram quotes,
 * HttpError a FetchError whose text has the token, BotError the whole context, drizzle's all that was to be written.
 */
function errorFields(error: Error, depth: number): Record<string, unknown> {
  const { name, cause } = error;
  const { code, error_code, description, method, parameters, error: inner } = error as Error & Record<string, unknown>;
  const found = name === "HttpError" ? (code ?? innerCode(inner)) : code;
  const beneath = cause ?? (name === "BotError" ? inner : undefined);
  const [own, message] = [String(error.message), wordsOf(error)];
  const stack = String(error.stack ?? "");
  return {
    name,
    message: message.slice(0, maxText),
    // From the end: it starts with the message.
    stack: (own === message ? stack : stack.replace(own, () => message)).slice(-maxText),
    code: found,
    error_code,
    description: typeof description === "string" ? unquoted(description) : description,
    method,
    parameters,
    cause: depth < maxDepth ? safe(beneath, depth + 1) : undefined,
  };
}

/** What the error says, without the values of a statement and without what Telegram quotes. */
function wordsOf(error: Error): string {
  const { message, query, description } = error as Error & { query?: unknown; description?: unknown };
  if (typeof query === "string" && "params" in error) return `Failed query: ${query}`;
  return typeof description === "string" ? message.replace(description, unquoted) : String(message);
}

/** Why the network call failed: ECONNRESET and the like, or what the fetch calls it ("invalid-json", "AbortError"). */
function innerCode(inner: unknown): unknown {
  if (typeof inner !== "object" || inner === null) return undefined;
  const { code, type, name } = inner as Record<string, unknown>;
  return code ?? type ?? name;
}

/** The last guard: whatever reached the line by whatever way. */
function redactor(secrets: string[]): (line: string) => string {
  // No \b in front: in /bot123456:… there is no word boundary between "t" and "1".
  const token = /\d{6,}(?::|%3a)[\w-]{30,}/gi;
  const exact = [...new Set(secrets.flatMap(forms))].sort((a, b) => b.length - a.length);
  const inJson = exact.map((secret) => JSON.stringify(secret).slice(1, -1));
  const hide = (text: string) =>
    exact.reduce((rest, secret) => rest.replaceAll(secret, redacted), text.replace(token, redacted));

  return (line) => {
    if (!inJson.some((secret) => line.includes(secret)) && line.search(token) < 0) return line;
    // Replaced in the parsed strings and keys: in the line itself a short secret could break the JSON.
    const event = JSON.parse(line, (_key, value: unknown) => {
      if (typeof value === "string") return hide(value);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, field]) => [hide(key), field]));
    });
    return `${JSON.stringify(event)}\n`;
  };
}

/** A secret as it may be written; of a bot token also the half after the colon, which is the secret one. */
function forms(secret: string): string[] {
  const half = /^\d+:([\w-]{8,})$/.exec(secret)?.[1];
  const encoded = encodeURIComponent(secret);
  const lower = encoded.replace(/%[\dA-F]{2}/g, (byte) => byte.toLowerCase());
  return [secret, encoded, lower, half ?? ""].filter((form) => form !== "");
}
