/**
 * Hrana 2 over HTTP, as far as a request that opens its stream and closes it needs: @libsql/client sends nothing else,
 * unless a transaction is left open between requests, which this server refuses.
 * https://github.com/tursodatabase/libsql/blob/main/docs/HTTP_V2_SPEC.md
 */
import type { Sqlite, Statement, StatementResult } from "./database.ts";
import { StatementError, told } from "./errors.ts";
import type { Asked, Condition, Step } from "./pipeline.ts";
import { onlyStatement, splitStatements } from "./statements.ts";

/** Does what was asked, on a connection of its own; `rowsWritten` counts what was kept and what was not. */
export function runPipeline(sqlite: Sqlite, asked: Asked[]): { answer: object; rowsWritten: number } {
  const before = sqlite.totalChanges();
  try {
    const results = asked.map((request) => {
      try {
        return { type: "ok", response: { type: request.type, ...answer(sqlite, request) } };
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        return { type: "error", error: told(error) };
      }
    });
    return { answer: { baton: null, base_url: null, results }, rowsWritten: sqlite.totalChanges() - before };
  } finally {
    sqlite.reset();
  }
}

function answer(sqlite: Sqlite, request: Asked): object {
  switch (request.type) {
    case "execute":
      return { result: runOne(sqlite, request.stmt) };
    case "batch":
      return { result: runBatch(sqlite, request.steps) };
    case "sequence": {
      // Not a transaction: what comes before a failure stays, unless the text says otherwise.
      const statements = splitStatements(request.sql).map(onlyStatement);
      for (const sql of statements) sqlite.checkSyntax(sql);
      for (const sql of statements) sqlite.run({ sql, args: [], named: new Map(), wantRows: false });
      return {};
    }
    case "store_sql":
    case "close_sql":
      if (request.refused !== undefined) throw request.refused;
      return {};
    case "close":
      return {};
  }
}

function runOne(sqlite: Sqlite, statement: Statement): StatementResult {
  return sqlite.run({ ...statement, sql: onlyStatement(statement.sql) });
}

function runBatch(sqlite: Sqlite, steps: Step[]): object {
  // All of it is parsed before any of it runs.
  for (const { stmt } of steps) sqlite.checkSyntax(onlyStatement(stmt.sql));
  const step_results: (StatementResult | null)[] = [];
  const step_errors: (object | null)[] = [];
  const holds = (condition: Condition): boolean => {
    switch (condition.type) {
      case "ok":
        return step_results[condition.step] !== null;
      case "error":
        return step_errors[condition.step] !== null;
      case "not":
        return !holds(condition.cond);
      case "and":
        return condition.conds.every(holds);
      case "or":
        return condition.conds.some(holds);
    }
  };
  for (const { stmt, condition } of steps) {
    let result: StatementResult | null = null;
    let failure: object | null = null;
    try {
      if (condition === undefined || holds(condition)) result = runOne(sqlite, stmt);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      failure = told(error);
    }
    step_results.push(result);
    step_errors.push(failure);
  }
  return { step_results, step_errors };
}
