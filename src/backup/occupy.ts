import { DatabaseSync } from "node:sqlite";
import { Refusal } from "./program.ts";

/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const [BUSY, CORRUPT, NOTADB] = [5, 11, 26];
/** Long enough for a glance at the file by somebody else, such as a backup that begins. */
const WAIT_MS = 1_000;

/**
 * Makes sure that no process has the database open, and keeps it so until disposed of. Everything that was written to it
 * is then in the one file. Of a damaged file nobody can tell: it is left alone, and undefined given.
 * @throws {Refusal} when a process has it open
 */
export function occupy(file: string): Disposable | undefined {
  if (isDamaged(file)) return undefined;
  const db = new DatabaseSync(file, { timeout: WAIT_MS });
  try {
    // Only the last connection may leave WAL mode, and every instance keeps one open, the stand-by too.
    db.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    if (codeOf(error) !== BUSY) throw new Refusal(`${file} cannot be taken out of use: ${error}.`, { cause: error });
    throw new Refusal(
      `${file} is in use: stop every instance of the bot first. (fuser or lsof on the file tell who uses it.)`,
    );
  }
}

/** Looked at through a connection that cannot write: another one would clear away what lies beside the file. */
function isDamaged(file: string): boolean {
  using db = new DatabaseSync(file, { readOnly: true, timeout: WAIT_MS });
  try {
    db.prepare("SELECT COUNT(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    return [CORRUPT, NOTADB].includes(codeOf(error));
  }
}

function codeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
}
