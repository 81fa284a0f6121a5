import type { Transaction } from "@libsql/client";
import { makeFolder, pathOf } from "./file.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Store } from "./store.ts";
import { createWriter } from "./writer.ts";

/** How long SQLite may wait for a lock by itself. It stops the event loop meanwhile; longer waits are asynchronous. */
const busyTimeoutMs = 20;

export type FileOptions = {
  url: string;
  busyTimeoutMs: number;
  /** How long a call waits for its turn and for the lock before it fails with DatabaseBusy. */
  maxWaitMs: number;
  /** Told how long a write has waited. */
  waited(seconds: number): void;
  /** Told that a connection has been given up because a BUSY escaped on it. */
  poisoned(): void;
};

/**
 * A database file that any number of processes may write. Made for what @libsql/client does with one (seen in 0.18,
 * https://github.com/tursodatabase/libsql-client-ts/issues/352): a prepared statement that meets SQLITE_BUSY is never
 * reset, which keeps its connection in a transaction; later writes on it are acknowledged, and lost. Here one connection
 * writes, and prepares no statement before it holds the lock; another one reads, and cannot write; and a connection on
 * which a BUSY escaped all the same is given up.
 * @throws when the file cannot be opened or its file system does not allow WAL mode
 */
export async function openLocal(options: Omit<FileOptions, "busyTimeoutMs">): Promise<Store> {
  const file = pathOf(options.url);
  try {
    await makeFolder(file);
    return await openFile({ ...options, busyTimeoutMs });
  } catch (cause) {
    throw new Error(`cannot use the database file ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function openFile(options: FileOptions): Promise<Store> {
  const writer = createWriter(options);
  const reader = createReader(options);
  async function close() {
    await writer.close();
    await reader.close();
  }
  try {
    await writer.useWal();
    await assertWal(reader);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    read: reader.read,
    write: (statements) => writer.write((transaction) => transaction.batch(statements)),
    script: (sql) => writer.write((transaction) => transaction.executeMultiple(sql)),
    runScripts: (scripts) => writer.write((transaction) => rebuild(transaction, scripts), { foreignKeys: "unchecked" }),
    transaction: () => writer.transaction(),
    protocol: "file",
    connections: () => (writer.closed() ? 0 : 2),
    closed: writer.closed,
    close,
  };
}

/** @throws when the file is not in WAL mode: SQLite has been asked for it, and its file system may not allow it */
export async function assertWal(reader: Reader): Promise<void> {
  const [result] = await reader.read([{ sql: "PRAGMA journal_mode", args: [] }]);
  const mode = result?.rows[0]?.[0];
  if (mode === "wal") return;
  throw new Error(
    `its journal mode is ${mode} and not wal. Network file systems (NFS, SMB) and some mounts of containers and virtual ` +
      "machines lack the shared memory that wal needs: use a local disk, or a libsql:// server",
  );
}

async function rebuild(transaction: Transaction, scripts: string[]): Promise<void> {
  for (const script of scripts) await transaction.executeMultiple(script);
  const [dangling] = (await transaction.execute("PRAGMA foreign_key_check")).rows;
  if (dangling)
    throw new Error(`a row of ${dangling.table} would refer to a row of ${dangling.parent} that is missing`);
}
