import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { json } from "node:stream/consumers";

/** What the server does with a request: answer, never answer, stop in the middle, or do the work and then never answer. */
export type Manners = "answers" | "hangs" | "stops" | "forgets";

type Value = { type: string; value?: string | number };
type Statement = { sql?: string; sql_id?: number; args?: Value[] };
type Condition = { type: string; step?: number; cond?: Condition };
type Step = { stmt: Statement; condition?: Condition };
type Request = { type: string; sql?: string; sql_id?: number; stmt?: Statement; batch?: { steps: Step[] } };

/**
 * A libSQL server on loopback, in memory: as much of Hrana 2 over HTTP as one request that opens and closes its stream
 * needs (https://github.com/tursodatabase/libsql/blob/main/docs/HTTP_V2_SPEC.md). It cannot hold a stream open.
 */
export async function startServer() {
  const database = new DatabaseSync(":memory:");
  let requestsSoFar = 0;
  const server = {
    /** Decides by the number of the request, from 1. */
    manners: (_nth: number): Manners => "answers",
  };
  const http = createServer(async (request, response) => {
    requestsSoFar += 1;
    const manners = server.manners(requestsSoFar);
    if (manners === "hangs") return;
    const { requests } = (await json(request)) as { requests: Request[] };
    response.setHeader("content-type", "application/json");
    if (manners === "stops") return void response.write('{"baton":');
    const body = JSON.stringify({ baton: null, base_url: null, results: runStream(database, requests) });
    if (manners !== "forgets") response.end(body);
  });
  await once(http.listen(0, "127.0.0.1"), "listening");
  const { port } = http.address() as AddressInfo;
  return Object.assign(server, {
    url: `http://127.0.0.1:${port}`,
    database,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      database.close();
    },
  });
}

function runStream(database: DatabaseSync, requests: Request[]) {
  const stored = new Map<number, string>();
  const execute = (statement: Statement) =>
    run(database, statement.sql ?? stored.get(statement.sql_id ?? -1) ?? "", statement.args);
  return requests.map(({ type, sql, sql_id, stmt, batch }) => {
    try {
      if (type === "store_sql") stored.set(sql_id ?? -1, sql ?? "");
      if (type === "sequence") database.exec(sql ?? "");
      const result = type === "batch" ? runBatch(batch?.steps ?? [], execute) : stmt && execute(stmt);
      return { type: "ok", response: { type, result } };
    } catch (error) {
      return { type: "error", error: toError(error) };
    }
  });
}

function runBatch(steps: Step[], execute: (statement: Statement) => unknown) {
  const step_results: unknown[] = [];
  const step_errors: unknown[] = [];
  const holds = ({ type, step = -1, cond }: Condition): boolean => {
    if (type === "not") return cond !== undefined && !holds(cond);
    return type === "ok" ? Boolean(step_results[step]) : Boolean(step_errors[step]);
  };
  for (const { stmt, condition } of steps) {
    let [result, failure]: unknown[] = [null, null];
    try {
      if (condition === undefined || holds(condition)) result = execute(stmt);
    } catch (error) {
      failure = toError(error);
    }
    step_results.push(result);
    step_errors.push(failure);
  }
  return { step_results, step_errors };
}

function run(database: DatabaseSync, sql: string, args: Value[] = []) {
  const statement = database.prepare(sql.replace("TRANSACTION READONLY", "DEFERRED")); // libSQL's own word
  statement.setReadBigInts(true);
  const columns = statement.columns().map(({ name, type }) => ({ name, decltype: type }));
  const rows = statement.all(...args.map(fromValue)) as Record<string, unknown>[];
  return {
    cols: columns,
    rows: rows.map((row) => columns.map(({ name }) => toValue(row[name]))),
    affected_row_count: 0,
    last_insert_rowid: null,
  };
}

function fromValue({ type, value }: Value): SQLInputValue {
  if (type === "integer") return BigInt(value ?? 0);
  return type === "null" || value === undefined ? null : value;
}

function toValue(value: unknown) {
  if (typeof value === "bigint") return { type: "integer", value: String(value) };
  if (typeof value === "number") return { type: "float", value };
  return value === null ? { type: "null" } : { type: "text", value: String(value) };
}

function toError(error: unknown) {
  return { message: error instanceof Error ? error.message : String(error), code: "SQLITE_ERROR" };
}
