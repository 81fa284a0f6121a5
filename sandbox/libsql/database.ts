import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { StatementError } from "./errors.ts";
import { changesRows, countParameters, nameFor, notParsed } from "./statements.ts";

/** A value as Hrana writes it. */
export type Value =
  | { type: "null" }
  | { type: "integer"; value: string }
  | { type: "float"; value: number }
  | { type: "text"; value: string }
  | { type: "blob"; base64: string };

export type Statement = { sql: string; args: Value[]; named: Map<string, Value>; wantRows: boolean };

export type StatementResult = {
  cols: { name: string; decltype: string | null }[];
  rows: Value[][];
  affected_row_count: number;
  last_insert_rowid: string | null;
};

/** Primary result codes as sqld names them (https://www.sqlite.org/rescode.html). */
const CODES: Record<number, string> = {
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  8: "SQLITE_READONLY",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
};

export type Sqlite = ReturnType<typeof openSqlite>;

/** The database behind the protocol: in memory, or a file that outlives the server. */
export function openSqlite(file: string | undefined) {
  const database = new DatabaseSync(file ?? ":memory:");
  // A server that is killed here is a process that goes on: what it has written is in the file.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  const changes = database.prepare("SELECT changes() AS changes, last_insert_rowid() AS rowid");
  changes.setReadBigInts(true);
  const total = database.prepare("SELECT total_changes() AS changes");

  function prepare(sql: string) {
    try {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      return statement;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (isSyntaxError(message)) throw notParsed(message);
      throw new StatementError("SQL_INPUT_ERROR", `SQL input error: ${message} (at offset 0)`);
    }
  }

  return {
    database,
    /** Rows inserted, updated and deleted so far. */
    totalChanges: () => Number(total.get()?.changes),
    /** @throws {StatementError} when the text is not SQL; that it names what does not exist is found when it runs */
    checkSyntax(sql: string): void {
      try {
        database.prepare(plain(sql));
      } catch (error) {
        if (error instanceof Error && isSyntaxError(error.message)) throw notParsed(error.message);
      }
    },
    /** @throws {StatementError} */
    run({ sql, args, named, wantRows }: Statement): StatementResult {
      // libSQL's own word for a transaction that may not write.
      const isReadOnly = /^\s*BEGIN\s+TRANSACTION\s+READONLY\b/i.test(sql);
      const statement = prepare(plain(sql));
      const count = countParameters(sql);
      if (count !== undefined && args.length > count) {
        throw badArguments(`too many parameters, expected ${count} found ${args.length}`);
      }
      if (count !== undefined && named.size === 0 && args.length < count) {
        throw badArguments(`value for parameter ${args.length + 1} not found`);
      }
      try {
        const columns = statement.columns();
        const given = Object.fromEntries([...named].map(([name, value]) => [name, toSqlite(value)]));
        const rows = (named.size > 0
          ? statement.all(given)
          : statement.all(...args.map(toSqlite))) as unknown as SQLOutputValue[][];
        const cols = columns.map(({ name, type }) => ({ name: nameFor(name, sql), decltype: type }));
        if (isReadOnly) database.exec("PRAGMA query_only = ON");
        const { changes: changed, rowid } = changes.get() as { changes: bigint; rowid: bigint };
        return {
          cols,
          rows: wantRows ? rows.map((row) => row.map(fromSqlite)) : [],
          affected_row_count: changesRows(sql) ? Number(changed) : 0,
          last_insert_rowid: /^\s*(INSERT|REPLACE)\b/i.test(sql) ? String(rowid) : null,
        };
      } catch (error) {
        throw toStatementError(error);
      }
    },
    /** What a connection that is closed leaves: nothing half done. */
    reset(): void {
      if (database.isTransaction) database.exec("ROLLBACK");
      database.exec("PRAGMA query_only = OFF; PRAGMA foreign_keys = ON");
    },
    close: () => database.close(),
  };
}

const plain = (sql: string) => sql.replace(/^(\s*BEGIN\s+TRANSACTION)\s+READONLY\b/i, "$1");

function isSyntaxError(message: string): boolean {
  return /syntax error|unrecognized token|incomplete input/.test(message);
}

function badArguments(why: string): StatementError {
  return new StatementError("ARGS_INVALID", `Arguments do not match SQL parameters: ${why}`);
}

function toStatementError(error: unknown): StatementError {
  const { errcode, message } = error as { errcode?: number; message: string };
  // The extended code stays inside sqld.
  const code = CODES[(errcode ?? 0) & 0xff] ?? "SQLITE_UNKNOWN";
  return new StatementError(code, `SQLite error: ${message}`);
}

function toSqlite(value: Value): SQLInputValue {
  switch (value.type) {
    case "null":
      return null;
    case "integer":
      return BigInt(value.value);
    case "float":
    case "text":
      return value.value;
    case "blob":
      return Buffer.from(value.base64, "base64");
  }
}

function fromSqlite(value: SQLOutputValue): Value {
  if (value === null) return { type: "null" };
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "string") return { type: "text", value };
  return { type: "blob", base64: Buffer.from(value).toString("base64").replace(/=+$/, "") };
}
