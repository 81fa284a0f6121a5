import type { Transaction } from "@libsql/client";
import { createClient } from "@libsql/client/sqlite3";
import { isBusy, whenFree } from "./busy.ts";
import type { FileOptions } from "./local.ts";
import type { Place } from "./place.ts";
import { createQueue } from "./queue.ts";

/** The connection that writes a database file, one transaction at a time. */
export type Writer = {
  /** Brings the file into WAL mode, if its file system lets it. Waits for other processes that do so. */
  useWal(): Promise<void>;
  /** Begins a transaction that holds the write lock, and the queue of this process, until it is settled. */
  transaction(options?: WriteOptions): Promise<Transaction>;
  /** Runs `work` in such a transaction: all of it is committed, or nothing. */
  write<T>(work: (transaction: Transaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** Whether close() has been called. */
  closed(): boolean;
  /** Waits for the writes asked for so far, then closes. Later ones are refused. */
  close(): Promise<void>;
};

/** A write that takes so long writes many pages. */
const LONG_MS = 50;
/** SQLite's own number. */
const CHECKPOINT_PAGES = 1_000;

export type WriteOptions = { foreignKeys: "checked" | "unchecked" };

export function createWriter({ url, busyTimeoutMs, maxWaitMs, poisoned, waited }: FileOptions, place: Place): Writer {
  const connection = createClient({ url, timeout: busyTimeoutMs, concurrency: 1 });
  const queue = createQueue();
  let closing: Promise<void> | undefined;

  async function begin({ foreignKeys }: WriteOptions): Promise<Transaction> {
    const transaction = await connection.transaction("deferred"); // takes no lock yet
    try {
      // Only executeMultiple may wait for the lock: it finalizes a statement that fails, a prepared one would stay behind.
      // Foreign keys can be switched only between transactions.
      await transaction.executeMultiple(
        `ROLLBACK; PRAGMA foreign_keys = ${foreignKeys === "checked" ? "ON" : "OFF"}; BEGIN IMMEDIATE`,
      );
      place.assertSame();
      return transaction;
    } catch (error) {
      transaction.close();
      throw error;
    }
  }

  async function transaction(options: WriteOptions = { foreignKeys: "checked" }): Promise<Transaction> {
    if (closing !== undefined) throw new Error("the database is closed");
    const asked = performance.now();
    const release = await queue.turn();
    try {
      const begun = await whenFree(() => begin(options), asked + maxWaitMs);
      waited((performance.now() - asked) / 1000);
      return untilSettled(begun, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Keeps the turn until the transaction is over, however it ends. */
  function untilSettled(begun: Transaction, release: () => void): Transaction {
    let busy = false;
    async function watched<T>(work: Promise<T>): Promise<T> {
      try {
        return await work;
      } catch (error) {
        busy ||= isBusy(error);
        throw error;
      }
    }
    function settle() {
      try {
        begun.close(); // rolls back what is not committed
      } finally {
        if (busy) {
          busy = false;
          connection.reconnect();
          poisoned();
        }
        release();
      }
    }
    return {
      execute: (statement) => watched(begun.execute(statement)),
      batch: (statements) => watched(begun.batch(statements)),
      executeMultiple: (sql) => watched(begun.executeMultiple(sql)),
      commit: () => watched(begun.commit()).finally(settle),
      rollback: async () => settle(),
      close: settle,
      get closed() {
        return begun.closed;
      },
    };
  }

  /** Brings what a long write has left in the WAL into the file, which its commit did not: each stands still for a while. */
  async function checkpoint(): Promise<void> {
    const release = await queue.turn();
    await connection
      .executeMultiple(`PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
      .catch(() => undefined) // a later commit does it
      .finally(release);
  }

  async function shutDown(): Promise<void> {
    await queue.turn(); // and never give it back
    // Leaves one whole file behind: libsql closes the connection itself only when its statements are garbage collected.
    await connection.executeMultiple("PRAGMA wal_checkpoint(TRUNCATE)").catch(() => undefined); // the WAL has it all
    connection.close();
  }

  return {
    useWal: () =>
      whenFree(() => connection.executeMultiple("PRAGMA journal_mode = WAL"), performance.now() + maxWaitMs),
    transaction,
    async write(work, options) {
      const begun = await transaction(options);
      const start = performance.now();
      let isLong = false;
      try {
        const result = await work(begun);
        isLong = performance.now() - start >= LONG_MS;
        if (isLong) await begun.execute("PRAGMA wal_autocheckpoint = 0");
        await begun.commit();
        return result;
      } finally {
        begun.close();
        if (isLong) void checkpoint();
      }
    },
    closed: () => closing !== undefined,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
