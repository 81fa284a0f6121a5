import type { Statement, Value } from "./database.ts";
import { ProtocolError, StatementError } from "./errors.ts";
import { isFraming, splitStatements } from "./statements.ts";

export type Condition =
  | { type: "ok" | "error"; step: number }
  | { type: "not"; cond: Condition }
  | { type: "and" | "or"; conds: Condition[] };
export type Step = { stmt: Statement; condition?: Condition | undefined };

export type Asked =
  | { type: "execute"; stmt: Statement }
  | { type: "batch"; steps: Step[] }
  | { type: "sequence"; sql: string }
  | { type: "store_sql" | "close_sql"; refused?: StatementError | undefined }
  | { type: "close" };

/** Limits of sqld (libsql-server/src/hrana/http/request.rs). */
const STORED = { most: 50, bytes: 5_000 };

/**
 * Reads a request's body.
 * @throws {ProtocolError} when it is not one that may be sent
 */
export function readPipeline(body: unknown): Asked[] {
  const { baton, requests } = object(body, "the body");
  if (baton !== undefined && baton !== null) throw new ProtocolError("The baton is invalid");
  const stored = new Map<number, string>();
  const asked = array(requests, "requests").map((request) => readRequest(object(request, "a request"), stored));
  if (asked.findIndex(({ type }) => type === "close") !== asked.length - 1) {
    throw new ProtocolError("this server keeps no stream open: a request must end with one close", 501);
  }
  return asked;
}

/** The SQL that a request asks for, without what makes it a transaction; each with its white space made even. */
export function textsOf(asked: Asked[]): string[] {
  const texts = asked.flatMap((request) => {
    if (request.type === "execute") return [request.stmt.sql];
    if (request.type === "batch") return request.steps.map(({ stmt }) => stmt.sql);
    return request.type === "sequence" ? splitStatements(request.sql) : [];
  });
  return texts.filter((text) => !isFraming(text)).map((text) => text.replace(/\s+/g, " ").trim());
}

function readRequest(request: Record<string, unknown>, stored: Map<number, string>): Asked {
  switch (request.type) {
    case "execute":
      return { type: "execute", stmt: readStatement(request.stmt, stored) };
    case "batch": {
      const steps = array(object(request.batch, "batch").steps, "steps");
      return { type: "batch", steps: steps.map((step, n) => readStep(object(step, "a step"), n, stored)) };
    }
    case "sequence":
      return { type: "sequence", sql: readSql(request, stored) };
    case "store_sql": {
      const [id, sql] = [whole(request.sql_id, "sql_id"), text(request.sql, "sql")];
      if (stored.has(id)) throw new ProtocolError(`SQL text with id ${id} already exists`);
      return { type: "store_sql", refused: store(stored, id, sql) };
    }
    case "close_sql":
      stored.delete(whole(request.sql_id, "sql_id"));
      return { type: "close_sql" };
    case "close":
      return { type: "close" };
    default:
      throw new ProtocolError(`a request of type ${JSON.stringify(request.type)} is not known here`);
  }
}

function store(stored: Map<number, string>, id: number, sql: string): StatementError | undefined {
  const { size } = stored;
  if (size >= STORED.most) {
    const message = `The server already stores ${size} SQL texts, it cannot store more`;
    return new StatementError("SQL_STORE_TOO_MANY", message);
  }
  const bytes = Buffer.byteLength(sql);
  if (bytes > STORED.bytes) {
    return new StatementError("SQL_STORE_TOO_LARGE", `The statement is too large to be stored: ${bytes} B/5.0 kB`);
  }
  stored.set(id, sql);
  return undefined;
}

function readStep({ stmt, condition }: Record<string, unknown>, n: number, stored: Map<number, string>): Step {
  return { stmt: readStatement(stmt, stored), condition: condition ? readCondition(condition, n) : undefined };
}

function readCondition(given: unknown, before: number): Condition {
  const { type, step, cond, conds } = object(given, "a condition");
  switch (type) {
    case "ok":
    case "error":
      if (whole(step, "step") >= before) throw new ProtocolError("Invalid reference to step in a batch condition");
      return { type, step: whole(step, "step") };
    case "not":
      return { type, cond: readCondition(cond, before) };
    case "and":
    case "or":
      return { type, conds: array(conds, "conds").map((each) => readCondition(each, before)) };
    default:
      throw new ProtocolError(`a condition of type ${JSON.stringify(type)} is not supported in version 2`);
  }
}

function readStatement(given: unknown, stored: Map<number, string>): Statement {
  const statement = object(given, "stmt");
  const args = array(statement.args ?? [], "args").map(readValue);
  const names = array(statement.named_args ?? [], "named_args").map((each) => object(each, "a named argument"));
  const named = new Map(names.map(({ name, value }) => [text(name, "name"), readValue(value)]));
  const wantRows = statement.want_rows ?? true;
  if (typeof wantRows !== "boolean") throw new ProtocolError("want_rows must be a boolean");
  return { sql: readSql(statement, stored), args, named, wantRows };
}

function readSql({ sql, sql_id }: Record<string, unknown>, stored: Map<number, string>): string {
  if ((sql === undefined) === (sql_id === undefined)) {
    throw new ProtocolError("Exactly one of `sql` and `sql_id` must be given");
  }
  if (sql !== undefined) return text(sql, "sql");
  const found = stored.get(whole(sql_id, "sql_id"));
  if (found === undefined) throw new ProtocolError(`SQL text with id ${sql_id} not found`);
  return found;
}

function readValue(given: unknown): Value {
  const { type, value, base64 } = object(given, "a value");
  switch (type) {
    case "null":
      return { type };
    case "integer": {
      const digits = text(value, "an integer");
      if (!/^-?\d+$/.test(digits) || BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits)) {
        throw new ProtocolError(`${digits} is not an integer of 64 bits`);
      }
      return { type, value: digits };
    }
    case "float":
      if (typeof value !== "number") throw new ProtocolError("a float must be a number");
      return { type, value };
    case "text":
      return { type, value: text(value, "a text") };
    case "blob":
      return { type, base64: text(base64, "a blob") };
    default:
      throw new ProtocolError(`a value of type ${JSON.stringify(type)} is not known`);
  }
}

function object(given: unknown, what: string): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ProtocolError(`${what} must be an object`);
  }
  return given as Record<string, unknown>;
}

function array(given: unknown, what: string): unknown[] {
  if (!Array.isArray(given)) throw new ProtocolError(`${what} must be an array`);
  return given;
}

function text(given: unknown, what: string): string {
  if (typeof given !== "string") throw new ProtocolError(`${what} must be a string`);
  return given;
}

function whole(given: unknown, what: string): number {
  if (!Number.isInteger(given)) throw new ProtocolError(`${what} must be an integer`);
  return given as number;
}
