import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** The database file cannot be used, for now or at all: the message says why, and what to do. Nothing was written. */
export class DatabaseTrouble extends Error {
  override name = "DatabaseTrouble";
  constructor(file: string, why: string, cause?: unknown) {
    super(`cannot use the database file ${file}: ${why}`, { cause });
  }
}

/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const [READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [8, 10, 11, 13, 14, 26];

const IS_FULL = "its disk is full. Make space: writing goes on by itself then";
const IS_DAMAGED =
  "it is damaged, or is no database. Stop all instances and restore a backup (docs/operating.md, Backups)";
const IS_UNREADABLE = "its disk does not read or write it. Look for the reason in the system's log";

/** An error of SQLite in words that help whoever runs the bot, if it is about the file; any other error as it is. */
export function explain(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const why = code === undefined ? undefined : reason(code, file);
  return why === undefined ? error : new DatabaseTrouble(file, why, error);
}

function reason(code: number, file: string): string | undefined {
  switch (code) {
    case FULL:
      return IS_FULL;
    case CORRUPT:
    case NOTADB:
      return IS_DAMAGED;
    case READONLY:
    case CANTOPEN:
      return refusal(file);
    case IOERR:
      // Where there is no space for the memory that SQLite's processes share, SQLite speaks of an I/O error.
      return refusal(file) ?? (isFull(dirname(file)) ? IS_FULL : IS_UNREADABLE);
    default:
      return undefined;
  }
}

/** Why this process may not write the file; undefined when it may. */
function refusal(file: string): string | undefined {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) return `it is a folder. Name a file in it`;
  for (const path of [dirname(file), file, `${file}-wal`, `${file}-shm`]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EROFS") return "its disk is mounted read-only. Mount it for writing";
      if (code === "EACCES") {
        return `${path} may not be written by the user who runs this${userId()}. Make them the owner of the file and its folder`;
      }
    }
  }
  return undefined;
}

function userId(): string {
  const id = process.getuid?.();
  return id === undefined ? "" : ` (id ${id})`;
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < 64 * 1024;
  } catch {
    return false;
  }
}

/** SQLite's primary code. When libsql cannot even open a file, only its text has it (0.5). */
function codeOf(error: unknown): number | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { rawCode } = at as { rawCode?: unknown };
    const code = typeof rawCode === "number" ? rawCode : /^ConnectionFailed\(".*: (\d+)"\)$/s.exec(at.message)?.[1];
    if (code !== undefined) return Number(code) & 0xff;
  }
  return undefined;
}
