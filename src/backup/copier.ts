// Copies the database file of the first argument into the empty file of the second, and tells its parent how it goes.
import { rmSync, statfsSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CopierMessage } from "./copy.ts";
import { size } from "./progress.ts";

/** A database is never smaller than it says, but others write to the disk, too. */
const SPARE = 1.1;
/** A writer that recovers the file after a crash keeps others out for a moment. */
const WAIT_MS = 5_000;
/** After the bot's processes, whenever both want the processor. */
const NICENESS = 10;

const [from = "", to = ""] = process.argv.slice(2);
process.on("SIGINT", () => undefined); // Ctrl-C reaches this process, too; what is to be done is its parent's business
process.once("disconnect", abandon);
try {
  setPriority(NICENESS);
  await copy();
  await check();
} catch (error) {
  await tell({ kind: "failed", why: whyOf(error) });
}
process.off("disconnect", abandon);
process.disconnect();

/** The parent was killed: nobody else is left to clean up. */
function abandon(): never {
  rmSync(to, { force: true });
  process.exit(1);
}

async function copy(): Promise<void> {
  using source = new DatabaseSync(from, { readOnly: true, timeout: WAIT_MS });
  assertOurs(source);
  const expectedBytes =
    (numberOf(source, "PRAGMA page_count") - numberOf(source, "PRAGMA freelist_count")) *
    numberOf(source, "PRAGMA page_size");
  const { bavail, bsize } = statfsSync(dirname(to));
  if (bavail * bsize < expectedBytes * SPARE) {
    throw new Error(`it needs about ${size(expectedBytes * SPARE)} and the disk has ${size(bavail * bsize)} left`);
  }
  await tell({ kind: "begun", expectedBytes });
  source.prepare("VACUUM INTO ?").run(to);
  await tell({ kind: "copied" });
}

async function check(): Promise<void> {
  using copied = new DatabaseSync(to, { readOnly: true });
  const faults = copied.prepare("PRAGMA integrity_check").all();
  if (faults[0]?.integrity_check !== "ok") throw new Error(`the copy is damaged (${faults[0]?.integrity_check})`);
  assertOurs(copied);
  await tell({
    kind: "checked",
    users: numberOf(copied, "SELECT COUNT(*) FROM users"),
    trackings: numberOf(copied, "SELECT COUNT(*) FROM user_streamers"),
  });
}

/** @throws when it has none of Wishbell's tables */
function assertOurs(db: DatabaseSync): void {
  const names = "'__drizzle_migrations', 'users', 'user_streamers', 'scheduler_lock'";
  if (numberOf(db, `SELECT COUNT(*) FROM sqlite_master WHERE name IN (${names})`) < 4) {
    throw new Error("it is no database of Wishbell");
  }
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

/** Resolves when it is on its way: what comes next may stop this process's event loop for minutes. */
async function tell(message: CopierMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });
}

/** SQLite's result codes, https://sqlite.org/rescode.html, in words. */
function whyOf(error: unknown): string {
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
