import { expect, test } from "vitest";
import type { CheckReport } from "../../src/checker/check.ts";
import { runChecks } from "../../src/checker/checks.ts";
import type { Leader } from "../../src/checker/leader.ts";
import type { Site } from "../../src/checker/site.ts";
import { sql } from "../../src/db/orm.ts";
import { until } from "../e2e/world.ts";
import { lookWorld } from "./look-world.ts";

test("the next look begins while the last is recorded, as far as recording keeps up; never more looks at a time than allowed", async () => {
  await using world = await lookWorld();
  const { db, fetta, site } = world;
  for (let n = 1; n <= 5; n++) await world.tracked(fetta.streamer(`mila${n}`));
  await db.for("test").run(sql`UPDATE streamers SET next_check_at = 1000 * id`);
  fetta.requests.length = 0;

  const recording = Promise.withResolvers<void>();
  const stop = new AbortController();
  const leader: Leader = {
    ...world.leader,
    signal: stop.signal,
    async write(query, build) {
      if (query === "loop_record_unchanged") await recording.promise;
      return await world.leader.write(query, build);
    },
  };
  let [looks, most] = [0, 0];
  const counted: Site = {
    ...site,
    get: (purpose) => async (path, accept, signal) => {
      most = Math.max(most, ++looks);
      return await site
        .get(purpose)(path, accept, signal)
        .finally(() => looks--);
    },
  };
  const checks: CheckReport[] = [];
  const ended = runChecks(
    {
      ...{ orm: db.for, site: counted, intervalMs: 100, concurrency: 1, owed: () => {} },
      report: (check) => checks.push(check),
      failed: (error) => stop.abort(error),
    },
    leader,
  );
  await until("three looks", () => fetta.requests.length === 3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect({ asked: fetta.requests.length, recorded: checks.length }).toEqual({ asked: 3, recorded: 0 });
  recording.resolve();
  await until("all checks", () => checks.length === 5);
  stop.abort();
  await ended;
  expect(checks.map(({ outcome }) => outcome)).toEqual(Array(5).fill("unchanged"));
  expect({ asked: fetta.requests.length, most }).toEqual({ asked: 5, most: 1 });
});
