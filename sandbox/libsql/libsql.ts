import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { openSqlite } from "./database.ts";
import { ProtocolError } from "./errors.ts";
import { createFaults, type FaultKind } from "./faults.ts";
import { runPipeline } from "./hrana.ts";
import { type Asked, readPipeline, textsOf } from "./pipeline.ts";

export type { Fault, FaultKind } from "./faults.ts";

export type LibsqlOptions = {
  /** 0, the default, takes a free one. */
  port?: number;
  /** The database's file, which outlives the server; absent: in memory. */
  file?: string;
  /** Who does not send it as a Bearer token gets a 401. */
  authToken?: string;
  /** How long each request is on its way, before it is done. */
  latencyMs?: number;
};

/** One round trip of a client. */
export type LibsqlRequest = {
  /** From 1. */
  nth: number;
  /** ms since 1970. */
  at: number;
  /** What it asks to run, without BEGIN, COMMIT, ROLLBACK and foreign key pragmas; white space is made even. */
  statements: string[];
  /** Rows inserted, updated and deleted. */
  rowsWritten: number;
  /** 0 until an answer has gone out, and stays so when none did. */
  status: number;
};

export type Libsql = Awaited<ReturnType<typeof startLibsql>>;

type Answer = { status: number; body: string; type?: string };

/** The last so many requests are kept. */
const MAX_REQUESTS = 100_000;

/**
 * A libSQL server (sqld, Turso) on loopback: as strict as the real one, as far as that is known, and with faults on
 * demand. Set `DATABASE_URL` to its `url`.
 */
export async function startLibsql({ port = 0, file, authToken, latencyMs = 0 }: LibsqlOptions = {}) {
  const sqlite = openSqlite(file);
  const faults = createFaults();
  const requests: LibsqlRequest[] = [];
  const closing = new AbortController();
  let count = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (closing.signal.aborted || response.destroyed || response.headersSent) return void response.destroy();
      if (error instanceof ProtocolError) {
        return send(response, { status: error.status, body: error.message, type: "text/plain" });
      }
      // A mistake of the sandbox must not look like the server's.
      console.error("sandbox/libsql:", error);
      send(response, failure(500, `Internal Error: \`${error}\``));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const route = `${request.method} ${request.url?.split("?", 1)[0]}`;
    if (route === "GET /health") return send(response, { status: 200, body: "", type: "text/plain" });
    if (route === "GET /v2") {
      return send(response, { status: 200, body: "Hello, this is HTTP API v2 (Hrana over HTTP)", type: "text/plain" });
    }
    if (route !== "POST /v2/pipeline") return send(response, { status: 404, body: "", type: "text/plain" });
    if (authToken !== undefined && request.headers.authorization !== `Bearer ${authToken}`) {
      return send(response, failure(401, "Unauthorized: `The JWT is invalid`"));
    }
    const asked = readPipeline(await parse(request));
    const record: LibsqlRequest = {
      nth: ++count,
      at: Date.now(),
      statements: textsOf(asked),
      rowsWritten: 0,
      status: 0,
    };
    if (requests.push(record) > MAX_REQUESTS) requests.shift();
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: closing.signal });
    const fault = faults.take(record);
    if (fault === undefined) finish(record, response, work(record, asked));
    else await disturb(fault, record, asked, response);
  }

  function work(record: LibsqlRequest, asked: Asked[]): Answer {
    const { answer, rowsWritten } = runPipeline(sqlite, asked);
    record.rowsWritten = rowsWritten;
    return { status: 200, body: JSON.stringify(answer) };
  }

  function finish(record: LibsqlRequest, response: ServerResponse, answer: Answer) {
    if (response.destroyed) return;
    record.status = answer.status;
    send(response, answer);
  }

  async function disturb(fault: FaultKind, record: LibsqlRequest, asked: Asked[], response: ServerResponse) {
    if (fault.kind === "late") await sleep(fault.ms, undefined, { signal: closing.signal });
    const isDone = ["cut", "delay", "late"].includes(fault.kind) || ("done" in fault && fault.done === true);
    const answer = isDone ? work(record, asked) : { status: 200, body: '{"baton":null,"base_url":null,' };
    switch (fault.kind) {
      case "html": {
        const body = `<html><head><title>${fault.status}</title></head><body><h1>${fault.status}</h1></body></html>`;
        return finish(record, response, { status: fault.status, body, type: "text/html" });
      }
      case "error":
        return finish(record, response, failure(fault.status, fault.message));
      case "busy":
        return finish(record, response, { status: 200, body: JSON.stringify(busy(asked)) });
      case "reset":
        return void response.req.socket.resetAndDestroy();
      case "hang":
        return;
      case "stop":
        response.writeHead(200, { "content-type": "application/json", "content-length": answer.body.length * 2 });
        return void response.write(answer.body.slice(0, 20));
      case "cut":
        return finish(record, response, { ...answer, body: answer.body.slice(0, answer.body.length / 2) });
      case "delay":
        await sleep(fault.ms, undefined, { signal: closing.signal });
        return finish(record, response, answer);
      case "late":
        return finish(record, response, answer);
    }
  }

  async function close() {
    if (closing.signal.aborted) return;
    closing.abort();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    sqlite.close();
  }

  server.keepAliveTimeout = 65_000;
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** For a test to look into, and to change. */
    database: sqlite.database,
    /** Round trips so far, oldest first. */
    requests,
    /** Those that ask for a statement that fits. */
    asking: (sql: RegExp) => requests.filter(asks(sql)),
    fault: faults.add,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Fits the requests that ask for a statement that fits: for faults. */
export function asks(sql: RegExp): (request: LibsqlRequest) => boolean {
  return ({ statements }) => statements.some((statement) => sql.test(statement));
}

async function parse(request: IncomingMessage): Promise<unknown> {
  try {
    return await json(request);
  } catch (cause) {
    throw new ProtocolError(`Could not deserialize JSON request body: ${cause}`);
  }
}

/** Everything that would have run found the database locked. */
function busy(asked: Asked[]): object {
  const error = { message: "SQLite error: database is locked", code: "SQLITE_BUSY" };
  const results = asked.map((request) => {
    if (request.type === "execute" || request.type === "sequence") return { type: "error", error };
    if (request.type !== "batch") return { type: "ok", response: { type: request.type } };
    const step_errors = request.steps.map((_, n) => (n === 0 ? error : null));
    return {
      type: "ok",
      response: { type: "batch", result: { step_results: step_errors.map(() => null), step_errors } },
    };
  });
  return { baton: null, base_url: null, results };
}

function failure(status: number, error: string): Answer {
  return { status, body: JSON.stringify({ error }) };
}

function send(response: ServerResponse, { status, body, type = "application/json" }: Answer) {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}
