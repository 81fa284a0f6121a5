import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Answer, createWebhook, type WebhookOptions } from "./webhook.ts";

// An import would load the fetch and the WebSocket that node:http offers as well, 30 ms.
const { createServer } = process.getBuiltinModule("node:http");

export type Readiness = { ready: boolean; details: Record<string, unknown> };

export type HttpServer = {
  /** The port listened on, also when any free one was asked for. */
  port: number;
  /** Refuses new updates with 503 and Retry-After; resolves when those already taken are answered. */
  stopAccepting(): Promise<void>;
  /** Stops listening and ends every connection within a second. Updates still being handled are cut off. */
  close(): Promise<void>;
};

type Route = { methods: string[]; answer: (req: IncomingMessage) => Answer | Promise<Answer> };

const METHODS = ["GET", "HEAD", "POST"];
const readyDeadlineMs = 3000;
const flushMs = 1000;
/**
 * Telegram opens 40, a proxy as many again. More are ended at once: a stranger who opens connections without end may keep
 * Telegram out, but not starve the news, which needs files and memory too.
 */
const maxConnections = 2000;

/**
 * The one HTTP server: /webhook for Telegram (only when `webhook` is given), /healthz, /readyz and /metrics for those who
 * run it. `ready` is asked at each /readyz, never twice at a time.
 * @throws an error that says what to do when the port cannot be listened on
 */
export async function startServer(options: {
  host: string;
  port: number;
  log: Log;
  metrics: Metrics;
  webhook?: WebhookOptions | undefined;
  ready: () => Promise<Readiness>;
}): Promise<HttpServer> {
  const { host, port, log, metrics } = options;
  const webhook = options.webhook && createWebhook({ ...options.webhook, log });
  const askReady = sharedWithDeadline(options.ready, log);
  let stopping = false;
  let closed: Promise<void> | undefined;

  const routes = new Map<string, Route>([
    ["/healthz", { methods: ["GET", "HEAD"], answer: () => json(200, { status: "ok" }) }],
    ["/readyz", { methods: ["GET", "HEAD"], answer: readyz }],
    ["/metrics", { methods: ["GET", "HEAD"], answer: scrape }],
  ]);
  if (webhook) routes.set("/webhook", { methods: ["POST"], answer: webhook.take });

  async function readyz(): Promise<Answer> {
    if (stopping) return json(503, { ready: false, stopping });
    const { ready, details } = await askReady();
    return json(ready ? 200 : 503, { ready, ...details });
  }

  async function scrape(): Promise<Answer> {
    return { status: 200, headers: { "content-type": metrics.contentType }, body: await metrics.render() };
  }

  async function answer(req: IncomingMessage, path: string, route: Route | undefined): Promise<Answer> {
    if (route === undefined) return { status: 404 };
    if (!route.methods.includes(req.method ?? "")) return { status: 405, headers: { allow: route.methods.join(", ") } };
    try {
      return await route.answer(req);
    } catch (error) {
      log.error({ err: error, path }, "request failed");
      return { status: 500 };
    }
  }

  async function serve(req: IncomingMessage, res: ServerResponse) {
    const startedAt = performance.now();
    const path = req.url?.split("?", 1)[0] ?? "";
    const route = routes.get(path);
    res.on("close", () => {
      // Paths and methods are the client's to choose: only known ones become labels.
      const method = METHODS.includes(req.method ?? "") ? req.method : "other";
      const status = res.writableFinished ? res.statusCode : 499;
      const seconds = (performance.now() - startedAt) / 1000;
      metrics.httpDuration.observe({ method, route: route ? path : "other", status }, seconds);
    });
    const { status, headers, body = "" } = await answer(req, path, route);
    const always = { "x-content-type-options": "nosniff", "content-length": Buffer.byteLength(body) };
    res.writeHead(status, { ...always, ...(closed !== undefined && { connection: "close" }), ...headers }).end(body);
  }

  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: 75_000, // longer than the idle time of common proxies (60 s), or they would reuse a closed one
    },
    (req, res) => void serve(req, res),
  );
  server.maxConnections = maxConnections;
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    throw cannotListen(error, host, port);
  }
  server.on("error", (error) => log.error({ err: error }, "http server failed"));
  const address = server.address();
  const listening = typeof address === "object" && address ? address.port : port;
  log.info({ host, port: listening }, "http server listens");

  return {
    port: listening,
    async stopAccepting() {
      stopping = true;
      await webhook?.stop();
    },
    async close() {
      stopping = true;
      closed ??= close(server);
      await closed;
    },
  };
}

function json(status: number, body: Record<string, unknown>): Answer {
  const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  return { status, headers, body: JSON.stringify(body) };
}

async function close(server: Server) {
  const closed = once(server, "close");
  server.close(); // ends idle connections; one that is being answered gets the time to hear it
  const cutOff = setTimeout(() => server.closeAllConnections(), flushMs);
  await closed;
  clearTimeout(cutOff);
}

/** Probes that come while one is being answered share its answer: a database that hangs does not collect questions. */
function sharedWithDeadline(ready: () => Promise<Readiness>, log: Log): () => Promise<Readiness> {
  let asking: Promise<Readiness> | undefined;
  async function ask(): Promise<Readiness> {
    try {
      return await ready();
    } catch (error) {
      log.warn({ err: error }, "readiness check failed");
      return { ready: false, details: { error: "the readiness check failed" } };
    }
  }
  return async () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const { promise: late, resolve } = Promise.withResolvers<Readiness>();
    const error = `the readiness check took more than ${readyDeadlineMs / 1000} s`;
    const timer = setTimeout(() => resolve({ ready: false, details: { error } }), readyDeadlineMs);
    const answer = await Promise.race([asking, late]);
    clearTimeout(timer);
    return answer;
  };
}

function cannotListen(cause: unknown, host: string, port: number): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EADDRINUSE: "another process listens there already. Stop it, or set PORT to another number.",
    EACCES: "this user may not. Set PORT to 1024 or more.",
    EADDRNOTAVAIL: "this machine has no such address. Correct HOST, or remove it for 0.0.0.0.",
    ENOTFOUND: "there is no such host. Correct HOST, or remove it for 0.0.0.0.",
  };
  return new Error(`Cannot listen on port ${port} of ${host}: ${reasons[code ?? ""] ?? message}`, { cause });
}
