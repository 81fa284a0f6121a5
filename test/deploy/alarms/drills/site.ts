import { setTimeout as sleep } from "node:timers/promises";
import type { Misbehaviour } from "../../../../sandbox/fetta/index.ts";
import { sql } from "../../../../src/db/orm.ts";
import { until } from "../../../e2e/world.ts";
import type { Drill } from "../drill.ts";
import type { Stage } from "../stage.ts";
import type { Strike } from "../strike.ts";

const STREAMERS = ["pixelfox", "mila", "bao", "annplays"];
const PATIENCE_MS = 20_000;
/** A second refusal within a minute is taken for the first one. */
const SLOWED_AGAIN_MS = 61_000;

/** One instance, and somebody who follows four streamers. */
async function startOne(stage: Stage) {
  const { telegram, fetta, track } = stage.world;
  const place = await stage.place();
  await place.start();
  const fan = telegram.person();
  const lists = STREAMERS.map((nickname) => fetta.streamer(nickname, { items: 3 }));
  for (const list of lists) await track(fan, list);
  return { place, fan, lists };
}

/** A site that cannot be read, and a message that Telegram does not take. */
export const site: Drill = {
  name: "site",
  pace: 15,
  alerts: ["SourceIncomplete", "MessagesParked"],
  async prepare(stage, { watch }) {
    const { telegram, fetta } = stage.world;
    const { place, fan, lists } = await startOne(stage);
    await watch([place.url]);
    const unreadable = (fault: string, how: Misbehaviour): Strike => ({
      fault,
      alerts: ["SourceIncomplete"],
      // A site that is not believed is asked less often.
      also: ["SourceRefuses"],
      firesWithinS: 120,
      begin: async () => fetta.misbehave(how),
    });
    return [
      {
        fault: "Telegram refuses a message for its text, and as plain text too",
        alerts: ["MessagesParked"],
        endsWithinS: 140,
        async begin() {
          const description = "Bad Request: message text is refused";
          const lift = telegram.fault({
            when: ({ method, chatId }) => method === "sendMessage" && chatId === fan.id,
            do: { kind: "error", code: 400, description },
          });
          lists[0]?.add();
          return lift;
        },
      },
      unreadable("the site is down", "down"),
      unreadable("the site's pages have changed", "no-products"),
    ];
  },
};

/** A site that does not want to be asked so often; and more streamers than the budget is for. */
export const budget: Drill = {
  name: "budget",
  pace: 15,
  alerts: ["SourceRefuses", "ScheduleStretched", "ChecksLate"],
  async prepare(stage, { watch }) {
    const { fetta, database } = stage.world;
    const { place } = await startOne(stage);
    await watch([place.url]);
    return [
      {
        fault: "the site answers 429, and again a minute later",
        alerts: ["SourceRefuses"],
        // A minute until the second refusal; three without one until it is taken as over.
        firesWithinS: 200,
        endsWithinS: 300,
        async begin() {
          for (const pauseMs of [SLOWED_AGAIN_MS, 0]) {
            const before = fetta.requests.length;
            const lift = fetta.misbehave("429");
            await until(
              "a refusal",
              () => fetta.requests.slice(before).some(({ status }) => status === 429),
              PATIENCE_MS,
            );
            lift();
            await sleep(pauseMs);
          }
          return () => {};
        },
      },
      {
        fault: "off for twenty minutes, then a budget of one request a minute",
        alerts: ["ScheduleStretched", "ChecksLate"],
        firesWithinS: 140,
        async begin() {
          await place.end();
          // The looks are due as they would be after that time: waiting would be the same, and longer.
          const late = sql`UPDATE streamers SET next_check_at = unixepoch('subsec') * 1000 - ${20 * 60_000}`;
          await (await database()).for("test").run(late);
          await place.start({ SOURCE_REQUESTS_PER_MINUTE: "1" });
          return async () => {
            await place.end();
            await place.start({ SOURCE_REQUESTS_PER_MINUTE: "6000" });
            await sleep(1_000);
          };
        },
      },
    ];
  },
};
