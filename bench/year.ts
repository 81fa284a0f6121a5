/**
 * How large the database grows in more than a year, so that folding is a part of it: streamers whose lists change every
 * day, followers who are told of it, and the housekeeping, all by the functions that the bot runs, on a file whose clock
 * is moved on by a day at a time. Looks that find nothing are left out: they write no rows. Exits 1 when the file is
 * larger at the end than was stated.
 *
 *   npm run year
 *   npm run year -- --days 30 --streamers 100 --limit 20
 */

import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setAhead } from "../sandbox/demo/shifted-clock.ts"; // first: SQLite's clock is moved from the first statement on
import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { readSize } from "../src/db/status.ts";
import { forgetPrepared } from "./prepared.ts";
import { startYear } from "./year-in-rows.ts";
import { inventYear } from "./year-of-lists.ts";

const DAY_MS = 24 * 3_600_000;
/** Housekeeping has a round every ten minutes. */
const ROUNDS_A_DAY = 144;

const { values } = parseArgs({
  options: {
    days: { type: "string", default: "430" },
    streamers: { type: "string", default: "1000" },
    /** Of each streamer, and how many streamers each of them follows. */
    followers: { type: "string", default: "10" },
    follows: { type: "string", default: "5" },
    /** Items on each list. */
    items: { type: "string", default: "20" },
    /** Prices that change on each list in a week. */
    prices: { type: "string", default: "1" },
    /** MB that the file may have at the end. */
    limit: { type: "string", default: "700" },
  },
});
const [days, streamers, limit] = [Number(values.days), Number(values.streamers), Number(values.limit)];
const [followers, follows] = [Number(values.followers), Number(values.follows)];

await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-year-"));
await using db = await openDatabase({ url: `file:${join(folder.path, "year.db")}` });
await migrate(db);
const lists = inventYear(Number(values.items), Number(values.prices) / 7);
const began = performance.now();
const year = await startYear(db, lists, { streamers, followers, follows });

console.log(
  `${streamers} streamers with ${values.items} items, ${followers} followers each. On each list: an item comes and one goes a ` +
    `day, new prices a week: ${values.prices}\n`,
);
console.log("   day   file MB   free MB     items    events    folded    outbox    a round, ms: dropping, folding");
let most = { drop: 0, fold: 0 };
for (let day = 1; day <= days; day++) {
  setAhead(day * DAY_MS);
  forgetPrepared();
  await year.liveThrough(day);
  const took = await year.keepHouse(ROUNDS_A_DAY);
  most = { drop: Math.max(most.drop, took.drop), fold: Math.max(most.fold, took.fold) };
  if (day % 30 === 0 || day === days || day === 365) {
    await tell(day);
    most = { drop: 0, fold: 0 };
  }
}

async function tell(day: number) {
  const rows = await year.rows();
  const size = await readSize(db.for("year"));
  const mb = (bytes = 0) => (bytes / 1e6).toFixed(1).padStart(10);
  const count = (rows = 0) => String(rows).padStart(10);
  const columns = [mb(size?.bytes), mb(size?.freeBytes), ...[rows.wishlist_items, rows.wishlist_events].map(count)];
  const times = `${most.drop.toFixed(1).padStart(12)} ${most.fold.toFixed(1).padStart(8)}`;
  console.log(`${String(day).padStart(6)}${columns.join("")}${count(rows.folded)}${count(rows.outbox)}${times}`);
}

const rows = await year.rows();
console.log("\nrows at the end");
for (const [table, count] of Object.entries(rows)) {
  if (count > 0 && table !== "folded") console.log(`  ${table.padEnd(20)} ${String(count).padStart(9)}`);
}
const { bytes = 0 } = (await readSize(db.for("year"))) ?? {};
const isSmall = bytes <= limit * 1e6;
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(
  `\n${days} days took ${minutes} min. ${(bytes / 1e6).toFixed(1)} MB, stated: at most ${limit} MB. ${isSmall ? "Kept." : "MISSED."}`,
);
process.exitCode = isSmall ? 0 : 1;
