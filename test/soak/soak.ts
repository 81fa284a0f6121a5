/**
 * One instance at work for a long time, with faults: `npm run soak -- --minutes 30 --streamers 300 --chats 100`. Of all
 * streamers 5 % cannot be read at any time, 5 % of what goes to Telegram fails or gets no answer, wishes come and go, and
 * people ask. A line every 10 s tells the process's memory, heap, file descriptors, CPU, the WAL and what is owed. At the
 * end the faults stop, and everything owed must have been delivered. Prints by how much memory, heap and descriptors grew
 * in an hour, by the second half of the run; exits 1 when something was lost or has grown.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Wishlist } from "../../sandbox/fetta/index.ts";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Person } from "../../sandbox/telegram/types.ts";
import { readProductsPage } from "../../src/checker/sources/fetta-products.ts";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { track } from "../../src/db/trackings.ts";
import { asking, tracked } from "../db/story.ts";
import { startWorld, until, type World } from "../e2e/world.ts";
import { slope, watching } from "./samples.ts";
import { pick, troubleSite, troubleTelegram } from "./troubles.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    streamers: { type: "string", default: "300" },
    chats: { type: "string", default: "100" },
    interval: { type: "string", default: "60" },
  },
});
const [minutes, streamers, chats] = [Number(values.minutes), Number(values.streamers), Number(values.chats)];
const intervalMs = Number(values.interval) * 1_000;

const CHANGE_MS = 1_000;
const CHATS_EACH = 3;
/** After the release gate of 8 hours: what a run of an hour and more may grow by in an hour. */
const BARS = { rssMbPerHour: 2, fds: 5, walMb: 16 };

/** Stores what is tracked as if it had been for a while, and looked at. */
async function populate(world: World): Promise<{ lists: Wishlist[]; fans: Person[]; fansOf: Map<Wishlist, Person[]> }> {
  await using db = await openDatabase({ url: world.databaseUrl });
  await migrate(db);
  const fans = Array.from({ length: chats }, () => world.telegram.person());
  const fansOf = new Map<Wishlist, Person[]>();
  const lists = Array.from({ length: streamers }, (_, n) => {
    const nickname = `streamer${n}`;
    return world.fetta.streamer(nickname, { ownerId: `owner-${nickname}`, items: 1 + (n % 50) });
  });
  for (const [n, list] of lists.entries()) {
    const mine = Array.from({ length: CHATS_EACH }, (_, k) => fans[(n + k * 7) % chats]).filter(
      (fan) => fan !== undefined,
    );
    fansOf.set(list, mine);
    const text = JSON.stringify({ products: list.items(), totalPages: 1 });
    const page = readProductsPage({
      status: 200,
      url: list.url,
      type: "application/json",
      text,
      retryAfterMs: undefined,
    });
    if (!("items" in page)) throw new Error(page.reason);
    const [first, ...others] = mine;
    if (first === undefined) continue;
    await tracked(db, first.id, list.nickname, page.items);
    for (const fan of others) await track(db.for("soak"), asking(fan.id, list.nickname));
  }
  return { lists, fans, fansOf };
}

/** A wish every second, named so that its message is found again; now and then one goes, or its price changes. */
function changing(lists: Wishlist[], fansOf: Map<Wishlist, Person[]>) {
  const promised: { fan: Person; name: string }[] = [];
  let count = 0;
  const timer = setInterval(() => {
    const list = pick(lists);
    const name = `Wish no. ${++count}!`;
    list.add({ name });
    for (const fan of fansOf.get(list) ?? []) promised.push({ fan, name });
    const other = pick(pick(lists).items()) ?? undefined;
    const owner = lists.find((each) => each.items().includes(other));
    if (other === undefined || other.name.startsWith("Wish no.")) return;
    if (Math.random() < 0.5) owner?.price(other.id, other.price + 10);
    else owner?.remove(other.id);
  }, CHANGE_MS);
  return { promised, stop: () => clearInterval(timer) };
}

function countTold(telegram: Telegram, fans: Person[]): Map<string, number> {
  const told = new Map<string, number>();
  for (const fan of fans) {
    for (const { text, fromBot } of telegram.messages(fan)) {
      if (!fromBot) continue;
      for (const [name] of text.matchAll(/Wish no\. \d+!/g)) {
        told.set(`${fan.id} ${name}`, (told.get(`${fan.id} ${name}`) ?? 0) + 1);
      }
    }
  }
  return told;
}

await using world = await startWorld({
  HEARTBEAT_SECONDS: "",
  LOCK_STALE_SECONDS: "",
  LOG_LEVEL: "info",
  CHECK_INTERVAL_SECONDS: `${intervalMs / 1_000}`,
  MAX_CHECK_INTERVAL_SECONDS: `${(2 * intervalMs) / 1_000}`,
  SOURCE_REQUESTS_PER_MINUTE: "6000",
  SOURCE_CONCURRENCY: "10",
});
const { telegram } = world;
const { lists, fans, fansOf } = await populate(world);
const instance = await world.start();
await instance.line("lock acquired");
for (const fan of fans) telegram.say("/start", { from: fan });
await telegram.idle();
const stopSampling = watching(world, instance);
const changes = changing(lists, fansOf);
const healSite = troubleSite(world, lists);
const healTelegram = troubleTelegram(world);
const people = setInterval(() => telegram.say(pick(["/list", "/help"]), { from: pick(fans) }), 5_000);
await sleep(minutes * 60_000);
changes.stop();
clearInterval(people);
healSite();
healTelegram();

/** How often the event loop was late by more than a bucket's bound, of 20 times a second. */
async function lateFor(bound: string): Promise<number> {
  const text = await (await fetch(`${instance.url}/metrics`)).text();
  const count = (le: string) =>
    Number(text.split(`event_loop_delay_seconds_bucket{le="${le}"} `)[1]?.split("\n")[0] ?? Number.NaN);
  return count("+Inf") - count(bound);
}

const missing = () => {
  const told = countTold(telegram, fans);
  return changes.promised.filter(({ fan, name }) => !told.has(`${fan.id} ${name}`)).length;
};
const isTold = await until("everything is told", () => missing() === 0, 12 * intervalMs).catch(() => false);
const samples = await stopSampling();
const told = countTold(telegram, fans);
const [over100ms, over500ms] = [await lateFor("0.1"), await lateFor("0.5")];
const result = {
  promised: changes.promised.length,
  lost: isTold ? 0 : missing(),
  repeated: [...told.values()].reduce((sum, count) => sum + count - 1, 0),
  owed: samples.at(-1)?.owed,
  perHour: { rssMb: slope(samples, (one) => one.rssMb), heapMb: slope(samples, (one) => one.heapMb) },
  fds: {
    least: Math.min(...samples.map(({ fds }) => fds)),
    most: Math.max(...samples.map(({ fds }) => fds)),
    perHour: slope(samples, (one) => one.fds),
  },
  walMb: Math.max(...samples.map(({ walMb }) => walMb)),
  rssMb: {
    first: samples[0]?.rssMb,
    last: samples.at(-1)?.rssMb,
    most: Math.max(...samples.map(({ rssMb }) => rssMb)),
  },
  loop: { over100ms, over500ms },
  poisoned: await instance.metric("db_poison_total"),
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
const hasGrown = minutes >= 60 && (result.perHour.rssMb > BARS.rssMbPerHour || Math.abs(result.fds.perHour) > BARS.fds);
if (result.lost > 0 || result.poisoned > 0 || result.walMb > BARS.walMb || hasGrown) process.exitCode = 1;
if ((await instance.stop()) !== 0) process.exitCode = 1;
