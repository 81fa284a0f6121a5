// Opens and migrates a database for each line of JSON on stdin, and says how many migrations that applied.
import { createInterface } from "node:readline";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { url, migrations } = JSON.parse(line) as { url: string; migrations: string };
  await using db = await openDatabase({ url });
  process.stdout.write(`applied ${await migrate(db, migrations)}\n`);
}
