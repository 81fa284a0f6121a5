import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../src/config.ts";

const token = "42:TEST-token_abcdefghijklmnopqrstuvwxyz";
const read = (env: NodeJS.ProcessEnv) => readConfig({ BOT_TOKEN: token, ...env });

/** The faults that `env` is refused with, one per line. */
function faults(env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig({ BOT_TOKEN: token, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("a token is all that must be given", () => {
  expect(read({})).toEqual({
    botToken: token,
    botApiRoot: "https://api.telegram.org",
    database: { url: "file:data/wishbell.db" },
    host: "0.0.0.0",
    port: 8080,
    fettaBaseUrl: "https://fetta.app",
    checkIntervalMs: 300_000,
    maxCheckIntervalMs: 3_600_000,
    sourceRequestsPerMinute: 12,
    sourceConcurrency: 2,
    messagesPerSecond: 29,
    maxTrackings: 50,
    heartbeatMs: 20_000,
    lockStaleMs: 60_000,
    adminIds: [],
    logLevel: "info",
    warnings: [],
  });
});

test(".env.example shows the defaults, and nothing that is not read", async () => {
  const example = await readFile(new URL("../.env.example", import.meta.url), "utf8");
  const shown = parseEnv(example.replaceAll(/^#(?=[A-Z_]+=)/gm, ""));
  expect(read({ ...shown, BOT_TOKEN: token })).toEqual(read({}));

  const asked = new Set<string>();
  const env = new Proxy({ BOT_TOKEN: token } as NodeJS.ProcessEnv, {
    get(target, name) {
      asked.add(String(name));
      return target[String(name)];
    },
  });
  readConfig(env);
  expect(Object.keys(shown).sort()).toEqual([...asked].sort());
});

test("values are trimmed and an empty value counts as none", () => {
  const config = readConfig({ BOT_TOKEN: ` ${token}\n`, PORT: " 0 ", HOST: "", LOG_LEVEL: "  ", WEBHOOK_URL: "" });
  expect(config).toMatchObject({ botToken: token, port: 0, host: "0.0.0.0", logLevel: "info" });
  expect(config.webhook).toBeUndefined();
});

test("without a token one sentence names the demo and BotFather", () => {
  expect(faults({ BOT_TOKEN: " " })).toEqual([
    expect.stringMatching(/^BOT_TOKEN is not set.*@BotFather.*`npm run demo`/),
  ]);
});

test("a malformed token is named but not shown", () => {
  for (const wrong of ["sesame-open-now", "sesame:open-now", "42:", `${token} x`, `"${token}"`]) {
    expect(faults({ BOT_TOKEN: wrong })).toEqual([expect.stringMatching(/^BOT_TOKEN is set, but .*@BotFather/)]);
    expect(faults({ BOT_TOKEN: wrong })[0]).not.toContain(wrong);
  }
});

test("every fault is reported at once, one per line", () => {
  const found = faults({
    BOT_TOKEN: "",
    PORT: "http",
    BOT_API_ROOT: "api.telegram.org",
    WEBHOOK_URL: "https://bell.example?x=1",
    WEBHOOK_SECRET: "no spaces",
    DATABASE_URL: ":memory:",
    HOST: "http://0.0.0.0",
    CHECK_INTERVAL_SECONDS: "5m",
    LOCK_STALE_SECONDS: "30",
    ADMIN_IDS: "1, ann",
    LOG_LEVEL: "loud",
  });
  expect(found.map((fault) => fault.split(" ")[0]).sort()).toEqual([
    "ADMIN_IDS",
    "BOT_API_ROOT",
    "BOT_TOKEN",
    "CHECK_INTERVAL_SECONDS",
    "DATABASE_URL",
    "HOST",
    "LOCK_STALE_SECONDS",
    "LOG_LEVEL",
    "PORT",
    "WEBHOOK_SECRET",
    "WEBHOOK_URL",
  ]);
});

test("no fault and no warning shows a secret, wherever it was pasted", () => {
  const secrets = [token, "hunter2-hunter2", "123456789:AAdifferent-token_abcdefghijklmnop"];
  const [botToken = "", authToken = "", otherToken = ""] = secrets;
  const places = [
    "PORT",
    "BOT_API_ROOT",
    "WEBHOOK_URL",
    "FETTA_BASE_URL",
    "DATABASE_URL",
    "HOST",
    "ADMIN_IDS",
    "LOG_LEVEL",
  ];
  for (const place of places) {
    for (const value of [
      botToken,
      otherToken,
      `https://ann:${authToken}@x.example`,
      `postgres://x.example?authToken=${authToken}`,
      `libsql://x.example?authToken=${authToken}`,
    ]) {
      const found = faults({ DATABASE_AUTH_TOKEN: authToken, [place]: value });
      expect(found.length, `${place}=${value}`).toBeGreaterThan(0);
      for (const secret of secrets) expect(found.join("\n")).not.toContain(secret);
    }
  }
  expect(faults({ WEBHOOK_SECRET: "open sesame" })[0]).not.toContain("sesame");
  for (const address of ["https://ann:sesame@x.example", "https://x.example?key=sesame", "ann:sesame@x"]) {
    const found = faults({ BOT_API_ROOT: address, PORT: address, DATABASE_URL: address }).join("\n");
    expect(found).toContain("BOT_API_ROOT is ");
    expect(found).not.toContain("sesame");
  }
});

test("numbers are whole, plain and within their bounds; only MESSAGES_PER_SECOND may be a fraction", () => {
  expect(read({ CHECK_INTERVAL_SECONDS: "1", MAX_CHECK_INTERVAL_SECONDS: "1" })).toMatchObject({
    checkIntervalMs: 1000,
    maxCheckIntervalMs: 1000,
  });
  expect(read({ MESSAGES_PER_SECOND: "0.5" }).messagesPerSecond).toBe(0.5);
  expect(read({ PORT: "65535" }).port).toBe(65_535);
  for (const [name, value] of [
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "0x50"],
    ["CHECK_INTERVAL_SECONDS", "0"],
    ["CHECK_INTERVAL_SECONDS", "1.5"],
    ["HEARTBEAT_SECONDS", "1e1"],
    ["HEARTBEAT_SECONDS", "99999999999"],
    ["MESSAGES_PER_SECOND", "0"],
    ["MESSAGES_PER_SECOND", "fast"],
    ["MAX_TRACKINGS", "50 streamers"],
  ]) {
    const expected = `${name} is "${value}", not a `;
    expect(faults({ [String(name)]: value }), `${name}=${value}`).toEqual([expect.stringContaining(expected)]);
  }
});

test("a fault says what was found, what is expected and what to do", () => {
  expect(faults({ PORT: "99999" })).toEqual([
    'PORT is "99999", not a whole number from 0 to 65535. Correct it, or remove it for 8080.',
  ]);
});

test("the longest check interval follows a longer shortest one, unless it is given", () => {
  expect(read({ CHECK_INTERVAL_SECONDS: "7200" }).maxCheckIntervalMs).toBe(7_200_000);
  expect(faults({ CHECK_INTERVAL_SECONDS: "7200", MAX_CHECK_INTERVAL_SECONDS: "3600" })).toHaveLength(1);
  expect(faults({ MAX_CHECK_INTERVAL_SECONDS: "60" })).toEqual([
    expect.stringContaining("less than CHECK_INTERVAL_SECONDS, which is 300"),
  ]);
});

test("the lock may not go stale before three heartbeats", () => {
  expect(read({ HEARTBEAT_SECONDS: "1", LOCK_STALE_SECONDS: "3" })).toMatchObject({
    heartbeatMs: 1000,
    lockStaleMs: 3000,
  });
  expect(faults({ HEARTBEAT_SECONDS: "21" })).toEqual([expect.stringContaining("Set it to 63 or more")]);
  expect(faults({ LOCK_STALE_SECONDS: "59" })).toHaveLength(1);
});

test("base URLs lose their trailing slashes and keep their path", () => {
  const config = read({ BOT_API_ROOT: "https://api.example/tg//", WEBHOOK_URL: "https://bell.example/a/" });
  expect(config.botApiRoot).toBe("https://api.example/tg");
  expect(config.webhook?.url).toBe("https://bell.example/a/webhook");
  expect(read({ FETTA_BASE_URL: "https://lists.example/" }).fettaBaseUrl).toBe("https://lists.example");
  expect(faults({ FETTA_BASE_URL: "https://lists.example/v1" })).toHaveLength(1);
});

test("base URLs with credentials, a query, a fragment or another scheme are refused", () => {
  for (const name of ["BOT_API_ROOT", "WEBHOOK_URL", "FETTA_BASE_URL"]) {
    for (const wrong of [
      "https://a:b@x.example",
      "https://x.example?q",
      "https://x.example/#f",
      "ftp://x.example",
      "x.example",
    ]) {
      expect(faults({ [name]: wrong }), `${name}=${wrong}`).toHaveLength(1);
    }
  }
});

test("http is fine on loopback and with a Bot API server of one's own, and warned about otherwise", () => {
  const warned = (env: NodeJS.ProcessEnv) => read(env).warnings.map((warning) => warning.split(" ")[0]);
  expect(warned({ WEBHOOK_URL: "http://bell.example", FETTA_BASE_URL: "http://lists.example" })).toEqual([
    "WEBHOOK_URL",
    "FETTA_BASE_URL",
  ]);
  expect(warned({ BOT_API_ROOT: "http://api.telegram.org" })).toEqual(["BOT_API_ROOT"]);
  for (const host of ["localhost:3000", "127.0.0.1", "127.8.8.8:1", "[::1]:3000", "demo.localhost"]) {
    expect(warned({ WEBHOOK_URL: `http://${host}`, FETTA_BASE_URL: `http://${host}` }), host).toEqual([]);
  }
  const own = { BOT_API_ROOT: "http://bot-api:8081", WEBHOOK_URL: "http://bell:8080", FETTA_BASE_URL: "http://lists" };
  expect(warned(own)).toEqual([]);
});

test("a webhook base that already ends in /webhook is warned about", () => {
  const config = read({ WEBHOOK_URL: "https://bell.example/webhook" });
  expect(config.webhook?.url).toBe("https://bell.example/webhook/webhook");
  expect(config.warnings).toEqual([expect.stringContaining("https://bell.example/webhook/webhook")]);
});

test("the webhook's secret is derived from the token alike on every instance", () => {
  const webhook = { WEBHOOK_URL: "https://bell.example" };
  const derived = read(webhook).webhook?.secret ?? "";
  expect(derived).toMatch(/^[\w-]{43}$/);
  expect(read({ ...webhook, PORT: "1" }).webhook?.secret).toBe(derived);
  expect(read({ ...webhook, BOT_TOKEN: `${token}x` }).webhook?.secret).not.toBe(derived);
});

test("a webhook secret of one's own must be what Telegram accepts", () => {
  const webhook = { WEBHOOK_URL: "https://bell.example" };
  expect(read({ ...webhook, WEBHOOK_SECRET: "A".repeat(256) }).webhook?.secret).toBe("A".repeat(256));
  expect(read({ ...webhook, WEBHOOK_SECRET: "short" }).warnings).toEqual([expect.stringContaining("WEBHOOK_SECRET")]);
  for (const wrong of ["A".repeat(257), "a b", "ключ", "a=b"]) {
    expect(faults({ WEBHOOK_SECRET: wrong })).toEqual([expect.stringMatching(/^WEBHOOK_SECRET /)]);
  }
});

test("databases are files or libSQL servers, never memory", () => {
  for (const url of [
    "file:x.db",
    "file:///var/x.db",
    "libsql://x.example",
    "https://x.example",
    "http://127.0.0.1:8080",
  ]) {
    expect(read({ DATABASE_URL: url }).database).toEqual({ url });
  }
  for (const url of [
    ":memory:",
    "file::memory:",
    "file:x?mode=memory",
    "file:",
    "file://",
    "x.db",
    "postgres://x",
    "libsql:",
  ]) {
    expect(faults({ DATABASE_URL: url }), url).toEqual([expect.stringMatching(/^DATABASE_URL .*\. .*[.]$/)]);
  }
  const remote = { DATABASE_URL: "http://db.example", DATABASE_AUTH_TOKEN: "jwt.abc" };
  expect(read(remote).database).toEqual({ url: "http://db.example", authToken: "jwt.abc" });
  expect(read(remote).warnings).toEqual([expect.stringMatching(/^DATABASE_URL is http/)]);
});

test("admins are listed with commas or spaces, each once", () => {
  expect(read({ ADMIN_IDS: "7, 8 9,,7" }).adminIds).toEqual([7, 8, 9]);
  for (const wrong of ["-100123", "@ann", "1.5", "0", "99999999999999999999"]) {
    expect(faults({ ADMIN_IDS: `1,${wrong}` }), wrong).toEqual([expect.stringContaining(JSON.stringify(wrong))]);
  }
});

test("hosts are addresses or names", () => {
  for (const host of ["::", "::1", "127.0.0.1", "localhost", "bell-1.internal"])
    expect(read({ HOST: host }).host).toBe(host);
  for (const host of ["[::1]", "http://x", "a b", "x:80"]) expect(faults({ HOST: host }), host).toHaveLength(1);
});

test("log levels may be written in capitals", () => {
  expect(read({ LOG_LEVEL: "DEBUG" }).logLevel).toBe("debug");
  expect(read({ LOG_LEVEL: "silent" }).logLevel).toBe("silent");
});

test("whatever the values are, the answer is a config or a list of faults", () => {
  const name = fc.constantFrom(
    "PORT",
    "HOST",
    "DATABASE_URL",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "ADMIN_IDS",
    "BOT_TOKEN",
  );
  const value = fc.oneof(fc.string(), fc.domain(), fc.integer().map(String), fc.constant("https://"));
  fc.assert(
    fc.property(fc.dictionary(name, value), (env) => {
      for (const fault of faults(env)) expect(fault).toMatch(/^[A-Z_]+ .*[.]$/);
    }),
  );
});
