import type { Leader } from "../src/checker/leader.ts";
import { claim, dueHeads, readClaimed } from "../src/db/claims.ts";
import type { Database } from "../src/db/client.ts";
import { acquireLock, fencedBatch, readLock } from "../src/db/lock.ts";
import { recordFound } from "../src/db/lookups.ts";
import { oldEvents } from "../src/db/old-events.ts";
import { sql } from "../src/db/orm.ts";
import { markSent } from "../src/db/outbox.ts";
import { recordSnapshot } from "../src/db/snapshots.ts";
import { track } from "../src/db/trackings.ts";
import { dropOld, foldOld } from "../src/housekeeping.ts";
import type { YearOfLists } from "./year-of-lists.ts";

/** Streamers whose looks are recorded in one transaction, and messages that are claimed in one: it saves time, not rows. */
const LOOKS_AT_ONCE = 25;
const MESSAGES_AT_ONCE = 1_000;
const ORPHAN_MS = 40_000;

const notes = { intervalMs: 3_600_000, phaseMs: 1_000, cost: 1, news: 1, countMisses: true };

/** A bot's year, as far as it leaves rows. The clock is moved by whoever asks for its days. */
export async function startYear(
  db: Database,
  lists: YearOfLists,
  { streamers, followers, follows }: { streamers: number; followers: number; follows: number },
) {
  const orm = db.for("year");
  const term = await acquireLock(orm, "year", await readLock(orm), 60_000);
  if (term === undefined) throw new Error("the lock of a new database is not free");
  const { epoch } = term;
  let claims = 0;
  const write: Leader["write"] = async (query, build) => await fencedBatch(db.for(query), term, build(db.for(query)));
  const chats = Math.ceil((streamers * followers) / follows);

  // The followers of each streamer wait for its first look.
  for (let chat = 1; chat <= chats; chat++) {
    const wanted = Array.from({ length: follows }, (_, n) => {
      const nickname = `streamer${1 + (((chat - 1) * follows + n) % streamers)}`;
      return { source: "fetta", nickname, key: nickname };
    });
    const asking = { language: "ru", threadId: 0, maxTrackings: 50, maxWaiting: 50, graceMs: 0 };
    await track(orm, { ...asking, chat: { id: 1_000_000_000 + chat, type: "private" }, wanted });
  }
  for (let n = 1; n <= streamers; n++) {
    const key = `streamer${n}`;
    const found = {
      ownerId: `owner-${n}`,
      nickname: key,
      key,
      name: `Streamer ${n}`,
      url: `https://fetta.app/u/${key}`,
    };
    await write("year", (orm) =>
      recordFound(orm, { source: "fetta", key }, found, lists.itemsOf(n, 0), { maxTrackings: 50, notes }),
    );
  }
  await orm.run(sql`DELETE FROM lookups`); // answered
  const ids = (await orm.all<{ id: number }>(sql`SELECT id FROM streamers ORDER BY id`)).map(({ id }) => id);

  /** One look at each list, and everybody is told. An item that went yesterday is missed for the second time today. */
  async function liveThrough(day: number): Promise<void> {
    for (let from = 0; from < ids.length; from += LOOKS_AT_ONCE) {
      await write("year", (orm) =>
        ids.slice(from, from + LOOKS_AT_ONCE).flatMap((id, n) =>
          recordSnapshot(orm, sql`SELECT ${id}`, lists.itemsOf(from + n + 1, day), {
            ...notes,
            subscribers: followers,
          }),
        ),
      );
    }
    for (;;) {
      const heads = await dueHeads(orm, { limit: MESSAGES_AT_ONCE, orphanMs: ORPHAN_MS });
      if (heads.length === 0) return;
      const due = heads.map(({ id }) => id);
      const by = { epoch, number: ++claims };
      const [result] = await write("year", (orm) => [claim(orm, by, due, ORPHAN_MS)]);
      const claimed = readClaimed(result).map(({ id }) => id);
      // One message id for all of them, and no chat's pace: what is left to the rows is the same.
      const sent = { ids: claimed, chatId: 0, messageId: 1_000_000 + day, paceMs: 0 };
      await write("year", (orm) => markSent(orm, by, sent));
    }
  }

  /** Rounds of housekeeping until nothing is left to do, `most` at most; gives the longest drop and fold, in ms. */
  async function keepHouse(most: number): Promise<{ drop: number; fold: number }> {
    const longest = { drop: 0, fold: 0 };
    const timed = async <T>(kind: "drop" | "fold", work: () => Promise<T>) => {
      const start = performance.now();
      const result = await work();
      longest[kind] = Math.max(longest[kind], performance.now() - start);
      return result;
    };
    while (await timed("drop", () => dropOld(write)));
    for (let round = 0; round < most && (await oldEvents(orm, 1)).length > 0; round++) {
      await timed("fold", () => foldOld(db.for, write));
    }
    return longest;
  }

  /** How many rows each table has; `folded`: items that have a past. */
  async function rows(): Promise<Record<string, number>> {
    const tables = await orm.all<{ name: string }>(sql`
      SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`);
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await orm.all<{ rows: number }>(sql`SELECT COUNT(*) AS rows FROM ${sql.raw(name)}`);
      counts[name] = row?.rows ?? 0;
    }
    const [row] = await orm.all<{ rows: number }>(
      sql`SELECT COUNT(*) AS rows FROM wishlist_items WHERE past_events > 0`,
    );
    return { ...counts, folded: row?.rows ?? 0 };
  }

  return { liveThrough, keepHouse, rows };
}
