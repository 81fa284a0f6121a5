import { createClient, type ResultSet, type TransactionMode } from "@libsql/client";
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

/** A libSQL server (sqld, Turso) over HTTP. The server queues writers, so nothing waits here. */
export function openRemote({ url, authToken, requestTimeoutMs }: RemoteOptions): Store {
  const running = new Set<Promise<unknown>>();
  const client = createClient({
    url,
    fetch: (request: Request) => fetchInTime(request, requestTimeoutMs),
    ...(authToken && { authToken }),
  });

  async function tracked<T>(call: Promise<T>): Promise<T> {
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
    read: (statements) => tracked(run(statements, "read")),
    write: (statements) => tracked(run(statements, "write")),
    script: (sql) => tracked(client.executeMultiple(sql)),
    async runScripts(scripts) {
      await tracked(client.migrate(scripts));
    },
    transaction: () => client.transaction("write"),
    protocol: "http",
    connections: () => running.size,
    closed: () => client.closed,
    async close() {
      await Promise.allSettled(running);
      client.close();
    },
  };
}

/** The answer is read whole, so that a server that stops in the middle of one meets the deadline too. */
async function fetchInTime(request: Request, timeoutMs: number): Promise<Response> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, deadline]) });
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    if (!deadline.aborted) throw cause;
    throw new DatabaseTimeout(`the database did not answer within ${timeoutMs} ms`, { cause });
  }
}
