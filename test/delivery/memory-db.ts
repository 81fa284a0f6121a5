import { createClient } from "@libsql/client";
import { toClient } from "../../src/db/adapter.ts";
import type { Orm } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { drizzle } from "../../src/db/orm.ts";
import type { Store } from "../../src/db/store.ts";

export type MemoryDb = AsyncDisposable & {
  orm: Orm;
  /** How many statements were rewritten. */
  rewritten(): number;
};

/** Statements that contain the text `from` run with `to` in its place. */
export type Rewrite = { from: string; to: string };

/**
 * A migrated database in memory, for tests of what whole statements do in any order: every layer above the file is the
 * real one, and a commit costs nothing. With `rewrite` its statements are broken on purpose.
 */
export async function memoryDb(rewrite?: Rewrite): Promise<MemoryDb> {
  const client = createClient({ url: ":memory:" });
  let rewritten = 0;
  const broken = ({ sql, args }: Parameters<Store["write"]>[0][number]) => {
    const found = rewrite !== undefined && sql.includes(rewrite.from);
    if (found) rewritten++;
    return { sql: found ? sql.replaceAll(rewrite.from, rewrite.to) : sql, args };
  };
  const store: Store = {
    read: (statements) => client.batch(statements.map(broken), "read"),
    write: (statements) => client.batch(statements.map(broken), "write"),
    script: (sql) => client.executeMultiple(sql),
    runScripts: (scripts) => client.executeMultiple(scripts.join(";\n")),
    transaction: () => client.transaction("write"),
    protocol: "file",
    connections: () => 1,
    size: () => undefined,
    closed: () => client.closed,
    close: async () => client.close(),
  };
  const safe = toClient(store, (_, call) => call());
  const orm = drizzle({ client: safe });
  await migrate({ ...store, client: safe, for: () => orm, [Symbol.asyncDispose]: store.close });
  return { orm, rewritten: () => rewritten, [Symbol.asyncDispose]: store.close };
}
