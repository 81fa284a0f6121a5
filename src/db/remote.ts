import type { ResultSet, TransactionMode } from "@libsql/client";
import { createClient } from "@libsql/client/http";
import { whenFree } from "./busy.ts";
import type { Statement } from "./statement.ts";
import type { Store } from "./store.ts";

/** The server gave no whole answer in time. Whether it has done what was asked is unknown. */
export class DatabaseTimeout extends Error {
  override name = "DatabaseTimeout";
}

export type RemoteOptions = {
  url: string;
  authToken?: string | undefined;
  /** The deadline of each request: libsql has none of its own. */
  requestTimeoutMs: number;
};

/** Migrations may rewrite tables. One that is cut off may be undone, and would be cut off at every start. */
const SCRIPTS_TAKE = 10;

/**
 * A libSQL server (sqld, Turso) over HTTP: each call is one request, which opens its stream, runs and closes it. What
 * became of a write that fails without an answer of the server is unknown: writes must be safe to run again.
 */
export function openRemote({ url, authToken, requestTimeoutMs }: RemoteOptions): Store {
  const running = new Set<Promise<unknown>>();
  const connect = (timeoutMs: number) =>
    createClient({
      url,
      fetch: (request: Request) => fetchInTime(request, timeoutMs),
      // No limit: what waits for a free place would wait without a deadline, a heartbeat behind requests that hang. (0 means 20.)
      concurrency: Number.POSITIVE_INFINITY,
      ...(authToken && { authToken }),
    });
  const client = connect(requestTimeoutMs);
  const patient = connect(requestTimeoutMs * SCRIPTS_TAKE);

  /** The server queues writers, but not for ever. One that it turned away has done nothing. */
  async function tracked<T>(attempt: () => Promise<T>): Promise<T> {
    const call = whenFree(attempt, performance.now() + requestTimeoutMs, "the database server stays locked");
    running.add(call);
    try {
      return await call;
    } finally {
      running.delete(call);
    }
  }

  /** One request: a statement alone, or a whole transaction. */
  async function run(statements: Statement[], mode: TransactionMode): Promise<ResultSet[]> {
    const [only, ...others] = statements;
    return only && others.length === 0 ? [await client.execute(only)] : await client.batch(statements, mode);
  }

  return {
    read: (statements) => tracked(() => run(statements, "read")),
    write: (statements) => tracked(() => run(statements, "write")),
    // Alone it would be no transaction. One that fails is rolled back when its stream closes, which is in the request.
    script: (sql) => tracked(() => client.executeMultiple(`BEGIN IMMEDIATE;\n${sql}\n;COMMIT`)),
    async runScripts(scripts) {
      await tracked(() => patient.migrate(scripts));
    },
    transaction: async () => {
      throw new Error("a server ends transactions that stay open between requests: write one batch instead");
    },
    protocol: "http",
    connections: () => running.size,
    size: () => undefined,
    closed: () => client.closed,
    async close() {
      await Promise.allSettled(running);
      client.close();
      patient.close();
    },
  };
}

/** The answer is read whole, so that a server that stops in the middle of one meets the deadline too. */
async function fetchInTime(request: Request, timeoutMs: number): Promise<Response> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, deadline]) });
    const body = await response.arrayBuffer();
    if (response.status !== 401) return new Response(body, response);
  } catch (cause) {
    if (!deadline.aborted) throw cause;
    throw new DatabaseTimeout(`the database did not answer within ${timeoutMs} ms`, { cause });
  }
  throw new Error("the database server refuses DATABASE_AUTH_TOKEN (401): it is wrong, missing or has expired");
}
