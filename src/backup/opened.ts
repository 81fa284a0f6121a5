import { DatabaseSync } from "node:sqlite";

/** A writer that recovers the file after a crash keeps others out for a moment. */
const WAIT_MS = 5_000;

/** Opens a database file that is only read. */
export function openToRead(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: WAIT_MS });
}

/** @throws when it has none of Wishbell's tables */
export function assertOurs(db: DatabaseSync): void {
  const names = "'__drizzle_migrations', 'users', 'user_streamers', 'scheduler_lock'";
  if (numberOf(db, `SELECT COUNT(*) FROM sqlite_master WHERE name IN (${names})`) < 4) {
    throw new Error("it is no database of Wishbell");
  }
}

/**
 * Reads all of a copy, to see that it is whole.
 * @throws when it is damaged, or not ours
 */
export function checkCopy(db: DatabaseSync): { users: number; trackings: number } {
  const faults = db.prepare("PRAGMA integrity_check").all();
  if (faults[0]?.integrity_check !== "ok") throw new Error(`the copy is damaged (${faults[0]?.integrity_check})`);
  assertOurs(db);
  return {
    users: numberOf(db, "SELECT COUNT(*) FROM users"),
    trackings: numberOf(db, "SELECT COUNT(*) FROM user_streamers"),
  };
}

export function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

/** SQLite's result codes, https://sqlite.org/rescode.html, in words. */
export function whyOf(error: unknown): string {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  switch (code) {
    case 5:
      return "another process keeps it locked. Try again, or find out which (fuser or lsof on the file)";
    case 11:
      return "it is damaged. Keep it, and restore an older backup";
    case 13:
      return "the disk is full";
    case 14:
      return "it cannot be opened, or its folder not be written. Run this as the user who runs the bot";
    case 26:
      return "it is no database";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
