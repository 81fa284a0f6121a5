/**
 * For how long the event loop stands still, at most, while Wishbell works on a big database: 10,000 streamers, 100,000
 * chats, 100,000 messages owed. Everything that SQLite does is synchronous, and so is parsing. Prints the longest
 * standstill of each piece of work, in the best of its runs: what other programs take of the machine is not ours. Exits 1
 * when one is longer than 100 ms.
 */
import { mkdtempDisposable, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { createClient } from "@libsql/client";
import { createFetcher } from "../src/checker/fetcher.ts";
import type { Leader } from "../src/checker/leader.ts";
import { createPlanner } from "../src/checker/planner.ts";
import { readList } from "../src/checker/sources/fetta-list.ts";
import { readProfilePage } from "../src/checker/sources/fetta-page.ts";
import { readProductsPage } from "../src/checker/sources/fetta-products.ts";
import { claim, dueHeads } from "../src/db/claims.ts";
import { openDatabase } from "../src/db/client.ts";
import { acquireLock, fencedBatch, readLock } from "../src/db/lock.ts";
import { dueLookups, recordFound } from "../src/db/lookups.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { outboxState, pruneOutbox } from "../src/db/outbox.ts";
import { recordSnapshot } from "../src/db/snapshots.ts";
import { batch, type Statement } from "../src/db/sql.ts";
import { dueStreamers } from "../src/db/streamers.ts";
import { listTrackings, pruneUntracked } from "../src/db/trackings.ts";
import { closeChat, countActiveUsers, migrateChat } from "../src/db/users.ts";
import { createMetrics } from "../src/metrics.ts";
import { list, NOW, populate } from "./big-database.ts";
import { watch } from "./standstill.ts";

const LIMIT_MS = 100;
const RUNS = 5;

await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-freezes-"));
const url = `file:${join(folder.path, "big.db")}`;
await using db = await openDatabase({ url });
const orm = db.for("bench");
const results: { what: string; stallMs: number; totalMs: number }[] = [];

async function measure(what: string, work: (run: number) => unknown, runs = RUNS): Promise<void> {
  const seen = [];
  for (let run = 0; run < runs; run++) seen.push(await watch(() => work(run)));
  const best = seen.reduce((a, b) => (a.stallMs <= b.stallMs ? a : b));
  results.push({ what, ...best });
  const mark = best.stallMs > LIMIT_MS ? "  TOO LONG" : "";
  const [stall, total] = [best.stallMs.toFixed(1).padStart(8), best.totalMs.toFixed(0).padStart(6)];
  console.log(`${what.padEnd(62)} ${stall} ms of ${total} ms${mark}`);
}

const notes = { intervalMs: 300_000, phaseMs: 300_000, cost: 1, news: 0, countMisses: true };
await measure("start: all migrations, on an empty file", () => migrate(db), 1);
console.log("… filling the database");
await populate(orm);
await measure("start: no migration missing, on the big file", () => migrate(db));

const term = await acquireLock(orm, "bench", await readLock(orm), 60_000);
if (term === undefined) throw new Error("the lock is not free");
const write: Leader["write"] = async (_query, build) => await fencedBatch(orm, term, build(orm));
const fenced = (build: () => Statement[]) => write("bench", build);

// What the leader's loops read, again and again.
const limits = { minMs: 300_000, maxMs: 3_600_000, requestsPerMs: 12 / 60_000 };
const planned = (more: Partial<typeof limits>) => {
  let at = 0;
  const planner = createPlanner({
    orm,
    write,
    source: "fetta",
    limits: () => ({ ...limits, ...more }),
    planned() {},
    now: () => at,
  });
  return async () => {
    at += 60_001;
    await planner.refresh();
  };
};
await measure("plan: 10,000 streamers, a budget that is too small", planned({}));
await measure("plan: 10,000 streamers, the multiplier is solved for", planned({ requestsPerMs: 5 / 1_000 }));
await measure("plan: the same, and all looks are brought forward", async () => {
  await orm.run(sql`UPDATE streamers SET next_check_at = ${NOW} + 90000000`);
  await planned({ minMs: 1_000, maxMs: 10_000, requestsPerMs: 50 })();
});
await orm.run(sql`UPDATE streamers SET next_check_at = ${NOW} + (id * 7919) % 300000 - 100000`);
await measure("due streamers, a third of 10,000", () =>
  dueStreamers(orm, { source: "fetta", limit: 2, running: [], longestMs: 7_200_000 }),
);
await measure("due messages, 100,000 owed to 10,000 chats", () => dueHeads(orm, { limit: 290, orphanMs: 40_000 }));
await measure("claim 29 messages", async () => {
  const heads = await dueHeads(orm, { limit: 29, orphanMs: 40_000 });
  const ids = heads.map(({ id }) => id);
  await fenced(() => [claim(orm, { epoch: term.epoch, number: 1 }, ids, 40_000)]);
});
await measure("due lookups, 5,000 of 500 chats", () => dueLookups(orm, { source: "fetta", limit: 1, running: [] }));
await measure("count of owed messages", () => outboxState(orm));
await measure("count of active chats, 100,000", () => countActiveUsers(orm));

// What a look writes.
for (const count of [500, 10_000, 20_000]) {
  const streamer = 5_000 + count / 500;
  await measure(`record a list of ${count}: all new`, (run) =>
    fenced(() => recordSnapshot(orm, sql`SELECT ${streamer + 100 * run}`, list(count), notes)),
  );
  await measure(`record a list of ${count}: unchanged`, () =>
    fenced(() => recordSnapshot(orm, sql`SELECT ${streamer}`, list(count), notes)),
  );
  await measure(`record a list of ${count}: all prices changed`, (run) =>
    fenced(() => recordSnapshot(orm, sql`SELECT ${streamer}`, list(count, run + 1), notes)),
  );
  await measure(`record a list of ${count}: all gone but one`, () =>
    fenced(() => recordSnapshot(orm, sql`SELECT ${streamer}`, list(1), notes)),
  );
}
await measure("first look: a baseline of 20,000", (run) => {
  const found = {
    ownerId: `new-${run}`,
    nickname: `new${run}`,
    key: `new${run}`,
    name: "New",
    url: "https://fetta.app/u/new",
  };
  return fenced(() =>
    recordFound(orm, { source: "fetta", key: `new${run}` }, found, list(20_000), { maxTrackings: 50, notes }),
  );
});
await measure("one new item, 10,000 subscribers", (run) =>
  fenced(() =>
    recordSnapshot(orm, sql`SELECT 2`, list(run + 1), { ...notes, countMisses: false, subscribers: 10_000 }),
  ),
);
await measure("one new item, 100,000 subscribers", (run) =>
  fenced(() =>
    recordSnapshot(orm, sql`SELECT 1`, list(run + 1), { ...notes, countMisses: false, subscribers: 100_000 }),
  ),
);
await measure("a list that cannot be recorded: 20,000 items, the lock is lost", async () => {
  const lost = { instanceId: "nobody", epoch: 0 };
  await fencedBatch(orm, lost, recordSnapshot(orm, sql`SELECT 2`, list(20_000), notes)).catch(() => undefined);
});

// What people ask for, and what Telegram says of them.
await measure("/list of a chat that follows 50", () => listTrackings(orm, 7));
await orm.run(sql`
  INSERT OR IGNORE INTO user_streamers (user_id, streamer_id, created_at)
  SELECT 8, streamer_id, ${NOW} FROM wishlist_items WHERE removed_at IS NULL GROUP BY 2 ORDER BY COUNT(*) DESC LIMIT 9`);
await measure("/list of a chat that follows 9 lists of up to 20,000", () => listTrackings(orm, 8));
await measure("a chat is closed", (run) => batch(orm, closeChat(orm, 50 + run, "bot was blocked by the user")));
await measure("a group becomes a supergroup", (run) => batch(orm, migrateChat(orm, 60 + run, -1_000_000 - run)));

// Housekeeping.
await measure("drop 500 old rows", () => fenced(() => [pruneOutbox(orm, 500), pruneUntracked(orm, 86_400_000)]));
// A reader that stays, as a backup does, keeps the WAL from being begun anew; the first commit after it brings all of it
// into the file.
const other = createClient({ url });
const backup = await other.transaction("read");
await backup.execute("SELECT COUNT(*) FROM users");
for (let n = 0; n < 50; n++) {
  const range = sql`BETWEEN ${n * 4_000} AND ${n * 4_000 + 3_999}`;
  await orm.run(
    sql`UPDATE wishlist_events SET at = at + 1, image_url = 'https://cdn.example/a-picture.jpg' WHERE id ${range}`,
  );
}
backup.close();
other.close();
const { size } = await stat(join(folder.path, "big.db-wal"));
await measure(`the first commit after a backup: a WAL of ${Math.round(size / 1e6)} MB`, () => fenced(() => []), 1);

// What sites answer.
const products = (count: number) =>
  JSON.stringify({
    products: list(count).map(({ productId, ...item }) => ({ ...item, id: productId, price: 900, likes: 0 })),
    totalPages: Math.ceil(20_000 / count),
  });
const page = (text: string, type: string) => ({
  status: 200,
  url: "https://fetta.app/u/mila",
  type,
  text,
  retryAfterMs: undefined,
});
const profile = (bytes: number) => {
  const card =
    '<div class="card"><span class="text-tertiary">A thing &amp; more</span><img alt="x" src="/p.jpg"></div>\n';
  const chunk =
    '<script>self.__next_f.push([1,"{\\"wishlistOwnerId\\":\\"01234567-89ab-cdef-0123-456789abcdef\\"}"])</script>';
  return `<html><body><h2>Mila</h2><span>@mila</span>${card.repeat(Math.floor(bytes / card.length))}${chunk}</body></html>`;
};
for (const [name, bytes] of [
  ["500 kB", 500_000],
  ["5 MB", 5_000_000],
] as const) {
  const html = profile(bytes);
  await measure(`parse a profile page of ${name}`, () => readProfilePage(page(html, "text/html")));
  const json = products(Math.floor(bytes / 280));
  await measure(`parse an answer with products of ${name}`, () => readProductsPage(page(json, "application/json")));
}
await measure("read a list of 200 pages of 100", async () => {
  const all = list(20_000);
  await readList(
    async (number) => {
      await setImmediate(); // as an answer does
      const text = JSON.stringify({
        products: all
          .slice(Math.max(number - 1, 0) * 100, Math.max(number, 1) * 100)
          .map(({ productId, ...item }) => ({ ...item, id: productId, price: 900 })),
        totalPages: 200,
      });
      return readProductsPage(page(text, "application/json"));
    },
    { confirm: true },
  );
});
await using server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(packed);
}).listen(0, "127.0.0.1");
const packed = gzipSync(products(17_000));
await new Promise((resolve) => server.once("listening", resolve));
const fetcher = createFetcher({
  baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  connections: 1,
});
const get = fetcher.within(async () => undefined);
await measure("fetch 5 MB, packed", () => get("/", "json", AbortSignal.timeout(15_000)));
await fetcher.close();

// What monitoring asks for.
const metrics = createMetrics({ sources: ["fetta"] });
for (let n = 0; n < 60; n++) metrics.sqlDuration.observe({ query: `query_${n}` }, 0.001);
for (let n = 0; n < 20; n++) metrics.telegramAnswers.inc({ method: "sendMessage", answer: `answer_${n}` });
await measure("/metrics", () => metrics.render());

const tooLong = results.filter(({ stallMs }) => stallMs > LIMIT_MS);
console.log(
  tooLong.length === 0
    ? "\nNothing stands still for more than 100 ms."
    : `\n${tooLong.length} stand still for more than 100 ms.`,
);
process.exitCode = tooLong.length === 0 ? 0 : 1;
