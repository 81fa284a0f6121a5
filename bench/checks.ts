import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { startCompanion } from "./companion.ts";
import { readEverything } from "./everything.ts";
import { type Figures, mediansOfAll } from "./figures.ts";
import { inMicroseconds, perSecond, ratio } from "./medians.ts";
import type { Measure } from "./section.ts";
import type { Site } from "./site.ts";
import { CHANGE_EVERY, LATENCY_MS, PAGE_BYTES, WISHES } from "./site-pages.ts";
import { addWatched } from "./watched.ts";
import { countForUnchanged, watchFor } from "./watching.ts";

const SIZES = {
  full: { streamers: 1_000, repeats: 3, forMs: 1_500, scrapers: 10 },
  short: { streamers: 60, repeats: 1, forMs: 200, scrapers: 2 },
};

const CONCURRENCIES = [1, 10, 50];
const MOST = 50;
/** Checks whose requests are counted. */
const UNCHANGED = 5;
/** Of what the latency allows, and of the processor time that reading everything takes. */
const LEAST_SHARE = 0.9;
const MOST_COST = 1 / 50;

type Load = Figures<"rate" | "cpu">;
type Mood = "rest" | "change";

/** Checks a second, against what the site's latency allows, and what each takes, against reading everything each time. */
export const measureChecks: Measure = async (effort, progress) => {
  const { streamers, repeats, forMs, scrapers } = SIZES[effort];
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-bench-"));
  await using db = await openDatabase({ url: `file:${join(folder.path, "bench.db")}` });
  progress("checks, filling the database");
  await migrate(db);
  await addWatched(db, streamers, 0);
  await using site = await startCompanion<Site>("./site.ts");
  const baseUrl = site.up.url;

  const loadOf = async (work: () => Promise<{ checks: number; seconds: number }>): Promise<Load> => {
    const cpu = process.cpuUsage();
    const { checks, seconds } = await work();
    const { user, system } = process.cpuUsage(cpu);
    return { rate: checks / seconds, cpu: (user + system) / checks };
  };
  const check = (concurrency: number, mood: Mood) =>
    loadOf(async () => {
      await site.ask(mood);
      return await watchFor(db, { baseUrl, concurrency, forMs });
    });
  const ways = CONCURRENCIES.flatMap((concurrency): [string, () => Promise<Load>][] => [
    [nameOf(concurrency, "rest"), () => check(concurrency, "rest")],
    [nameOf(concurrency, "change"), () => check(concurrency, "change")],
  ]);
  const loads = await mediansOfAll<string, keyof Load>(
    {
      everything: () => loadOf(() => readEverything({ baseUrl, streamers, concurrency: scrapers, forMs })),
      ...Object.fromEntries(ways),
    },
    repeats,
    (round) => progress(`checks, ${round}`),
  );
  const load = (name: string) => loads[name] ?? { rate: Number.NaN, cpu: Number.NaN };
  const everything = load("everything");
  const unchanged = load(nameOf(MOST, "rest"));
  await site.ask<boolean>("rest");
  const count = () => site.ask<number>("requests");
  const requests = await countForUnchanged(db, { baseUrl, unchanged: UNCHANGED, count });

  return {
    title: "Checks",
    method: `${streamers.toLocaleString("en")} streamers in a database file, each with ${WISHES} wishes on one page and a
subscriber, are always due. The bot's checker, with its politeness budget out of the way, looks at so many at a time, compares,
and records what it finds. The site is another process on the same cores, which answers after ${LATENCY_MS} ms, packed as sites
do it; it changes nothing, or shows a new wish to every ${CHANGE_EVERY}th request. "Everything" is what a simple scraper does:
a profile page of ${PAGE_BYTES / 1_000} kB read with cheerio, and the list page by page until one is empty; it compares and
stores nothing. A figure is the median of ${repeats} rounds of ${forMs / 1_000} s; processor time is that of the checking
process alone, of all its threads.`,
    tables: [
      {
        caption: "Checks a second, and of what the latency allows",
        columns: ["at a time", "latency allows", "nothing has changed", "2 % have changed"],
        rows: CONCURRENCIES.map((concurrency) => [
          String(concurrency),
          perSecond(possible(concurrency)),
          ...(["rest", "change"] as const).map((mood) => {
            const { rate } = load(nameOf(concurrency, mood));
            return `${perSecond(rate)} (${share(rate, concurrency)})`;
          }),
        ]),
      },
      {
        caption: `Processor time of one check, ${MOST} at a time`,
        columns: ["", "processor time", "of everything's"],
        rows: Object.entries({
          "everything, each time": everything,
          "a check, nothing has changed": unchanged,
          "a check, 2 % have changed": load(nameOf(MOST, "change")),
        }).map(([name, { cpu }]) => [name, inMicroseconds(cpu), ratio(cpu, everything.cpu)]),
      },
    ],
    aims: [
      {
        aim: `${MOST} at a time, nothing has changed: at least ${100 * LEAST_SHARE} % of what the latency allows`,
        measured: share(unchanged.rate, MOST),
        isMet: unchanged.rate >= LEAST_SHARE * possible(MOST),
      },
      {
        aim: "processor time of a check, nothing has changed: at most 1/50 of reading everything",
        measured: `1/${(everything.cpu / unchanged.cpu).toFixed(0)}`,
        isMet: unchanged.cpu <= MOST_COST * everything.cpu,
      },
      {
        aim: "an unchanged list of one page costs exactly one request",
        measured: `${[...new Set(requests)].join(" or ")} in each of ${requests.length} checks`,
        isMet: requests.every((asked) => asked === 1),
      },
    ],
  };
};

const nameOf = (concurrency: number, mood: Mood) => `${concurrency} ${mood}`;
const possible = (concurrency: number) => (1_000 * concurrency) / LATENCY_MS;
const share = (rate: number, concurrency: number) => `${((100 * rate) / possible(concurrency)).toFixed(0)} %`;
