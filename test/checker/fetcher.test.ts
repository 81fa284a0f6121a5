import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { FetcherOptions, Take } from "../../src/checker/fetcher.ts";
import { RequestFailed } from "../../src/checker/source.ts";
import { openFetcher } from "./open-fetcher.ts";

const never = new AbortController().signal;

/** A server with one answer, and a fetcher for it. `paths` are the requests that arrived. */
async function site(listener: RequestListener, options: Partial<FetcherOptions> & { take?: Take } = {}) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.url}`);
    listener(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetcher = openFetcher({ baseUrl: url, connections: 2, ...options });
  return {
    url,
    paths,
    server,
    get: fetcher.get,
    async [Symbol.asyncDispose]() {
      await fetcher.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

function repeated(chunk: Buffer, times: number) {
  return Readable.from(Array.from({ length: times }, () => chunk));
}

/** How much the process grows while a promise is under way, in MB, and what it rejects with. */
async function growth(promise: Promise<unknown>) {
  const before = process.memoryUsage().rss;
  let [peak, settled, error] = [before, false, undefined as unknown];
  const done = promise.catch((reason: unknown) => {
    error = reason;
  });
  void done.finally(() => {
    settled = true;
  });
  while (!settled) {
    await setImmediate();
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  return { grownMb: (peak - before) / 1024 / 1024, error };
}

test("a page comes whole, with its status, type, address and text", async () => {
  await using web = await site((_, response) => {
    response.writeHead(404, { "Content-Type": "Text/HTML; Charset=UTF-8" }).end("<p>Нет такой</p>");
  });
  expect(await web.get("/u/ann?x=1", "html", never)).toEqual({
    status: 404,
    url: `${web.url}/u/ann?x=1`,
    type: "text/html",
    text: "<p>Нет такой</p>",
    retryAfterMs: undefined,
  });
});

test("it asks as a browser does, for pages and for data, in Russian first", async () => {
  const seen: Record<string, unknown>[] = [];
  await using web = await site((request, response) => {
    seen.push(request.headers);
    response.end();
  });
  await web.get("/", "html", never);
  await web.get("/", "json", never);
  expect(seen.map((headers) => `${headers.accept}`.split(",")[0])).toEqual(["text/html", "application/json"]);
  expect(seen[0]).toMatchObject({
    "user-agent": expect.stringMatching(/^Mozilla\/5\.0 .* Chrome\//),
    "accept-language": "ru-RU,ru;q=0.9,en;q=0.8",
    "accept-encoding": "gzip, deflate, br",
  });
});

test("connections serve request after request", async () => {
  await using web = await site((_, response) => response.end("ok"));
  let connections = 0;
  web.server.on("connection", () => connections++);
  for (let time = 0; time < 9; time++) await web.get("/", "html", never);
  expect(connections).toBeLessThanOrEqual(2);
});

test.each([
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZIP, identity", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["identity", Buffer.from],
])("a body packed with %s is unpacked", async (coding, pack) => {
  await using web = await site((_, response) => {
    response.writeHead(200, { "content-encoding": coding }).end(pack(Buffer.from("привет ".repeat(5_000))));
  });
  const { text } = await web.get("/", "html", never);
  expect(text).toBe("привет ".repeat(5_000));
});

test.each([
  ["text/plain; charset=windows-1251", [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2], "Привет"],
  ["text/plain; charset=no-such-thing", [...Buffer.from("Привет")], "Привет"],
  ["text/plain", [0xef, 0xbb, 0xbf, ...Buffer.from("Привет")], "Привет"],
  ["not a media type", [...Buffer.from("Привет")], "Привет"],
  ["text/plain; charset=utf-8", [0x61, 0xff, 0x62], "a\ufffdb"],
])("the text of %s is decoded", async (type, bytes, text) => {
  await using web = await site((_, response) => {
    response.writeHead(200, { "content-type": type }).end(Buffer.from(bytes));
  });
  expect((await web.get("/", "html", never)).text).toBe(text);
});

test.each([
  ["7", 7_000],
  ["0", 0],
  ["86400", 3_600_000],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Thu, 01 Jan 2026 09:00:00 GMT", 3_600_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  ["", undefined],
])("Retry-After: %s means a wait of %s ms", async (value, ms) => {
  await using web = await site((_, response) => {
    response.writeHead(429, { date: "Thu, 01 Jan 2026 00:00:00 GMT", "retry-after": value }).end();
  });
  expect(await web.get("/", "json", never)).toMatchObject({ status: 429, retryAfterMs: ms });
});

test("redirects are followed within the site, three at most, each paid for", async () => {
  let taken = 0;
  const observed: string[] = [];
  await using web = await site(
    (request, response) => {
      const hops = Number(request.url?.slice(1));
      if (hops === 0) response.end("there");
      else response.writeHead(302, { location: `/${hops - 1}` }).end("x".repeat(100_000));
    },
    { take: async () => void taken++, observe: (outcome) => observed.push(outcome) },
  );
  expect(await web.get("/3", "html", never)).toMatchObject({ url: `${web.url}/0`, text: "there" });
  expect([taken, observed]).toEqual([4, ["302", "302", "302", "200"]]);
  await expect(web.get("/4", "html", never)).rejects.toThrow("it redirects more than 3 times");
  expect(taken).toBe(8);
});

test.each([
  "http://localhost:{port}/x",
  "//localhost:{port}/x",
  "https://127.0.0.1:{port}/x",
  "http://127.0.0.1:1/x",
  "http://169.254.169.254/latest/meta-data",
  "\\\\localhost:{port}\\x",
  "file:///etc/passwd",
  "http://",
])("a redirect to %s is not followed", async (location) => {
  await using web = await site((request, response) => {
    response.writeHead(302, { location: location.replace("{port}", `${request.socket.localPort}`) }).end();
  });
  await expect(web.get("/u/ann", "html", never)).rejects.toBeInstanceOf(RequestFailed);
  expect(web.paths).toEqual(["/u/ann"]);
});

test("a redirect without an address is a failure, and other 3xx are answers", async () => {
  await using web = await site((request, response) => response.writeHead(Number(request.url?.slice(1))).end());
  await expect(web.get("/301", "html", never)).rejects.toThrow("a redirect to nowhere");
  expect(await web.get("/304", "html", never)).toMatchObject({ status: 304, text: "" });
});

test.each(["http://localhost/x", "//localhost/x", "\\\\localhost/x", "https://fetta.app/u/ann"])(
  "%s is not a path of the site",
  async (path) => {
    await using web = await site((_, response) => response.end());
    await expect(web.get(path, "html", never)).rejects.toThrow(RequestFailed);
    expect(web.paths).toEqual([]);
  },
);

test("an answer that drips ends at the deadline, and so does one that never starts", async () => {
  const drips = new Set<NodeJS.Timeout>();
  await using web = await site(
    (request, response) => {
      if (request.url === "/hang") return;
      const drip = setInterval(() => response.write("x"), 5);
      drips.add(drip);
      response.on("close", () => {
        clearInterval(drip);
        drips.delete(drip);
      });
    },
    { timeoutMs: 100 },
  );
  for (const path of ["/drip", "/hang"]) {
    const startedAt = performance.now();
    await expect(web.get(path, "html", never)).rejects.toThrow(`no whole answer within 100 ms`);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  }
  await expect.poll(() => drips.size).toBe(0);
});

test("the deadline is one for all redirects, and waiting for the budget does not count", async () => {
  await using web = await site(
    async (request, response) => {
      await sleep(60);
      response.writeHead(request.url === "/0" ? 200 : 302, { location: `/${Number(request.url?.slice(1)) - 1}` }).end();
    },
    { timeoutMs: 150, take: async () => void (await sleep(100)) },
  );
  expect(await web.get("/1", "html", never)).toMatchObject({ status: 200 });
  await expect(web.get("/3", "html", never)).rejects.toThrow("no whole answer within 150 ms");
});

test("an aborted request rejects with the caller's reason, waiting or under way, and frees its connection", async () => {
  const observed: string[] = [];
  const waiting = Promise.withResolvers<void>();
  await using web = await site(() => {}, {
    connections: 1,
    take: (signal) =>
      new Promise((resolve, reject) => {
        waiting.promise.then(resolve);
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    observe: (outcome) => observed.push(outcome),
  });
  const reason = new Error("lost the lock");
  const early = new AbortController();
  const refused = expect(web.get("/", "html", early.signal)).rejects.toBe(reason);
  early.abort(reason);
  await refused;
  expect(web.paths).toEqual([]);

  waiting.resolve();
  const late = new AbortController();
  const cut = expect(web.get("/", "html", late.signal)).rejects.toBe(reason);
  const [{ socket }] = await once(web.server, "request");
  const closed = once(socket, "close");
  late.abort(reason);
  await cut;
  await closed;
  expect(observed).toEqual(["aborted"]);
  await expect(web.get("/", "html", AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(web.paths).toHaveLength(1);
});

test("a caller's signal that lives long keeps nothing of finished requests", async () => {
  await using web = await site((_, response) => response.end("ok"));
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  for (let time = 0; time < 10; time++) await web.get("/", "html", signal);
  expect(listeners).toBe(0);
});

test("100 MB are refused after the first 5, and cost little memory", async () => {
  let sent = () => 0;
  await using web = await site((_, response) => {
    const { socket } = response;
    sent = () => socket?.bytesWritten ?? 0;
    repeated(Buffer.alloc(1024 * 1024, "x"), 100).pipe(response);
  });
  const { grownMb, error } = await growth(web.get("/", "html", never));
  expect(error).toEqual(new RequestFailed("UND_ERR_RES_EXCEEDED_MAX_SIZE"));
  expect(grownMb).toBeLessThan(50);
  expect(sent()).toBeGreaterThan(5 * 1024 * 1024);
  expect(sent()).toBeLessThan(30 * 1024 * 1024);
});

test.each([
  ["gzip", 300, gzipSync(Buffer.alloc(1024 * 1024))],
  ["deflate", 1, deflateSync(Buffer.alloc(64 * 1024 * 1024))],
  ["br", 1, brotliCompressSync(Buffer.alloc(16 * 1024 * 1024))],
])("a %s bomb is stopped, and costs little memory", async (coding, times, bomb) => {
  await using web = await site((_, response) => {
    response.writeHead(200, { "content-encoding": coding });
    repeated(bomb, times).pipe(response);
  });
  const { grownMb, error } = await growth(web.get("/", "html", never));
  expect(error).toEqual(new RequestFailed("more than 5242880 bytes"));
  expect(grownMb).toBeLessThan(50);
});

test("a body of exactly the limit passes, one byte more does not", async () => {
  await using web = await site(
    (request, response) => {
      const packed = gzipSync("x".repeat(Number(request.url?.slice(1))));
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
    },
    { maxBytes: 1_000 },
  );
  expect((await web.get("/1000", "html", never)).text).toHaveLength(1_000);
  await expect(web.get("/1001", "html", never)).rejects.toThrow("more than 1000 bytes");
});

test.each(["gzip, gzip", "gzip,br", "zstd", "constructor"])("an answer packed with %s is refused", async (coding) => {
  await using web = await site((_, response) => {
    response.writeHead(200, { "content-encoding": coding }).end(gzipSync(gzipSync("x")));
  });
  await expect(web.get("/", "html", never)).rejects.toThrow(/^packed (more than once|in an unknown way)/);
});

test.each<[string, RequestListener]>([
  [
    "a body cut off under its length",
    (_, response) => cutAfter(response.writeHead(200, { "content-length": 99 }), "x"),
  ],
  ["a chunked body cut off", (_, response) => cutAfter(response.writeHead(200), "secret page text")],
  ["a reset connection", ({ socket }) => void socket.resetAndDestroy()],
  ["what is not HTTP", ({ socket }) => void socket.end("secret page text\r\n\r\n")],
  [
    "a body not packed as it says",
    (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("secret"),
  ],
  [
    "a packed body cut off",
    (_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("secret".repeat(99)).subarray(0, 15)),
  ],
])("%s is a failure that quotes nothing of the answer", async (_, listener) => {
  const observed: string[] = [];
  await using web = await site(listener, { observe: (outcome) => observed.push(outcome) });
  const error = await web.get("/u/ann", "html", never).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(RequestFailed);
  expect(`${error}`).toMatch(/^RequestFailed: [A-Za-z_]+$/);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret page text");
  expect(observed).toEqual(["failed"]);
});

function cutAfter(response: import("node:http").ServerResponse, text: string) {
  response.write(text, () => response.destroy());
}

test("a server that is not there is a failure", async () => {
  const web = await site((_, response) => response.end());
  await web[Symbol.asyncDispose]();
  const { get, close } = openFetcher({ baseUrl: web.url, connections: 1 });
  await expect(get("/", "html", never)).rejects.toEqual(new RequestFailed("ECONNREFUSED"));
  await close();
});

test("no more requests are under way at once than there are connections", async () => {
  let [now, most] = [0, 0];
  await using web = await site(async (_, response) => {
    most = Math.max(most, ++now);
    await sleep(10);
    now--;
    response.end();
  });
  await Promise.all(Array.from({ length: 10 }, () => web.get("/", "html", never)));
  expect(most).toBe(2);
});

test("closing cuts off what is under way", async () => {
  await using web = await site(() => {});
  const fetcher = openFetcher({ baseUrl: web.url, connections: 1 });
  const cut = expect(fetcher.get("/", "html", never)).rejects.toThrow(RequestFailed);
  await once(web.server, "request");
  await fetcher.close();
  await cut;
});
