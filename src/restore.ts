import { existsSync, statSync } from "node:fs";
import { chmod, chown, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { copyDatabase } from "./backup/copy.ts";
import { createDraft } from "./backup/draft.ts";
import { occupy } from "./backup/occupy.ts";
import { givenPath, Misuse, Refusal, runProgram, whereDatabaseIs } from "./backup/program.ts";
import { showProgress, size } from "./backup/progress.ts";
import { setAside } from "./backup/set-aside.ts";
import { stamp } from "./backup/target.ts";
import { copyToServer } from "./backup/to-server.ts";

const USAGE = `Usage: npm run restore -- <backup>
Puts a backup in the place of the database, which is kept under another name. Stop all instances of the bot before.
Where DATABASE_URL names a server, it is copied there, into a database that must be empty.`;
const THEN = "Start the bot. It may first wait for the lock that the backup remembers, up to LOCK_STALE_SECONDS.\n";

/** `npm run restore`: puts a backup in the place of the database, if nobody uses it, or onto a server. */
await runProgram(async (args, signal) => {
  const [given, ...others] = args;
  if (given === "--help") return void process.stdout.write(`${USAGE}\n`);
  if (!given || others.length > 0 || given.startsWith("-")) throw new Misuse(USAGE);
  const where = whereDatabaseIs();
  const backup = givenPath(given);
  if (!existsSync(backup)) throw new Refusal(`There is no backup at ${backup}.`);
  const progress = showProgress(process.stdout);
  if ("server" in where) {
    const { users, trackings } = await copyToServer({ from: backup, server: where.server, progress }, signal);
    return void process.stdout.write(`The server has what is in ${backup} now: ${users} users, ${trackings} trackings.
${THEN}`);
  }
  const database = where.file;
  if (isSame(backup, database)) throw new Refusal(`${backup} is the database itself: name a backup.`);
  await mkdir(dirname(database), { recursive: true, mode: 0o700 });

  const isThere = existsSync(database);
  using occupied = isThere ? occupy(database) : undefined;
  await using draft = await createDraft(`${database}.restoring`);
  const { bytes, users, trackings } = await copyDatabase({ from: backup, draft, progress }, signal);
  await giveTo(draft.path, statSync(isThere ? database : dirname(database)));
  const aside = `${database}.before-restore-${stamp(new Date())}`;
  const isAside = await setAside(database, aside);
  await draft.moveTo(database);
  process.stdout.write(`${database} is as in ${backup} now: ${size(bytes)}, ${users} users, ${trackings} trackings.
${isAside ? `What was there is kept as ${aside}.\n` : ""}${
  isThere && occupied === undefined
    ? "It is damaged, so nobody can tell whether an instance still uses it: make sure that none runs.\n"
    : ""
}${THEN}`);
});

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** The bot must be able to use what an administrator restores. */
async function giveTo(
  path: string,
  like: { uid: number; gid: number; mode: number; isFile(): boolean },
): Promise<void> {
  if (like.isFile()) await chmod(path, like.mode & 0o777);
  if (process.getuid?.() === 0) await chown(path, like.uid, like.gid);
}
