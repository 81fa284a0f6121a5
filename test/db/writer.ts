// Writes rows in every way there is until it is killed. A printed line promises that its row is in the file:
// the writer's name, the row's number, and the event loop's delays so far in ms, 99 % of them and the longest.
import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openDatabase } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";

const [url = "", name = ""] = process.argv.slice(2);
const db = await openDatabase({ url, observe: { poisoned: () => process.exit(3) } });
const orm = db.for("test");
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
for (let n = 0; ; n++) {
  const row = sql`INSERT INTO written (writer, n) VALUES (${name}, ${n})`;
  if (n % 3 === 0) await orm.run(row);
  if (n % 3 === 1) await orm.batch([orm.run(sql`SELECT COUNT(*) FROM written`), orm.run(row)]);
  if (n % 3 === 2) await orm.transaction(async (transaction) => void (await transaction.run(row)));
  const [most, longest] = [delay.percentile(99), delay.max].map((ns) => Math.ceil(ns / 1e6));
  writeSync(1, `${name} ${n} ${most} ${longest}\n`);
}
