import { expect, test, vi } from "vitest";
import { lead } from "../src/checker/leader.ts";
import { sql } from "../src/db/orm.ts";
import { type Counts, keepHouse } from "../src/housekeeping.ts";
import { change, owe } from "./db/owed.ts";
import { testDb } from "./db/test-db.ts";

test("the leader counts what is owed, and every ten minutes drops what was sent long ago", async () => {
  await using db = await testDb();
  const [sent = 0, ...owed] = await owe(db, { chat: 1 }, { chat: 1 }, { chat: 2 });
  await change(db, "outbox", [sent], "state = 'sent', done_at = 0");
  const stop = new AbortController();
  const counts: Counts[] = [];
  const failures: unknown[] = [];
  const lock = { orm: db.for, instanceId: "one", heartbeatMs: 1_000, staleMs: 10_000, finishMs: 1_000, tell: () => {} };
  await lead(
    lock,
    async (leader) => {
      // It looks at the clock when it begins: that was ten minutes ago.
      const clock = vi.spyOn(performance, "now").mockReturnValueOnce(performance.now() - 600_000);
      const write: typeof leader.write = (query, build) => leader.write(query, build).finally(() => stop.abort());
      await keepHouse(
        {
          orm: db.for,
          sources: ["fetta"],
          counted: (state) => void counts.push(state),
          failed: (error) => void failures.push(error),
        },
        { ...leader, write },
      );
      clock.mockRestore();
    },
    stop.signal,
  );
  const left = await db.for("test").all<{ id: number }>(sql`SELECT id FROM outbox ORDER BY id`);
  expect(left.map(({ id }) => id)).toEqual(owed);
  expect(counts).toMatchObject([{ activeUsers: 2, blockedChats: 0, owed: 2, lagsMs: new Map([["fetta", 0]]) }]);
  expect(failures).toEqual([]);
});
