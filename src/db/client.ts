import type { Client } from "@libsql/client";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import { type Timed, toClient } from "./adapter.ts";
import { openLocal } from "./local.ts";
import { drizzle } from "./orm.ts";
import type { Store } from "./store.ts";

export type Orm = LibSQLDatabase<Record<string, never>>;

export type StatementObserver = {
  /** One call of the database: `query` names it, `statements` in it, `seconds` it took (including waiting for the lock). */
  statement?(query: string, statements: number, seconds: number): void;
  /** Seconds a write waited for its turn and the write lock. */
  waited?(seconds: number): void;
  /** A connection was given up because a BUSY had escaped on it; must stay 0. */
  poisoned?(): void;
};

export type Database = AsyncDisposable & {
  /** Drizzle over the safe client; `query` labels its statements in the metrics (cached per name). */
  for(query: string): Orm;
  /** The safe client itself, for what drizzle cannot say; its statements are labelled "other". */
  client: Client;
  /** Runs scripts, a statement each, in one write transaction without foreign key checks: for migrate(). */
  runScripts(scripts: string[]): Promise<void>;
  /** Number of connections open now: two for a file (one reads, one writes), for a server the requests in flight. */
  connections(): number;
  /** Bytes that it takes on this machine's disk now, what has not been brought into the file yet included; undefined for a server. */
  size(): number | undefined;
  /** Waits for the writes asked for so far, then closes. May be called again. */
  close(): Promise<void>;
};

export type DatabaseOptions = {
  /** `file:`, `libsql:`, `https:` or `http:`. */
  url: string;
  authToken?: string | undefined;
  observe?: StatementObserver | undefined;
  /** Deadline of one request to a remote server. */
  requestTimeoutMs?: number | undefined;
  /** How long a write of a file waits for the lock before it fails with DatabaseBusy. */
  maxWaitMs?: number | undefined;
};

/**
 * Opens the database. What can be done with it is the same whether it is a file or a server:
 * - a write is a statement or a batch: all of it happens or nothing, and whoever holds the lock is waited for
 * - what only reads waits for nobody
 * @throws when the URL names nothing we can use, or the file cannot be opened safely; a server is not contacted yet
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const store = await openStore(options);
  const timedAs = (query: string): Timed => {
    return async (statements, call) => {
      const started = performance.now();
      try {
        return await call();
      } finally {
        options.observe?.statement?.(query, statements, (performance.now() - started) / 1000);
      }
    };
  };
  const orms = new Map<string, Orm>();
  return {
    for(query) {
      const orm = orms.get(query) ?? drizzle({ client: toClient(store, timedAs(query)) });
      orms.set(query, orm);
      return orm;
    },
    client: toClient(store, timedAs("other")),
    runScripts: (scripts) => timedAs("migrate")(scripts.length, () => store.runScripts(scripts)),
    connections: store.connections,
    size: store.size,
    close: store.close,
    [Symbol.asyncDispose]: store.close,
  };
}

async function openStore(options: DatabaseOptions): Promise<Store> {
  const { url, authToken, observe, requestTimeoutMs = 8_000, maxWaitMs = 15_000 } = options;
  const scheme = /^([a-z]+):/i.exec(url)?.[1]?.toLowerCase() ?? "";
  if (scheme === "file" || url === ":memory:") {
    return await openLocal({
      url,
      maxWaitMs,
      waited: (seconds) => observe?.waited?.(seconds),
      poisoned: () => observe?.poisoned?.(),
    });
  }
  if (["libsql", "https", "http"].includes(scheme)) {
    // Loaded here: most databases are a file, and it brings a protocol of its own, 35 ms.
    const { openRemote } = await import("./remote.ts");
    return openRemote({ url, authToken, requestTimeoutMs });
  }
  // The URL itself is not shown: it may carry a token.
  throw new Error(
    scheme === "wss" || scheme === "ws"
      ? `a database over ${scheme}: would have no request deadline; write libsql: or https: instead`
      : "the database URL must start with file:, libsql:, https: or http:, for example file:data/wishbell.db",
  );
}
