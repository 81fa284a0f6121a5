import { once } from "node:events";
import { connect } from "node:net";
import type { Update } from "grammy/types";
import { Agent, request } from "undici";
import { afterEach, expect, test } from "vitest";
import { type HttpServer, type Readiness, startServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";

const secret = "SECRET-abcdefghijklmnopqrstuvwxyz";
const secretHeader = "x-telegram-bot-api-secret-token";
const MB = 1024 * 1024;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Options = { handle?: (update: Update) => Promise<void>; ready?: () => Promise<Readiness>; webhook?: boolean };

/** A server on a free port, with what it logged and how to call it. */
async function start({ handle = async () => {}, ready, webhook = true }: Options = {}) {
  const lines: string[] = [];
  const metrics = createMetrics();
  const server: HttpServer = await startServer({
    host: "127.0.0.1",
    port: 0,
    log: createLog({ level: "trace", secrets: [], destination: { write: (line: string) => void lines.push(line) } }),
    metrics,
    ...(webhook && { webhook: { secret, handle } }),
    ready: ready ?? (async () => ({ ready: true, details: { leader: false } })),
  });
  const agent = new Agent({ connections: 300 });
  cleanups.push(() => server.close());
  cleanups.push(() => agent.destroy());

  const call = async (path: string, options: Omit<Parameters<typeof request>[1], "dispatcher"> = {}) => {
    const answer = await request(`http://127.0.0.1:${server.port}${path}`, { ...options, dispatcher: agent });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  const post = (
    body: string | Buffer | AsyncGenerator<Buffer>,
    headers: Record<string, string> = { [secretHeader]: secret },
  ) => call("/webhook", { method: "POST", headers, body: body as string });
  return { server, metrics, lines, call, post };
}

const update = (id = 1) => JSON.stringify({ update_id: id, message: { text: "hi" } });

/** A connection that sends exactly `text`; `answered` waits for what comes back. */
async function raw(port: number, text: string) {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  cleanups.push(async () => socket.destroy());
  await once(socket, "connect");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.on("error", () => {});
  socket.write(text);
  async function answered(pattern: RegExp): Promise<string> {
    await expect.poll(() => received, { interval: 5, timeout: 5000 }).toMatch(pattern);
    return received;
  }
  return { leave: () => socket.destroy(), closed, answered };
}

const head = (headers: Record<string, string | number>) =>
  ["POST /webhook HTTP/1.1", "Host: x", ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`), "", ""].join("\r\n");

const until = async (condition: () => boolean | Promise<boolean>) =>
  await expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true);

test("an update with the secret reaches the handler and is confirmed", async () => {
  const seen: unknown[] = [];
  const { post } = await start({ handle: async (update) => void seen.push(update) });
  expect(await post(update(7))).toMatchObject({ status: 200, text: "" });
  expect(seen).toEqual([{ update_id: 7, message: { text: "hi" } }]);
  // Whatever it says it is.
  expect((await post(update(8), { [secretHeader]: secret, "content-type": "text/plain" })).status).toBe(200);
  expect(seen).toHaveLength(2);
});

test("an update is confirmed only when its handler has finished", async () => {
  const gate = Promise.withResolvers<void>();
  let started = false;
  const { post, call } = await start({
    handle: async () => {
      started = true;
      await gate.promise;
    },
  });
  let answered = false;
  const answer = post(update()).finally(() => {
    answered = true;
  });
  await until(() => started);
  await call("/healthz");
  expect(answered).toBe(false);
  gate.resolve();
  expect((await answer).status).toBe(200);
});

test("a handler that fails is a 500 and a line in the log, with the update's number only", async () => {
  const { post, lines } = await start({ handle: () => Promise.reject(new Error("no such table")) });
  expect(await post(update(9))).toMatchObject({ status: 500, text: "" });
  const line = JSON.parse(lines.at(-1) ?? "{}");
  expect(line).toMatchObject({ level: "error", msg: "update failed", update_id: 9, err: { message: "no such table" } });
  expect(lines.join("")).not.toContain("hi");
  const sync = await start({
    handle: () => {
      throw new Error("at once");
    },
  });
  expect((await sync.post(update())).status).toBe(500);
});

test("without the right secret nothing is done", async () => {
  let handled = 0;
  const { post } = await start({
    handle: async () => {
      handled += 1;
    },
  });
  for (const given of ["", `${secret}x`, secret.slice(0, -1), secret.toLowerCase()]) {
    expect((await post(update(), { [secretHeader]: given })).status).toBe(401);
  }
  expect((await post("{", {})).status).toBe(401); // not even a look at the body
  expect(handled).toBe(0);
});

test("a stranger is refused before the body has come", async () => {
  const { server } = await start();
  const { answered } = await raw(server.port, head({ "Content-Length": 100 }));
  expect(await answered(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 401 /);
  const announced = await raw(server.port, head({ "Content-Length": 100 * MB, [secretHeader]: "wrong" }));
  expect(await announced.answered(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 401 /);
});

test("a body of more than 1 MB is refused, announced or not", async () => {
  let handled = 0;
  const { server, post } = await start({
    handle: async () => {
      handled += 1;
    },
  });
  const announced = await raw(server.port, head({ "Content-Length": MB + 1, [secretHeader]: secret }));
  expect(await announced.answered(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 413 /);

  async function* stream() {
    for (let sent = 0; sent < 3 * MB; sent += 65_536) yield Buffer.alloc(65_536, " ");
  }
  expect((await post(stream())).status).toBe(413);
  expect((await post(Buffer.alloc(2 * MB, " "))).status).toBe(413);
  expect(handled).toBe(0);

  const text = update();
  expect((await post(text + " ".repeat(MB - text.length))).status).toBe(200);
  expect((await post(text + " ".repeat(MB - text.length + 1))).status).toBe(413);
  expect(handled).toBe(1);
});

test("what is not an update is a 400", async () => {
  let handled = 0;
  const { post } = await start({
    handle: async () => {
      handled += 1;
    },
  });
  for (const body of [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"x"',
    "{}",
    '{"update_id":"1"}',
    '{"update_id":1.5}',
    "[".repeat(100_000),
  ]) {
    expect((await post(body)).status, body.slice(0, 20)).toBe(400);
  }
  expect((await post(Buffer.from([0xff, 0xfe]))).status).toBe(400);
  expect(handled).toBe(0);
});

test("at most 200 updates are in flight; more are asked to come again", async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const { post } = await start({
    handle: async () => {
      running += 1;
      await gate.promise;
    },
  });
  const first = Array.from({ length: 200 }, (_, id) => post(update(id)));
  await until(() => running === 200);
  const refused = await post(update(200));
  expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  gate.resolve();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array(200).fill(200));
  expect((await post(update(200))).status).toBe(200);
  expect(running).toBe(201);
});

test("once it stops accepting, running updates finish, new ones are refused and /readyz says so", async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const { server, post, call } = await start({
    handle: async () => {
      running += 1;
      await gate.promise;
    },
  });
  const running1 = post(update(1));
  await until(() => running === 1);
  let stopped = false;
  const stop = server.stopAccepting().then(() => {
    stopped = true;
  });
  expect(await post(update(2))).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  expect((await call("/readyz")).status).toBe(503);
  expect((await call("/healthz")).status).toBe(200);
  expect(stopped).toBe(false);
  gate.resolve();
  await stop;
  expect((await running1).status).toBe(200);
  expect(running).toBe(1);
});

test("with nothing running, and without a webhook, stopping is immediate", async () => {
  await (await start()).server.stopAccepting();
  await (await start({ webhook: false })).server.stopAccepting();
});

test("without a webhook there is no /webhook", async () => {
  const { post } = await start({ webhook: false });
  expect((await post(update())).status).toBe(404);
});

test("/healthz tells that the process lives", async () => {
  const { call } = await start();
  const answer = await call("/healthz?probe=1");
  expect(answer).toMatchObject({ status: 200, headers: { "x-content-type-options": "nosniff" } });
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  expect(JSON.parse(answer.text)).toEqual({ status: "ok" });
});

test("/readyz tells what is ready, 503 until then", async () => {
  let ready = false;
  const { call } = await start({ ready: async () => ({ ready, details: { leader: true, migrated: ready } }) });
  const before = await call("/readyz");
  expect([before.status, JSON.parse(before.text)]).toEqual([503, { ready: false, leader: true, migrated: false }]);
  ready = true;
  const after = await call("/readyz");
  expect([after.status, JSON.parse(after.text)]).toEqual([200, { ready: true, leader: true, migrated: true }]);
});

test("a readiness check that fails is a 503 that tells the reason to the log only, each time", async () => {
  const { call, lines } = await start({
    ready: () => {
      throw new Error("database gone");
    },
  });
  for (const times of [1, 2]) {
    const answer = await call("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain("database gone");
    expect(lines.filter((line) => line.includes("database gone"))).toHaveLength(times);
  }
});

test("a readiness check that hangs is a 503 after 3 s, and is not asked again meanwhile", async () => {
  let asked = 0;
  const gate = Promise.withResolvers<Readiness>();
  const { call } = await start({
    ready: async () => {
      asked += 1;
      return await gate.promise;
    },
  });
  const startedAt = performance.now();
  const answers = await Promise.all([call("/readyz"), call("/readyz")]);
  expect(performance.now() - startedAt).toBeLessThan(4500);
  expect(answers.map(({ status }) => status)).toEqual([503, 503]);
  expect(asked).toBe(1);
  gate.resolve({ ready: true, details: {} });
  await until(async () => (await call("/readyz")).status === 200);
});

test("/metrics is Prometheus text", async () => {
  const { call } = await start();
  const answer = await call("/metrics");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.text).toContain("scheduler_lock_held 0");
});

test("HEAD is answered where GET is, other methods are told what is allowed, other paths are not found", async () => {
  const { call } = await start();
  for (const path of ["/healthz", "/readyz", "/metrics"]) {
    expect(await call(path, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect(await call(path, { method: "POST", body: "x" })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
  }
  expect(await call("/webhook")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  for (const path of ["/", "/webhook/", "/healthz/x", "/__proto__", "//healthz"])
    expect((await call(path)).status).toBe(404);
});

test("requests are counted by method, route and status; strangers' paths do not become labels", async () => {
  const { server, metrics, call, post } = await start();
  await call("/healthz");
  await call("/etc/passwd");
  await post(update());
  await post(update(), {});
  const { answered } = await raw(server.port, "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n");
  await answered(/404/);
  const text = await metrics.render();
  const counts = Object.fromEntries(
    [...text.matchAll(/^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)].map(([, labels, count]) => [
      labels,
      count,
    ]),
  );
  expect(counts).toEqual({
    'method="GET",route="/healthz",status="200"': "1",
    'method="GET",route="other",status="404"': "1",
    'method="POST",route="/webhook",status="200"': "1",
    'method="POST",route="/webhook",status="401"': "1",
    'method="other",route="other",status="404"': "1",
  });
});

test("a client that leaves in the middle harms nothing", async () => {
  const gate = Promise.withResolvers<void>();
  const [started, finished]: number[][] = [[], []];
  const { server, metrics, post, lines } = await start({
    handle: async ({ update_id }) => {
      started?.push(update_id);
      await gate.promise;
      finished?.push(update_id);
    },
  });
  // One leaves with half of its body unsent, one while its update is being handled.
  const half = await raw(server.port, `${head({ "Content-Length": 100, [secretHeader]: secret })}{"update_id"`);
  half.leave();
  const body = update(5);
  const whole = await raw(server.port, head({ "Content-Length": body.length, [secretHeader]: secret }) + body);
  await until(() => started?.length === 1);
  whole.leave();
  const left = 'http_request_duration_seconds_count{method="POST",route="/webhook",status="499"} 2';
  await until(async () => (await metrics.render()).includes(left));
  gate.resolve();
  expect((await post(update(6))).status).toBe(200);
  expect([...(finished ?? [])].sort()).toEqual([5, 6]);
  await server.stopAccepting(); // neither is counted as running
  expect(lines.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
});

test("nonsense instead of HTTP is answered with 400", async () => {
  const { server, call } = await start();
  const { answered } = await raw(server.port, "\x16\x03\x01 hello\r\n\r\n");
  expect(await answered(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 400 /);
  expect((await call("/healthz")).status).toBe(200);
});

test("close ends idle connections at once, and those of unfinished requests within a second", async () => {
  const { server, call } = await start({ handle: () => new Promise(() => {}) });
  await call("/healthz"); // leaves a keep-alive connection
  const idle = await raw(server.port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.answered(/"ok"/);
  const startedAt = performance.now();
  await Promise.all([server.close(), server.close()]);
  await idle.closed;
  expect(performance.now() - startedAt).toBeLessThan(500);
  await expect(call("/healthz")).rejects.toThrow(/ECONNREFUSED|other side closed/);

  const busy = await start({ handle: () => new Promise(() => {}) });
  const answer = busy.post(update()).catch((error: unknown) => error);
  const held = await raw(busy.server.port, head({ "Content-Length": 10, [secretHeader]: secret }));
  const busySince = performance.now();
  await busy.server.close();
  await held.closed;
  expect(await answer).toBeInstanceOf(Error);
  expect(performance.now() - busySince).toBeLessThan(2000);
});

test("a request that is being answered while the server closes still gets its answer", async () => {
  const gate = Promise.withResolvers<Readiness>();
  let asked = false;
  const { server, call } = await start({
    ready: async () => {
      asked = true;
      return await gate.promise;
    },
  });
  const answer = call("/readyz");
  await until(() => asked);
  const startedAt = performance.now();
  const closed = server.close();
  gate.resolve({ ready: true, details: {} });
  expect((await answer).status).toBe(200);
  await closed;
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test("a port that is taken is named, with what to do", async () => {
  const { server } = await start();
  const deps = { log: createLog({ level: "silent", secrets: [] }), metrics: createMetrics() };
  const ready = async () => ({ ready: true, details: {} });
  await expect(startServer({ ...deps, ready, host: "127.0.0.1", port: server.port })).rejects.toThrow(
    `Cannot listen on port ${server.port} of 127.0.0.1: another process listens there already. Stop it, or set PORT to another number.`,
  );
  await expect(startServer({ ...deps, ready, host: "203.0.113.1", port: 0 })).rejects.toThrow(/Correct HOST/);
});
