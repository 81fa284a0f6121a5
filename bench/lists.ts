import { createListWays, LIST_WAYS, type ListWay, type ListWayName, listSql } from "./list-ways.ts";
import { createListWorld, type ListWorld, TRACKED } from "./list-world.ts";
import { inMilliseconds, medians, ratio } from "./medians.ts";
import type { Aim, Measure, Table } from "./section.ts";
import { microsecondsEach } from "./timing.ts";

const SIZES = {
  full: { lists: [50, 500, 5_000], few: 1_000, many: 100_000, repeats: 9, forMs: 30 },
  short: { lists: [5, 10, 20], few: 10, many: 100, repeats: 1, forMs: 1 },
};

/** The chat that is asked for the plan. */
const ANY_CHAT = 1;

type Variant = `${"few" | "many"} ${ListWayName}` | "few partial";
type Figures = Record<Variant, number>;

/** How long /list takes, against other ways to answer it. */
export const measureLists: Measure = async (effort, progress) => {
  const { lists, few, many, repeats, forMs } = SIZES[effort];
  progress("filling the databases");
  await using small = await createListWorld({ lists, others: few });
  await using large = await createListWorld({ lists, others: many });
  await using other = await createListWorld({ lists, others: few, isIndexPartial: true });
  using smallWays = createListWays(small);
  using largeWays = createListWays(large);
  using otherWays = createListWays(other);

  const figures: Figures[] = [];
  for (const [n, items] of lists.entries()) {
    const ways: [string, ListWay][] = [
      ...WAYS.map((name): [Variant, ListWay] => [`few ${name}`, smallWays[name]]),
      ...QUICK_WAYS.map((name): [Variant, ListWay] => [`many ${name}`, largeWays[name]]),
      ["few partial", otherWays.ours],
    ];
    for (const [name, way] of ways) assertRight(name, await way(n + 1), items);
    const variants = ways.map(([name, way]) => [name, () => microsecondsEach(() => way(n + 1), forMs)]);
    const telling = (round: string) => progress(`lists of ${items} items, ${round}`);
    figures.push(
      await medians(Object.fromEntries(variants) as Record<Variant, () => Promise<number>>, repeats, telling),
    );
  }

  const before = small.statements();
  await smallWays.ours(ANY_CHAT);
  const statements = small.statements() - before;
  const plans = [await planOf(small), await planOf(large)];
  for (const { db } of [small, large]) await db.client.execute("ANALYZE");
  plans.push(await planOf(small), await planOf(large));

  return {
    title: "/list",
    method: `A chat tracks ${TRACKED} streamers, whose lists have as many items as the column says. The database holds other
users besides, as many other streamers with two items each, and no statistics, as in operation. Every way asks through the
connection that the bot uses, unless it says otherwise, and all of them have been seen to give the same answer. A cell is the
time of one answer, median of ${repeats} rounds, and how many times that of /list it is. N+1 is ${TRACKED + 1} statements: each
is cheap in a file, and a round trip on a server.`,
    tables: [
      compare(`${inWords(few)} other users and streamers`, lists, figures, "few"),
      compare(`${inWords(many)} other users and streamers`, lists, figures, "many"),
      {
        caption: "How SQLite answers /list, with statistics and without (EXPLAIN QUERY PLAN)",
        columns: ["step"],
        rows: (plans[0] ?? []).map((step) => [`\`${step}\``]),
      },
    ],
    aims: [
      { aim: "/list is one SQL statement", measured: String(statements), isMet: statements === 1 },
      ...planAims(plans),
      ...figureAims(lists, figures, { few, many }),
    ],
  };
};

const WAYS = Object.keys(LIST_WAYS) as ListWayName[];
/** What takes seconds is measured in one database alone. */
const QUICK_WAYS = WAYS.filter((way) => way !== "fetching");

function assertRight(way: string, counts: number[], items: number): void {
  if (counts.length === TRACKED && counts.every((count) => count === items)) return;
  throw new Error(`"${way}" counts ${counts.join()} where ${TRACKED} lists have ${items} items each`);
}

async function planOf({ db }: ListWorld): Promise<string[]> {
  const { sql, args } = listSql(db.for("bench"), ANY_CHAT);
  const { rows } = await db.client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
  return rows.map(({ detail }) => String(detail));
}

function compare(caption: string, lists: number[], figures: Figures[], size: "few" | "many"): Table {
  const row = (name: string, variant: Variant) => [
    name,
    ...figures.map((each) => `${inMilliseconds(each[variant] / 1000)} (${ratio(each[variant], each[`${size} ours`])})`),
  ];
  return {
    caption,
    columns: ["way to answer", ...lists.map((items) => `${inWords(items)} items`)],
    rows: [
      ...(size === "few" ? WAYS : QUICK_WAYS).map((name) => row(LIST_WAYS[name], `${size} ${name}`)),
      ...(size === "few"
        ? [row("ours, over a partial index `(streamer_id) WHERE removed_at IS NULL`", "few partial")]
        : []),
    ],
  };
}

function planAims(plans: string[][]): Aim[] {
  const aim = (aim: string, isRight: (plan: string) => boolean): Aim => {
    const right = plans.filter((plan) => isRight(plan.join("\n"))).length;
    const measured = `so in ${right} of ${plans.length} plans (few and many users, with statistics and without)`;
    return { aim, measured, isMet: right === plans.length };
  };
  return [
    aim("the plan of /list scans no table", (plan) => !plan.includes("SCAN ")),
    aim("it sorts no items into groups", (plan) => !plan.includes("TEMP B-TREE FOR GROUP BY")),
    aim("it counts items from an index alone", (plan) => /SEARCH wishlist_items USING COVERING INDEX/.test(plan)),
  ];
}

function figureAims(lists: number[], figures: Figures[], { few, many }: { few: number; many: number }): Aim[] {
  const over = (variant: Variant, base: Variant) => figures.map((each) => each[variant] / each[base]);
  const growth = over("many ours", "few ours");
  const textbook = over("many ours", "many textbook");
  const told = (ratios: number[]) => ratios.map((each, n) => `${ratio(each, 1)} at ${inWords(lists[n])}`).join(", ");
  return [
    {
      aim: `from ${inWords(few)} to ${inWords(many)} users and streamers ≤ 1.3×`,
      measured: told(growth),
      isMet: growth.every((each) => each <= 1.3),
    },
    {
      aim: `with ${inWords(many)} users and streamers ≤ 0.2× the textbook JOIN, at ${inWords(lists.at(-1))} items`,
      measured: told(textbook),
      isMet: textbook.slice(-1).every((each) => each <= 0.2),
    },
  ];
}

const inWords = (count = 0) => count.toLocaleString("en");
