// Statements are prepared once for many runs: preparing takes as long as running, and @libsql/client prepares anew each
// time. To be imported after whatever changes statements, and before @libsql/client is used.
import { createRequire } from "node:module";

type Prepare = (this: object, sql: string) => unknown;

const client = createRequire(import.meta.url).resolve("@libsql/client");
const { prototype } = createRequire(client)("libsql") as { prototype: { prepare: Prepare } };
const prepare = prototype.prepare;
let kept = new WeakMap<object, Map<string, unknown>>();

prototype.prepare = function (sql) {
  if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(sql)) return prepare.call(this, sql);
  const statements = kept.get(this) ?? new Map<string, unknown>();
  kept.set(this, statements);
  const statement = statements.get(sql) ?? prepare.call(this, sql);
  statements.set(sql, statement);
  return statement;
};

/** From now on everything is prepared anew. */
export function forgetPrepared(): void {
  kept = new WeakMap();
}
