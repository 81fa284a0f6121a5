import { setImmediate } from "node:timers/promises";
import { sql } from "../src/db/orm.ts";
import type { SnapshotItem } from "../src/db/snapshots.ts";
import { list } from "./big-database.ts";
import { fingerprintOf, recognise, recordAtOnce, recordRowByRow, upsertAll } from "./diff-ways.ts";
import { createDiffWorld, type DiffWorld } from "./diff-world.ts";
import { inMicroseconds, inMilliseconds, medians, ratio } from "./medians.ts";
import { measureOwing, type Owed } from "./owing.ts";
import type { Aim, Measure, Table } from "./section.ts";

const SIZES = {
  full: { items: 500, changes: [1, 50, 500], subscribers: [10, 1_000, 10_000], repeats: 11 },
  short: { items: 20, changes: [1, 2, 20], subscribers: [1, 5, 10], repeats: 1 },
};

const SUBSCRIBERS = 100;
/** Everybody wants to hear of every price that comes down: a check with a change owes everybody a message. */
const SETTINGS = { notify: { dropPercent: 1 } };

const WAYS = {
  atOnce: "**compared and recorded as a check does it**",
  rowByRow: "read, compared in JavaScript, a statement for each row to write",
  upserts: "a batch that upserts every item, and records nothing else",
};

type Way = keyof typeof WAYS;
/** Of a list with so many changes, in ms. */
type Recorded = Record<Way, number> & { changed: number };
type Unchanged = Recorded & { recognised: number };

/** What it costs to compare a list with what is stored, to record what has changed, and to owe the news. */
export const measureDiffs: Measure = async (effort, progress) => {
  const { items, changes, subscribers, repeats } = SIZES[effort];
  const { unchanged, changed, written } = await measureRecording(items, changes, repeats, progress);
  const owed: Owed[] = [];
  for (const each of subscribers) owed.push(await measureOwing(each, repeats, progress));
  return {
    title: "Comparing and recording a list",
    method: `A list of ${items} items with ${SUBSCRIBERS} subscribers is looked at again, and the prices of some items have come
down. Recording that is an event and a changed row for each of them, and a message owed to every subscriber. A check's own way
is its statements (\`src/db/snapshots.ts\`) on the connection that writes; the others use @libsql/client as it comes. All leave
\`synchronous\` at SQLite's default. A check recognises an unchanged list by its first and its last page: always when it has no
more, otherwise nine times of ten. A cell is the time of one look, median of ${repeats} rounds, and how many times that of the
batch. Owing is measured by itself: a statement for some thousand chats, against a batch with a statement for each.`,
    tables: [recordingTable(items, unchanged, changed), owingTable(owed)],
    aims: [
      {
        aim: "an unchanged list writes at most 1 row, beside that of the lock",
        measured: `${written.recognised} when it is recognised, ${written.compared} when it is compared`,
        isMet: Math.max(written.recognised, written.compared) <= 1,
      },
      {
        aim: `an unchanged list ≤ 0.1× a batch of ${items} upserts`,
        measured: `${ratio(unchanged.recognised, unchanged.upserts)}; ${ratio(unchanged.atOnce, unchanged.upserts)} when all of it is compared`,
        isMet: unchanged.recognised <= 0.1 * unchanged.upserts,
      },
      ...changed.filter(({ changed }) => changed < items).map(changeAim),
      ...owed.slice(-1).flatMap(owingAims),
    ],
  };
};

function recordingTable(items: number, unchanged: Unchanged, changed: Recorded[]): Table {
  const all = [unchanged, ...changed];
  const cell = (ms: number, { upserts }: Recorded) => `${inMilliseconds(ms)} (${ratio(ms, upserts)})`;
  return {
    caption: `A list of ${items} items, by how many have changed`,
    columns: ["way to record it", ...all.map(({ changed }) => `${changed} changed`)],
    rows: [
      ["**recognised, as a check does it**", cell(unchanged.recognised, unchanged), ...changed.map(() => "")],
      ...WAY_NAMES.map((way) => [WAYS[way], ...all.map((each) => cell(each[way], each))]),
    ],
  };
}

function owingTable(owed: Owed[]): Table {
  return {
    caption: "Owing a message to every subscriber",
    columns: ["subscribers", "**as a check does it**", "each", "a batch of rows", "how many times that"],
    rows: owed.map(({ subscribers, atOnce, rowByRow }) => [
      subscribers.toLocaleString("en"),
      inMilliseconds(atOnce),
      inMicroseconds((atOnce * 1000) / subscribers),
      inMilliseconds(rowByRow),
      ratio(rowByRow, atOnce),
    ]),
  };
}

function changeAim({ changed, atOnce, upserts }: Recorded): Aim {
  return {
    aim: `${changed} changed ≤ 0.3× that batch`,
    measured: ratio(atOnce, upserts),
    isMet: atOnce <= 0.3 * upserts,
  };
}

function owingAims({ subscribers, atOnce, rowByRow, standstill }: Owed): Aim[] {
  const each = (atOnce * 1000) / subscribers;
  const many = subscribers.toLocaleString("en");
  return [
    { aim: `a message owed to ${many} subscribers ≤ 2 µs each`, measured: inMicroseconds(each), isMet: each <= 2 },
    {
      aim: "the same by a batch of rows ≥ 20×",
      measured: ratio(rowByRow, atOnce),
      isMet: rowByRow >= 20 * atOnce,
    },
    {
      aim: `a check with news for ${many} stops the event loop for ≤ 20 ms`,
      measured: inMilliseconds(standstill),
      isMet: standstill <= 20,
    },
  ];
}

const WAY_NAMES = Object.keys(WAYS) as Way[];

async function measureRecording(
  count: number,
  changes: number[],
  repeats: number,
  progress: (words: string) => void,
): Promise<{ unchanged: Unchanged; changed: Recorded[]; written: { recognised: number; compared: number } }> {
  progress("filling the databases");
  const items = list(count);
  const options = { items, subscribers: SUBSCRIBERS, settings: SETTINGS };
  await using recognised = await createDiffWorld(options);
  await using atOnce = await createDiffWorld(options);
  await using rowByRow = await createDiffWorld(options);
  await using upserts = await createDiffWorld(options);
  const known = await fingerprintOf(items);
  const written = {
    recognised: await recognise(recognised, items, known),
    compared: await recordAtOnce(atOnce, items),
  };
  const ways = {
    atOnce: createTimed((items) => recordAtOnce(atOnce, items), items),
    rowByRow: createTimed((items) => recordRowByRow(rowByRow, items), items),
    upserts: createTimed((items) => upsertAll(upserts, items), items),
  };
  const variants = [0, ...changes].flatMap((changed) =>
    WAY_NAMES.map((way) => [`${way} ${changed}`, () => ways[way](changed)]),
  );
  const figures = await medians<string>(
    { ...Object.fromEntries(variants), recognised: createTimed((items) => recognise(recognised, items, known), items) },
    repeats,
    (round) => progress(`lists of ${count} items, ${round}`),
  );
  if (JSON.stringify(await recordOf(atOnce)) !== JSON.stringify(await recordOf(rowByRow))) {
    throw new Error("what was recorded at once and what was recorded row by row differ");
  }
  const figure = (variant: string) => figures[variant] ?? Number.NaN;
  const recorded = (changed: number): Recorded => ({
    changed,
    atOnce: figure(`atOnce ${changed}`),
    rowByRow: figure(`rowByRow ${changed}`),
    upserts: figure(`upserts ${changed}`),
  });
  return { unchanged: { ...recorded(0), recognised: figure("recognised") }, changed: changes.map(recorded), written };
}

/** Takes the time, in ms, of recording a list of which so many prices have come down since the last time. */
function createTimed(record: (items: SnapshotItem[]) => Promise<unknown>, start: SnapshotItem[]) {
  let items = start;
  return async (changed = 0): Promise<number> => {
    items = items.map((item, n) => (n < changed ? { ...item, price: (item.price ?? 0) - 1 } : item));
    await setImmediate();
    const before = performance.now();
    await record(items);
    return performance.now() - before;
  };
}

/** What all looks together have left behind. */
async function recordOf({ orm }: DiffWorld): Promise<unknown[]> {
  return await orm.all(sql`
    SELECT (SELECT COUNT(*) FROM outbox) AS owed, (SELECT COUNT(*) FROM wishlist_events) AS events,
      (SELECT SUM(price) FROM wishlist_items) AS prices`);
}
