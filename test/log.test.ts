import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Api, BotError, type Context, GrammyError, HttpError } from "grammy";
import { expect, test } from "vitest";
import { sql } from "../src/db/orm.ts";
import { createLog, type Log } from "../src/log.ts";
import { testDb } from "./db/test-db.ts";

const token = "42:TEST-token_abcdefghijklmnopqrstuvwxyz";
const half = "TEST-token_abcdefghijklmnopqrstuvwxyz";
const otherToken = "123456789:AAother-token_abcdefghijklmnopqrstu";

/** A log whose lines can be read back. */
function logged(secrets = [token]): { log: Log; lines: string[]; events: () => Record<string, unknown>[] } {
  const lines: string[] = [];
  const log = createLog({ level: "trace", secrets, destination: { write: (line: string) => void lines.push(line) } });
  return { log, lines, events: () => lines.map((line) => JSON.parse(line)) };
}

/** What a call to a Bot API that answers like `listener` fails with. */
async function failedCall(listener: RequestListener): Promise<unknown> {
  await using server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await new Api(token, { apiRoot }).sendMessage(1, "a private text").catch((error: unknown) => error);
}

const chain = (...errors: Error[]) => errors.reduceRight((cause, error) => Object.assign(error, { cause })) as Error;

test("an event is one line of JSON with its level, time and fields", () => {
  const { log, lines, events } = logged();
  log.child({ instance: "a1" }).warn({ streamer: 7, note: "two\nlines" }, "check failed");
  expect(lines).toEqual([expect.stringMatching(/^\{[^\n]*\}\n$/)]);
  expect(events()).toEqual([
    {
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      instance: "a1",
      streamer: 7,
      note: "two\nlines",
      msg: "check failed",
    },
  ]);
});

test("what Telegram refused is logged without the message's text", async () => {
  const refusal = { ok: false, error_code: 429, description: "Too Many Requests", parameters: { retry_after: 7 } };
  const error = await failedCall((_req, res) => res.end(JSON.stringify(refusal)));
  expect(error).toBeInstanceOf(GrammyError);

  const { log, lines, events } = logged();
  log.error({ err: error }, "send failed");
  log.error(error);
  log.error({ deep: { list: [error] } }, "send failed");
  log.child({ err: error }).error("send failed");
  expect(lines.join("")).not.toContain("private");
  expect(events()[0]?.err).toEqual({
    name: "GrammyError",
    message: "Call to 'sendMessage' failed! (429: Too Many Requests)",
    stack: expect.stringContaining("GrammyError"),
    error_code: 429,
    description: "Too Many Requests",
    method: "sendMessage",
    parameters: { retry_after: 7 },
  });
});

test("a failed call is logged by its code, never by the address that holds the token", async () => {
  const html = await failedCall((_req, res) => res.writeHead(502).end("<html>Bad Gateway</html>"));
  const reset = await failedCall((req) => req.socket.destroy());
  for (const error of [html, reset]) {
    expect(error).toBeInstanceOf(HttpError);
    // The danger is real: the inner error's text quotes /bot<token>/.
    expect(((error as HttpError).error as Error).message).toContain(token);
  }

  const { log, lines, events } = logged([]); // even without being told the token, whose digits are too few to be known
  log.error({ err: html }, "send failed");
  log.error({ err: reset }, "send failed");
  expect(lines.join("")).not.toContain(half);
  expect(events().map(({ err }) => (err as { code: string }).code)).toEqual(["invalid-json", "ECONNRESET"]);
});

test("the token leaves by no way, however it came in", async () => {
  const { log, lines } = logged();
  const http = await failedCall((req) => req.socket.destroy());
  const fetchError = (http as HttpError).error;
  const text = `request to https://api.telegram.org/bot${token}/getMe failed`;

  log.info(text);
  log.info("%s and %o", text, { text });
  log.info({ token, nested: { list: [text, { [token]: text }] } }, "a plain object");
  log.info({ url: new URL(`https://x.example/?t=${encodeURIComponent(token)}`), lower: token.replace(":", "%3a") });
  log.error({ err: fetchError, error: fetchError, other: fetchError }, "raw");
  log.error({ err: chain(new Error("outer"), new Error(text), new TypeError(text)) }, "causes");
  log.error({ err: new Error("x", { cause: { request: text } }) }, "a cause that is no error");
  log.error({ err: new BotError(new Error(text), { api: { token } } as unknown as Context) });
  log.error({ err: new AggregateError([new Error(text)], text) });
  log.error({ map: new Map([[token, text]]), raw: Buffer.from("x"), json: { toJSON: () => text } });
  log.child({ url: text, err: fetchError }).error(fetchError);
  log.error(Object.assign(new Error("own"), { code: text, description: text, method: text, parameters: { text } }));
  log.info({ half }, half);

  expect(lines).toHaveLength(13);
  for (const line of lines) {
    expect(line).not.toContain(half);
    expect(() => JSON.parse(line)).not.toThrow();
  }
  expect(lines[0]).toContain("https://api.telegram.org/bot[redacted]/getMe");
});

test("a statement that failed is logged without what was to be written, what Telegram refused without what it quotes", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const failed = await orm
    .run(sql`INSERT INTO nowhere VALUES (${"a private text\nof two lines"})`)
    .catch((error: unknown) => error);
  expect(String(failed), "the danger is real").toContain("a private text");
  const description = `Bad Request: can't find 'https://x.example/u/anna' (or "anna"), and don't ask: 'it's hers'`;
  const refused = await failedCall((_req, res) => res.end(JSON.stringify({ ok: false, error_code: 400, description })));

  const { log, lines, events } = logged();
  log.error({ err: failed }, "broadcast not stored");
  log.error({ err: new Error("beneath", { cause: refused }) }, "send failed");
  expect(lines.join("")).not.toMatch(/private|two lines|anna|hers/);
  expect(events()[0]?.err).toMatchObject({
    message: "Failed query: INSERT INTO nowhere VALUES (?)",
    stack: expect.stringMatching(/^Error: Failed query: INSERT INTO nowhere VALUES \(\?\)\n +at /),
    cause: { code: "SQLITE_ERROR", message: expect.stringContaining("no such table: nowhere") },
  });
  expect(events()[1]?.err).toMatchObject({
    cause: { description: `Bad Request: can't find '' (or ""), and don't ask: ''` },
  });
});

test("whatever looks like a bot token is hidden, known or not", () => {
  const { log, lines } = logged([]);
  log.info({ url: `https://api.telegram.org/bot${otherToken}/x`, encoded: encodeURIComponent(otherToken) }, otherToken);
  expect(lines.join("")).not.toContain("AAother");
  expect(lines.join("")).toContain("/bot[redacted]/x");
});

test("secrets of any kind are hidden and the line stays JSON", () => {
  const secrets = ['pa"ss\\word', "with space/+", "nabc", "1", "true", token];
  const { log, lines, events } = logged(secrets);
  log.info({ secrets, text: "line\nabc", count: 11, yes: true, encoded: encodeURIComponent("with space/+") }, "all");
  expect(events()[0]).toMatchObject({
    secrets: secrets.map(() => "[redacted]"),
    text: "line\nabc",
    count: 11,
    yes: true,
  });
  expect(lines[0]).not.toContain("with%20space");
});

test("a secret is found as it is written in JSON and in addresses", () => {
  for (const [secret, written] of [
    ['pa"ss\\word', 'pa"ss\\word'],
    ["with space/+", "with%20space%2F%2B"],
    ["with space/+", "with%20space%2f%2b"],
  ] as const) {
    const { log, events } = logged([secret]);
    log.info({ url: `x?${written}&y` }, "one");
    expect(events()[0]?.url).toBe("x?[redacted]&y");
  }
});

test("an empty secret hides nothing", () => {
  const { log, events } = logged([""]);
  log.info("hello");
  expect(events()[0]?.msg).toBe("hello");
});

test("a chain of causes is told, as deep as is useful, also when it is a ring", () => {
  const { log, events } = logged();
  const ring = new Error("ring");
  ring.cause = ring;
  log.error({ err: chain(new Error("a"), new RangeError("b"), Object.assign(new Error("c"), { code: "EIO" })) });
  log.error({ err: ring });
  expect(events()[0]?.err).toMatchObject({ message: "a", cause: { name: "RangeError", cause: { code: "EIO" } } });
  expect(events()[1]?.err).toMatchObject({ message: "ring", cause: { message: "ring" } });
});

test("an error in middleware is logged without its context", () => {
  const { log, lines, events } = logged();
  const failed = new BotError(new RangeError("beneath"), { update: "private" } as unknown as Context);
  log.error({ err: failed });
  expect(events()[0]?.err).toMatchObject({ name: "BotError", cause: { name: "RangeError", message: "beneath" } });
  expect(lines[0]).not.toContain("private");
});

test("an error's very long message is cut, its stack is not", () => {
  const { log, lines } = logged();
  log.error({ err: new Error("x".repeat(100_000)) }, "batch failed");
  expect(lines[0]?.length).toBeLessThan(10_000);
  expect(lines[0]).toContain("log.test.ts"); // the stack is still there
});

test("nothing below the level is written", () => {
  const lines: string[] = [];
  const log = createLog({
    level: "silent",
    secrets: [],
    destination: { write: (line: string) => void lines.push(line) },
  });
  log.fatal("anyone?");
  expect(lines).toEqual([]);
});
