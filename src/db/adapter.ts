import type { Client, InArgs, InStatement, ResultSet, Transaction } from "@libsql/client";
import { isRead, toStatement } from "./statement.ts";
import type { Store } from "./store.ts";

/** Runs a call of some statements and reports how long it took. */
export type Timed = <T>(statements: number, call: () => Promise<T>) => Promise<T>;

/** libsql's interface, which drizzle runs on, over a store. */
export function toClient(store: Store, timed: Timed): Client {
  async function batch(statements: Parameters<Client["batch"]>[0], mode?: Parameters<Client["batch"]>[1]) {
    const prepared = statements.map((statement) => toStatement(statement));
    // drizzle passes no mode. For libsql that is "deferred", which cannot wait for the write lock; for us it is "write".
    const onlyReads = mode === "read" || (mode === undefined && prepared.every(isRead));
    return await timed(prepared.length, () => (onlyReads ? store.read(prepared) : store.write(prepared)));
  }

  return {
    batch,
    execute: async (statement: InStatement, args?: InArgs) => first(await batch([toStatement(statement, args)])),
    executeMultiple: (sql) => timed(1, () => store.script(sql)),
    transaction: async () => toTransaction(await store.transaction(), timed),
    get closed() {
      return store.closed();
    },
    protocol: store.protocol,
    migrate: () => refuse("migrate"),
    sync: () => refuse("sync"),
    reconnect: () => refuse("reconnect"),
    close: () => refuse("close"),
  };
}

function toTransaction(begun: Transaction, timed: Timed): Transaction {
  return {
    execute: (statement) => timed(1, () => begun.execute(toStatement(statement))),
    batch: (statements) => timed(statements.length, () => begun.batch(statements.map((each) => toStatement(each)))),
    executeMultiple: (sql) => timed(1, () => begun.executeMultiple(sql)),
    commit: () => begun.commit(),
    rollback: () => begun.rollback(),
    close: () => begun.close(),
    get closed() {
      return begun.closed;
    },
  };
}

function first([result]: ResultSet[]): ResultSet {
  if (result === undefined) throw new Error("the database gave no result for a statement");
  return result;
}

function refuse(call: string): never {
  throw new Error(`${call}() of the libsql client is not for use here: see Database in client.ts, and migrate.ts`);
}
