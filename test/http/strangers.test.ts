import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";

/** The server as strangers find it: they do not know the secret. */
async function start() {
  const handled: unknown[] = [];
  const server = await startServer({
    ...{ host: "127.0.0.1", port: 0, metrics: createMetrics() },
    log: createLog({ level: "silent", secrets: [] }),
    webhook: { secret: "SECRET", handle: async (update) => void handled.push(update) },
    ready: async () => ({ ready: true, details: {} }),
  });
  /** A connection that sends exactly `text`, then `drip` every half second. */
  const open = async (text: string, drip = "") => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("utf8");
    let received = "";
    socket.on("data", (data) => {
      received += data;
    });
    socket.on("error", () => undefined);
    const closed = once(socket, "close");
    await once(socket, "connect");
    socket.write(text);
    const timer = drip === "" ? undefined : setInterval(() => socket.write(drip), 500);
    return {
      socket,
      /** All that was answered, when the connection has ended. */
      ended: closed.then(() => {
        clearInterval(timer);
        return received;
      }),
    };
  };
  return { ...server, handled, open, [Symbol.asyncDispose]: server.close };
}

const lines = (...head: string[]) => [...head, "", ""].join("\r\n");
const get = (path: string, ...more: string[]) => lines(`GET ${path} HTTP/1.1`, "Host: x", "Connection: close", ...more);
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

test.concurrent("connections that send nothing, or a letter now and then, are ended within 20 s", {
  timeout: 40_000,
}, async () => {
  await using server = await start();
  const began = performance.now();
  const head = "POST /webhook HTTP/1.1\r\nHost: x\r\nX-Slow: ";
  const slow = await Promise.all([server.open(""), server.open(head), server.open(head, "a")]);
  const answers = await Promise.all(slow.map(({ ended }) => ended));
  expect(answers.map(status)).toEqual([408, 408, 408]);
  expect(performance.now() - began).toBeLessThan(20_000);
});

test.concurrent("more connections than the limit are ended at once, and there is room again when others leave", async ({
  expect,
}) => {
  await using server = await start();
  const sockets: Socket[] = [];
  let ended = 0;
  for (let n = 0; n < 2_100; n++) {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined).on("close", () => ended++);
    sockets.push(socket);
    if (n % 100 === 99) await sleep(5);
  }
  await expect.poll(() => ended, { timeout: 10_000 }).toBe(100);
  for (const socket of sockets) socket.destroy();
  const answer = async () => status(await (await server.open(get("/healthz"))).ended);
  await expect.poll(answer, { timeout: 10_000 }).toBe(200);
});

test.concurrent("no spelling of a path leads where another one does", async () => {
  await using server = await start();
  for (const path of [
    "/webhook/../metrics",
    "/webhook/%2e%2e/metrics",
    "/%6detrics",
    "//metrics",
    "/metrics/",
    "/metrics;x",
    "/./metrics",
    "/METRICS",
    "/metrics%00",
    "\\metrics",
    "http://x/metrics",
    "/metrics%3f",
    "/webhook#/metrics",
  ]) {
    const answer = await (await server.open(get(path))).ended;
    expect([400, 404], path).toContain(status(answer));
    expect(answer, path).not.toContain("scheduler_lock_held");
  }
});

test.concurrent("headers without end, ambiguous lengths, tunnels and other methods get nowhere", async () => {
  await using server = await start();
  const secret = "X-Telegram-Bot-Api-Secret-Token: SECRET";
  const body = '{"update_id":1}';
  const refused: [string, number[]][] = [
    [get("/healthz", `X: ${"a".repeat(20_000)}`), [431]],
    [get("/healthz", ...Array.from({ length: 2_000 }, (_, n) => `X-${n}: aaaa`)), [431]],
    [
      `${lines("POST /webhook HTTP/1.1", "Host: x", secret, "Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n`,
      [400],
    ],
    [`${lines("POST /webhook HTTP/1.1", "Host: x", secret, "Content-Length: 15", "Content-Length: 2")}${body}`, [400]],
    [`${lines("POST /webhook HTTP/1.1", "Host: x", secret, "Content-Length: -1")}${body}`, [400]],
    // A secret twice is none: joined, it is another one.
    [
      `${lines("POST /webhook HTTP/1.1", "Host: x", "Connection: close", secret, secret, "Content-Length: 15")}${body}`,
      [401],
    ],
    [lines("TRACE /webhook HTTP/1.1", "Host: x", "Connection: close", secret), [405]],
    [lines("PUT /webhook HTTP/1.1", "Host: x", "Connection: close", secret), [405]],
    [lines("CONNECT metrics:80 HTTP/1.1", "Host: x"), [0]],
  ];
  for (const [text, expected] of refused) {
    const answer = await (await server.open(text)).ended;
    expect(expected, `${text.slice(0, 120)} → ${answer.slice(0, 40)}`).toContain(status(answer));
  }
  expect(server.handled).toEqual([]);
});

test.concurrent("an update's odd keys, depth and numbers change nothing but what its handler sees", async () => {
  await using server = await start();
  const post = async (body: string) => {
    const head = ["POST /webhook HTTP/1.1", "Host: x", "Connection: close", "X-Telegram-Bot-Api-Secret-Token: SECRET"];
    const request = lines(...head, `Content-Length: ${Buffer.byteLength(body)}`);
    return status(await (await server.open(request + body)).ended);
  };
  expect(
    await post('{"update_id":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ).toBe(200);
  expect(await post(`{"update_id":2,"message":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)).toBe(200);
  expect(await post(`{"update_id":1e400}`)).toBe(400);
  expect(await post(`{"update_id":9007199254740993}`)).toBe(400);
  expect(await post(`{"__proto__":{"update_id":3}}`)).toBe(400);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(server.handled).toHaveLength(2);
});
