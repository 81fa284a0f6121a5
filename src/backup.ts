import { existsSync } from "node:fs";
import { copyDatabase } from "./backup/copy.ts";
import { createDraft } from "./backup/draft.ts";
import { givenPath, Misuse, Refusal, runProgram, whereDatabaseIs } from "./backup/program.ts";
import { seconds, showProgress, size } from "./backup/progress.ts";
import { backupPath } from "./backup/target.ts";

const USAGE = `Usage: npm run backup -- [file or folder]
Copies the database while the bot runs. Without an argument the copy goes to the folder "backup" beside the database.`;
const ON_A_SERVER =
  "DATABASE_URL names a server, and this command is for a database in a file. Back it up by the server's own means: Turso keeps points in time to restore, of sqld copy the data folder while it is stopped.";

/** `npm run backup`: a copy of the database, made while the bot runs. */
await runProgram(async (args, signal) => {
  const [given, ...others] = args;
  if (given === "--help") return void process.stdout.write(`${USAGE}\n`);
  if (others.length > 0 || given?.startsWith("-") || given === "") throw new Misuse(USAGE);
  const where = whereDatabaseIs();
  if ("server" in where) throw new Misuse(ON_A_SERVER);
  const database = where.file;
  if (!existsSync(database)) {
    throw new Refusal(`There is no database at ${database}: look at DATABASE_URL, or start the bot once.`);
  }
  const start = performance.now();
  const target = await backupPath(database, given && givenPath(given) + (given.endsWith("/") ? "/" : ""), new Date());
  await using draft = await createDraft(`${target}.partial`);
  const progress = showProgress(process.stdout);
  const { bytes, users, trackings } = await copyDatabase({ from: database, draft, progress }, signal);
  if (existsSync(target)) throw new Refusal(`${target} came into being meanwhile, and is not overwritten.`);
  await draft.moveTo(target);
  const took = seconds(performance.now() - start);
  process.stdout.write(`${target}
${size(bytes)}, ${users} users, ${trackings} trackings, checked, in ${took}. To restore it, stop all instances, then:
  npm run restore -- ${target}
`);
});
