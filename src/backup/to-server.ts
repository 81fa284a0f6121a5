import type { DatabaseSync } from "node:sqlite";
import type { InValue } from "@libsql/client";
import type { Config } from "../config.ts";
import { type Database, openDatabase } from "../db/client.ts";
import { checkCopy, numberOf, openToRead, whyOf } from "./opened.ts";
import { Refusal } from "./program.ts";
import type { Progress } from "./progress.ts";

/** Of one request. SQLite takes 32,766. */
const MAX_VALUES = 2_000;
/** For a server that is far or slow: nobody waits meanwhile, the bot is stopped. */
const REQUEST_TIMEOUT_MS = 60_000;
/** What the bot looks at first, so it comes last: the bot does not start on a copy that was cut off. */
const MIGRATIONS = "__drizzle_migrations";
const SEQUENCES = "sqlite_sequence";
const ANEW = "Make the database there anew, empty, before you repeat this.";

type Insert = { sql: string; args: InValue[] };

/**
 * Copies a database file to a server that has none of its tables yet, a portion of the rows at a time.
 * @throws {Refusal} when the file is no good, or the server does not take it; anything when the signal aborts
 */
export async function copyToServer(
  { from, server, progress }: { from: string; server: Config["database"]; progress: Progress },
  signal: AbortSignal,
): Promise<{ users: number; trackings: number }> {
  using file = openToRead(from);
  const counts = checked(file, from);
  file.exec("BEGIN"); // what is read is one moment's
  const { host } = new URL(server.url);
  await using to = await openDatabase({ ...server, requestTimeoutMs: REQUEST_TIMEOUT_MS });
  let hasBegun = false;
  try {
    await assertEmpty(to, file, host);
    hasBegun = true;
    await copyRows(file, to, progress, signal);
  } catch (error) {
    if (error instanceof Refusal || signal.aborted) throw error;
    const then = hasBegun ? ` The bot does not start on what is there now. ${ANEW}` : "";
    throw new Refusal(`${host} does not take it: ${reasonOf(error)}.${then}`, { cause: error });
  } finally {
    progress.end();
  }
  return counts;
}

function checked(file: DatabaseSync, from: string) {
  try {
    return checkCopy(file);
  } catch (error) {
    throw new Refusal(`${from} cannot be copied: ${whyOf(error)}.`, { cause: error });
  }
}

async function assertEmpty(to: Database, file: DatabaseSync, host: string): Promise<void> {
  const { rows } = await to.client.execute("SELECT name FROM sqlite_master WHERE type = 'table'");
  const ours = new Set(tablesOf(file));
  if (rows.some(({ name }) => ours.has(String(name)))) {
    throw new Refusal(`${host} has tables of Wishbell already, and nothing there is overwritten. ${ANEW}`);
  }
}

async function copyRows(file: DatabaseSync, to: Database, progress: Progress, signal: AbortSignal): Promise<void> {
  const bytes = numberOf(file, "PRAGMA page_count") * numberOf(file, "PRAGMA page_size");
  const tables = tablesOf(file).filter((name) => name !== MIGRATIONS);
  const total = tables.reduce((sum, name) => sum + numberOf(file, `SELECT COUNT(*) FROM "${name}"`), 0);
  let done = 0;
  await to.client.batch(schemaOf(file, "tbl_name <> ?"), "write");
  for (const table of tables) {
    for (const { rows, ...insert } of insertsOf(file, table)) {
      signal.throwIfAborted();
      await to.client.execute(insert);
      done += rows;
      progress.copied((bytes * done) / total, bytes);
    }
  }
  const last = [SEQUENCES, MIGRATIONS].flatMap((name) => [...insertsOf(file, name)]);
  await to.client.batch([`DELETE FROM ${SEQUENCES}`, ...schemaOf(file, "tbl_name = ?"), ...last], "write");
}

/** Those that others refer to come before them. */
function tablesOf(file: DatabaseSync): string[] {
  const names = strings(file, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  const ordered = new Set<string>();
  const add = (name: string) => {
    if (ordered.has(name)) return;
    for (const other of strings(file, `SELECT "table" FROM pragma_foreign_key_list('${name}')`)) add(other);
    ordered.add(name);
  };
  for (const name of names) add(name);
  return [...ordered];
}

/** The statements that make the tables and their indexes; `which` is a condition about the name of the migrations. */
function schemaOf(file: DatabaseSync, which: string): string[] {
  const sql = `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND ${which}
    ORDER BY type <> 'table', rowid`;
  return strings(file, sql, MIGRATIONS);
}

function* insertsOf(file: DatabaseSync, table: string): Generator<Insert & { rows: number }> {
  const columns = strings(file, `SELECT name FROM pragma_table_xinfo('${table}') WHERE hidden = 0`);
  const names = columns.map((name) => `"${name}"`).join(", ");
  const select = file.prepare(`SELECT ${names} FROM "${table}"`);
  select.setReadBigInts(true);
  const row = `(${columns.map(() => "?").join(", ")})`;
  const insert = (args: InValue[]) => {
    const rows = args.length / columns.length;
    return { sql: `INSERT INTO "${table}" (${names}) VALUES ${Array(rows).fill(row).join(", ")}`, args, rows };
  };
  let args: InValue[] = [];
  for (const values of select.iterate()) {
    args.push(...(Object.values(values) as InValue[]));
    if (args.length + columns.length <= MAX_VALUES) continue;
    yield insert(args);
    args = [];
  }
  if (args.length > 0) yield insert(args);
}

/** The first column of what a query gives. */
function strings(file: DatabaseSync, sql: string, ...args: string[]): string[] {
  return file
    .prepare(sql)
    .all(...args)
    .map((row) => String(Object.values(row)[0]));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}, ${reasonOf(error.cause)}` : error.message;
}
