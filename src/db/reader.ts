import type { Client, ResultSet } from "@libsql/client";
import { createClient } from "@libsql/client/sqlite3";
import { isBusy, whenFree } from "./busy.ts";
import type { FileOptions } from "./local.ts";
import type { Statement } from "./statement.ts";

/** The connection that reads a database file. It sees what is committed, and never waits for the write lock. */
export type Reader = {
  /** Runs statements on one snapshot; runs them again, on a new connection, when they meet a BUSY. */
  read(statements: Statement[]): Promise<ResultSet[]>;
  close(): Promise<void>;
};

export function createReader({ url, busyTimeoutMs, maxWaitMs, poisoned }: FileOptions): Reader {
  let connection: Promise<Client> | undefined;
  let closed = false;

  async function open(): Promise<Client> {
    try {
      const client = createClient({ url, timeout: busyTimeoutMs, concurrency: 1 });
      // Whatever is taken for a read by mistake fails here, instead of meeting the write lock on a prepared statement.
      await client.executeMultiple("PRAGMA query_only = ON");
      return client;
    } catch (error) {
      connection = undefined;
      throw error;
    }
  }

  async function giveUp(used: Promise<Client>) {
    if (connection !== used) return;
    connection = undefined;
    (await used).close();
    poisoned();
  }

  async function attempt(statements: Statement[]): Promise<ResultSet[]> {
    if (closed) throw new Error("the database is closed");
    connection ??= open();
    const used = connection;
    const [only, ...others] = statements;
    try {
      const client = await used;
      return only && others.length === 0 ? [await client.execute(only)] : await client.batch(statements, "deferred");
    } catch (error) {
      // The statement that met BUSY stays in progress and may hold its snapshot: later reads would see the past.
      if (isBusy(error)) await giveUp(used);
      throw error;
    }
  }

  return {
    read: (statements) => whenFree(() => attempt(statements), performance.now() + maxWaitMs),
    async close() {
      closed = true;
      (await connection)?.close();
    },
  };
}
