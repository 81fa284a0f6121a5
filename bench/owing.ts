import { setImmediate } from "node:timers/promises";
import { sql } from "../src/db/orm.ts";
import { oweNews, recordSnapshot } from "../src/db/snapshots.ts";
import { list } from "./big-database.ts";
import { owe } from "./diff-ways.ts";
import { createDiffWorld, NOTES, STREAMER } from "./diff-world.ts";
import { medians } from "./medians.ts";
import { watch } from "./standstill.ts";

export type Owed = {
  subscribers: number;
  /** Owing all of them a message as a check does it, and by a batch with a statement for each, in ms. */
  atOnce: number;
  rowByRow: number;
  /** How long the event loop stands still at most while a check with one new item is recorded, in ms. */
  standstill: number;
};

/** Has a piece of news owed to so many subscribers, again and again, and gives the medians. */
export async function measureOwing(
  subscribers: number,
  repeats: number,
  progress: (words: string) => void,
): Promise<Owed> {
  await using world = await createDiffWorld({ items: [], subscribers });
  const { orm, bare, write } = world;
  let items = 0;

  async function owedBy(work: () => Promise<unknown>): Promise<number> {
    await orm.run(sql`DELETE FROM outbox`);
    // The check that comes next has found something.
    await orm.run(sql`
      INSERT OR IGNORE INTO wishlist_events (streamer_id, check_number, kind, product_id, name, at)
      SELECT id, checks + 1, 'added', 'news', 'News', 0 FROM streamers`);
    await setImmediate();
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    await assertOwed();
    return ms;
  }

  async function assertOwed(): Promise<void> {
    const [row] = await orm.all<{ owed: number }>(sql`SELECT COUNT(*) AS owed FROM outbox`);
    if (row?.owed !== subscribers) throw new Error(`${row?.owed} messages are owed to ${subscribers} subscribers`);
  }

  const figures = await medians(
    {
      atOnce: () => owedBy(() => write(oweNews(orm, sql`(${STREAMER})`, subscribers))),
      rowByRow: () => {
        const rows = Array.from({ length: subscribers }, (_, n) => owe(n + 1, 0));
        return owedBy(() => bare.batch(rows, "write"));
      },
      async standstill() {
        await orm.run(sql`DELETE FROM outbox`);
        items += 1;
        const notes = { ...NOTES, countMisses: false, subscribers };
        const { stallMs } = await watch(() => write(recordSnapshot(orm, sql`SELECT ${STREAMER}`, list(items), notes)));
        await assertOwed();
        return stallMs;
      },
    },
    repeats,
    (round) => progress(`news for ${subscribers} subscribers, ${round}`),
  );
  return { subscribers, ...figures };
}
