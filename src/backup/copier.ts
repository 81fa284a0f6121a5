// Copies the database file of the first argument into the empty file of the second, and tells its parent how it goes.
import { rmSync, statfsSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname } from "node:path";
import type { CopierMessage } from "./copy.ts";
import { assertOurs, checkCopy, numberOf, openToRead, whyOf } from "./opened.ts";
import { size } from "./progress.ts";

/** A database is never smaller than it says, but others write to the disk, too. */
const SPARE = 1.1;
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
  using source = openToRead(from);
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
  using copied = openToRead(to);
  await tell({ kind: "checked", ...checkCopy(copied) });
}

/** Resolves when it is on its way: what comes next may stop this process's event loop for minutes. */
async function tell(message: CopierMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });
}
