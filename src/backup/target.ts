import { existsSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Refusal } from "./program.ts";

/**
 * Where a backup goes: into a folder, under a name that tells when it was made, or where `given` says. Without `given`
 * it is the folder `backup` beside the database, which is made.
 * @throws {Refusal} when something is there already, or the folder is not
 */
export async function backupPath(database: string, given: string | undefined, now: Date): Promise<string> {
  const folder = given ?? join(dirname(database), "backup");
  if (given === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const isFolder =
    given === undefined || given.endsWith("/") || statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const path = isFolder ? join(folder, `${basename(database, ".db")}-${stamp(now)}.db`) : folder;
  // Not made: it may be where a disk is to be mounted.
  if (!existsSync(dirname(path)))
    throw new Refusal(`${dirname(path)} is not there: make the folder, or mount its disk.`);
  if (existsSync(path)) throw new Refusal(`${path} is there already, and is not overwritten.`);
  return path;
}

/** A time as a file may be called: 2026-11-22T10-00-00Z. */
export function stamp(now: Date): string {
  return now.toISOString().replace(/\.\d+/, "").replaceAll(":", "-");
}
