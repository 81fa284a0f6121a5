import { existsSync } from "node:fs";
import { link, rename } from "node:fs/promises";
import { Refusal } from "./program.ts";

/** What SQLite keeps beside a database; of another one's it would make a mixture of both. They go first. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/** Keeps a database, and what belongs to it, under another name; gives whether there was anything. */
export async function setAside(file: string, aside: string): Promise<boolean> {
  const companions = COMPANIONS.filter((end) => existsSync(file + end));
  for (const end of ["", ...companions])
    if (existsSync(aside + end)) throw new Refusal(`${aside}${end} is there already.`);
  for (const end of companions) await rename(file + end, aside + end);
  if (!existsSync(file)) return companions.length > 0;
  // It stays where it is until the new one takes its place: if this is cut off, the bot must not start with nothing.
  await link(file, aside).catch(() => rename(file, aside)); // not every file system has links
  return true;
}
