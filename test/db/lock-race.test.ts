import { expect, test } from "vitest";
import { readLock } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { startChild } from "./child.ts";
import { testDb } from "./test-db.ts";

const STALE_MS = 60_000;
const HOUR_MS = 3_600_000;
const ROUNDS = 5;

/** How old the last holder's heartbeat is by the database's clock; undefined: the lock was released. */
const STATES = { fresh: 0, released: undefined, stale: STALE_MS, ahead: HOUR_MS, behind: -HOUR_MS };

test.each([
  ["when it is free or stale, and none when it is fresh", STALE_MS, ["released", "stale", "ahead", "behind"]],
  ["whatever its age when they have seen it unchanged for long enough", 0, Object.keys(STATES)],
])("of six processes that saw the same lock one takes it %s", async (_, staleMs, taken) => {
  await using db = await testDb();
  const orm = db.for("test");
  const takers = Array.from({ length: 6 }, (_, n) => startChild("taker.ts", db.url, `taker-${n}`, `${staleMs}`));
  const all = async (word: string) => {
    for (const taker of takers) taker.write(`${word}\n`);
    return await Promise.all(takers.map((taker) => taker.line()));
  };
  try {
    let { epoch } = await readLock(orm);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [state, ageMs] of Object.entries(STATES)) {
        await orm.run(sql`
          UPDATE scheduler_lock SET instance_id = ${ageMs === undefined ? "" : "gone"},
            last_heartbeat = CAST(unixepoch('subsec') * 1000 AS INTEGER) - ${ageMs ?? 0}`);
        await all("look");
        const won = (await all("take")).filter((answer) => answer !== "none");
        const isTaken = taken.includes(state);
        if (isTaken) epoch++;
        expect(won, state).toEqual(isTaken ? [`${epoch}`] : []);
        expect((await readLock(orm)).epoch).toBe(epoch);
      }
    }
  } finally {
    await Promise.all(takers.map((taker) => taker.kill()));
  }
});
