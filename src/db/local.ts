import type { Transaction } from "@libsql/client";
import { bytesOf, makeFolder, pathOf } from "./file.ts";
import { rememberPlace } from "./place.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Store } from "./store.ts";
import { DatabaseTrouble, explain } from "./trouble.ts";
import { runInTurns } from "./turns.ts";
import { createWriter } from "./writer.ts";

/**
 * How long SQLite may wait for a lock by itself, in ms. It stops the event loop meanwhile, and on a busy machine for much
 * longer, since it sleeps several times and is woken late each time: writers wait asynchronously instead. A reader hardly
 * ever meets a lock, and its connection is given up when it does.
 */
const BUSY_TIMEOUT_MS = { write: 5, read: 20 };

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

type OpenOptions = Omit<FileOptions, "busyTimeoutMs">;

/**
 * A database file that any number of processes may write. Made for what @libsql/client does with one (seen in 0.18,
 * https://github.com/tursodatabase/libsql-client-ts/issues/352): a prepared statement that meets SQLITE_BUSY is never
 * reset, which keeps its connection in a transaction; later writes on it are acknowledged, and lost. Here one connection
 * writes, and prepares no statement before it holds the lock; another one reads, and cannot write; and a connection on
 * which a BUSY escaped all the same is given up.
 * @throws when the file cannot be opened or its file system does not allow WAL mode
 */
export async function openLocal(options: OpenOptions): Promise<Store> {
  const file = pathOf(options.url);
  try {
    await makeFolder(file);
    return await openFile(file, options);
  } catch (error) {
    const explained = explain(error, file);
    if (explained instanceof DatabaseTrouble) throw explained;
    throw new DatabaseTrouble(file, error instanceof Error ? error.message : String(error), error);
  }
}

async function openFile(file: string, options: OpenOptions): Promise<Store> {
  const explained = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw explain(error, file);
    }
  };
  const writer = createWriter({ ...options, busyTimeoutMs: BUSY_TIMEOUT_MS.write }, rememberPlace(file));
  const reader = createReader({ ...options, busyTimeoutMs: BUSY_TIMEOUT_MS.read });
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
    read: (statements) => explained(reader.read(statements)),
    write: (statements) => explained(writer.write((transaction) => runInTurns(transaction, statements))),
    script: (sql) => explained(writer.write((transaction) => transaction.executeMultiple(sql))),
    runScripts: (scripts) =>
      explained(writer.write((transaction) => rebuild(transaction, scripts), { foreignKeys: "unchecked" })),
    transaction: () => explained(writer.transaction()),
    protocol: "file",
    connections: () => (writer.closed() ? 0 : 2),
    size: () => bytesOf(file),
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
