import type { InArgs, InStatement, InValue } from "@libsql/client";

/** One SQL statement with the values for its parameters, ready for libsql. */
export type Statement = { sql: string; args: InArgs };

/**
 * Brings the forms that libsql accepts into one, and its whole numbers into bigints: libsql binds JavaScript's numbers as
 * REAL, which puts '5.0' into a TEXT column and makes `7 / ?` a fraction. Results are plain numbers all the same.
 */
export function toStatement(statement: InStatement | [string, InArgs?], args: InArgs = []): Statement {
  if (typeof statement === "string") return { sql: statement, args: bind(args) };
  if (Array.isArray(statement)) return { sql: statement[0], args: bind(statement[1] ?? []) };
  return { sql: statement.sql, args: bind(statement.args ?? []) };
}

/**
 * Whether a statement surely only reads. Answers no when in doubt: a read taken for a write waits for the write lock,
 * a write taken for a read would be refused by its connection.
 */
export function isRead({ sql }: { sql: string }): boolean {
  const verb = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase();
  if (verb === "WITH") return !/\b(INSERT|UPDATE|DELETE|REPLACE)\b/i.test(sql);
  return verb === "SELECT" || verb === "EXPLAIN";
}

function bind(args: InArgs): InArgs {
  if (Array.isArray(args)) return args.map(toInteger);
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, toInteger(value)]));
}

function toInteger(value: InValue): InValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (value instanceof Date) return toInteger(value.getTime());
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}
