// Looks at the lock for each line "look" on stdin, and tries to take it as it was seen for each line "take"; says what came of it.
import { createInterface } from "node:readline";
import { openDatabase } from "../../src/db/client.ts";
import { acquireLock, type LockRow, readLock } from "../../src/db/lock.ts";

const [url = "", name = "", staleMs = ""] = process.argv.slice(2);
const orm = (await openDatabase({ url })).for("test");
let seen: LockRow | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "look") seen = await readLock(orm);
  const term = line === "take" && seen ? await acquireLock(orm, name, seen, Number(staleMs)) : undefined;
  process.stdout.write(`${term?.epoch ?? "none"}\n`);
}
