// Holds the write lock again and again, for as many ms as each argument after the URL says, until it is killed.
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../../src/db/client.ts";

const [url = "", ...stretches] = process.argv.slice(2);
const db = await openDatabase({ url });
for (;;) {
  for (const ms of stretches) {
    const transaction = await db.client.transaction("write");
    process.stdout.write("holding\n");
    await sleep(Number(ms));
    transaction.close();
    await sleep(100);
  }
}
