/**
 * SQL as sqld's own parser takes it, in front of SQLite
 * (https://github.com/tursodatabase/libsql/blob/main/libsql-server/src/query_analysis.rs).
 */
import { StatementError } from "./errors.ts";

/** Strings, names in quotes, comments, parameters, semicolons, and what is between them. */
const TOKENS =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?\d*|;|[^'"`[\-/?;]+|[\s\S]/g;

/** The statements of a text, without comments. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (/^(--|\/\*)/.test(token)) current += " ";
    else if (token !== ";" || isInTrigger(current)) current += token;
    else {
      statements.push(current);
      current = "";
    }
  }
  return [...statements, current].filter((statement) => statement.trim() !== "");
}

/** A trigger holds statements, and ends with END. */
function isInTrigger(statement: string): boolean {
  return /^\s*CREATE\s+TRIGGER\b/i.test(statement) && !/;\s*END\s*$/i.test(statement);
}

/** How many values a statement needs; undefined when its parameters have names or numbers. */
export function countParameters(statement: string): number | undefined {
  const tokens = [...statement.matchAll(TOKENS)].map(([token]) => token);
  if (tokens.some((token) => /^\?\d/.test(token) || (!/^['"`[]/.test(token) && /[:@$]\w/.test(token))))
    return undefined;
  return tokens.filter((token) => token === "?").length;
}

/** Pragmas that are answered; those of the second list only when they ask. */
const PRAGMAS = new Set(
  "table_list index_list table_info table_xinfo index_xinfo pragma_list compile_options database_list function_list module_list encoding defer_foreign_keys foreign_keys foreign_key_list foreign_key_check collation_list data_version freelist_count integrity_check legacy_file_format page_count quick_check stats user_version".split(
    " ",
  ),
);
const ASKING_PRAGMAS = new Set(
  "analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check checkpoint_fullfsync fullfsync hard_heap_limit journal_mode journal_size_limit legacy_alter_table locking_mode max_page_count mmap_size page_size query_only read_uncommitted recursive_triggers reverse_unordered_selects schema_version secure_delete soft_heap_limit synchronous temp_store threads trusted_schema wal_autocheckpoint".split(
    " ",
  ),
);

/**
 * The one statement of a text.
 * @throws {StatementError} when it holds none, several, or one that sqld does not let through
 */
export function onlyStatement(text: string): string {
  const [statement, ...others] = splitStatements(text);
  if (statement === undefined)
    throw new StatementError("SQL_NO_STATEMENT", "SQL string does not contain any statement");
  if (others.length > 0) {
    throw new StatementError("SQL_MANY_STATEMENTS", "SQL string contains more than one statement");
  }
  if (!isAllowed(statement)) throw notParsed(`unsupported statement: ${statement.trim()}`);
  return statement;
}

export function notParsed(why: string): StatementError {
  return new StatementError("SQL_PARSE_ERROR", `SQL string could not be parsed: ${why}`);
}

/** What changes rows, and so says how many. */
export function changesRows(statement: string): boolean {
  const verb = verbOf(statement);
  if (verb === "WITH") return /\b(INSERT|UPDATE|DELETE|REPLACE)\b/i.test(statement);
  return verb === "INSERT" || verb === "REPLACE" || verb === "UPDATE" || verb === "DELETE";
}

/** https://sqlite.org/lang_keywords.html, those that may name a column without quotes. */
const KEYWORDS = new Set(
  "ABORT ACTION AFTER ALWAYS ANALYZE ASC ATTACH BEFORE BEGIN BY CASCADE CAST COLUMN CONFLICT CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFERRED DESC DETACH DO EACH END EXCLUDE EXCLUSIVE EXPLAIN FAIL FILTER FIRST FOLLOWING FOR GENERATED GLOB GROUPS IF IGNORE IMMEDIATE INDEXED INITIALLY INSTEAD KEY LAST LIKE MATCH MATERIALIZED NO NULLS OF OFFSET OTHERS OVER PARTITION PLAN PRAGMA PRECEDING QUERY RAISE RANGE RECURSIVE REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT ROLLBACK ROW ROWS SAVEPOINT TEMP TEMPORARY TIES TRIGGER UNBOUNDED VACUUM VIEW VIRTUAL WINDOW WITH WITHOUT".split(
    " ",
  ),
);

/**
 * What a column is called in the result. sqld writes the statement anew from what it has parsed, keywords in capitals,
 * also those that are the name of a column and not in quotes (seen with libsql-sqlite3-parser 0.13).
 */
export function nameFor(column: string, statement: string): string {
  const capitals = column.toUpperCase();
  return KEYWORDS.has(capitals) && new RegExp(`\\bAS\\s+${column}\\b`, "i").test(statement) ? capitals : column;
}

/** What the client adds by itself to make statements a transaction. */
export function isFraming(statement: string): boolean {
  return /^\s*(BEGIN|COMMIT|ROLLBACK|PRAGMA foreign_keys)\b/i.test(statement);
}

function isAllowed(statement: string): boolean {
  if (verbOf(statement) === "PRAGMA") {
    const [, name = "", rest = ""] = /^\s*PRAGMA\s+(?:\w+\.)?(\w+)\s*([\s\S]*)$/i.exec(statement) ?? [];
    return PRAGMAS.has(name) || (ASKING_PRAGMAS.has(name) && rest.trim() === "");
  }
  return !/^\s*(ATTACH|DETACH|VACUUM|ANALYZE|REINDEX|CREATE\s+TEMP)/i.test(statement);
}

function verbOf(statement: string): string {
  return /^\s*(\w+)/.exec(statement)?.[1]?.toUpperCase() ?? "";
}
