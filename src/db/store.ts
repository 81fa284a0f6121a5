import type { ResultSet, Transaction } from "@libsql/client";
import type { Statement } from "./statement.ts";

/** What a database file and a remote server have in common: the few calls that the client is made of. */
export type Store = {
  /** Runs statements that only read, on one snapshot. */
  read(statements: Statement[]): Promise<ResultSet[]>;
  /** Runs statements in one write transaction: all of them or none. */
  write(statements: Statement[]): Promise<ResultSet[]>;
  /** Runs a script in one write transaction. It may hold many statements, and no BEGIN, COMMIT or PRAGMA. */
  script(sql: string): Promise<void>;
  /** Runs scripts in one write transaction. Foreign keys do not act meanwhile, so a table can be dropped and rebuilt. */
  runScripts(scripts: string[]): Promise<void>;
  /**
   * Begins a write transaction. It must be settled (commit, rollback or close): until then nobody else can write.
   * @throws on a server, which would end it by itself
   */
  transaction(): Promise<Transaction>;
  protocol: "file" | "http";
  connections(): number;
  /** Bytes on disk; undefined for a server, which only a statement can ask. */
  size(): number | undefined;
  closed(): boolean;
  close(): Promise<void>;
};
