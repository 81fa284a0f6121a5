import { existsSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { type Config, readDatabase } from "../config.ts";
import { pathOf } from "../db/file.ts";

/** What was asked for cannot be done, for a reason that the message tells in a sentence. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** The command was called in a way that cannot work, or for a database that it is not made for. */
export class Misuse extends Error {
  override name = "Misuse";
}

/**
 * Runs a command for operators, and ends the process: with 0, with 1 when it failed, with 2 when it was called wrongly,
 * with 128 and the signal's number when a signal stopped it. Whatever went wrong is a sentence on stderr.
 * @param main its signal aborts with SIGINT, SIGTERM or SIGHUP; it cleans up, and throws
 */
export async function runProgram(main: (args: string[], signal: AbortSignal) => Promise<void>): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort(name));
  try {
    if (existsSync(".env")) process.loadEnvFile(".env");
    await main(process.argv.slice(2), stop.signal);
  } catch (error) {
    const { aborted, reason } = stop.signal;
    process.stderr.write(`${aborted ? "Stopped." : error instanceof Error ? error.message : error}\n`);
    process.exit(aborted ? 128 + constants.signals[reason as NodeJS.Signals] : error instanceof Misuse ? 2 : 1);
  }
  process.exit();
}

/** Where the database is: in a file, or on a server. */
export function whereDatabaseIs(): { file: string } | { server: Config["database"] } {
  const database = readDatabase(process.env);
  return /^file:/i.test(database.url) ? { file: resolve(pathOf(database.url)) } : { server: database };
}

/** A path as it was meant: npm runs its scripts in the project's folder, wherever whoever calls them is. */
export function givenPath(path: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
  return resolve(script === undefined ? "" : (folder ?? ""), path);
}
