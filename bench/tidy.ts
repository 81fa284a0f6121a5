import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * However this process ends, by Ctrl-C too, nothing of it stays behind: its temporary folders lie in one that is removed,
 * and what it has started is told to end by whoever listens to "exit". Only SIGKILL leaves the folder.
 */
export function leaveNothingBehind(): void {
  const folder = mkdtempSync(join(tmpdir(), "wishbell-bench-"));
  process.env.TMPDIR = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
