import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../../../sandbox/telegram/types.ts";
import { told, until } from "../../../e2e/world.ts";
import type { Drill } from "../drill.ts";
import type { Stage } from "../stage.ts";

const PATIENCE_MS = 20_000;

/** One instance with somebody who follows a streamer. */
async function startOne(stage: Stage) {
  const { telegram, fetta } = stage.world;
  const place = await stage.place();
  await place.start();
  const fan = telegram.person();
  const list = fetta.streamer("pixelfox", { items: 3 });
  await stage.world.track(fan, list);
  return { place, fan, list };
}

const everyCall: Fault["when"] = () => true;

/** Telegram cannot be reached. */
export const silence: Drill = {
  name: "silence",
  pace: 15,
  alerts: ["OutboxOld", "TelegramSilent"],
  async prepare(stage, { watch }) {
    const { telegram } = stage.world;
    const { place, fan, list } = await startOne(stage);
    await watch([place.url]);
    return [
      {
        fault: "Telegram breaks every connection, with news to tell",
        alerts: ["OutboxOld", "TelegramSilent"],
        also: ["UpdatesNotReceived"],
        // 300 s is how old news must be, and no pace changes that; afterwards Telegram is asked once a minute.
        firesWithinS: 400,
        endsWithinS: 140,
        async begin() {
          const { name } = list.add();
          await until("the news before", () => told(telegram, fan, name) > 0, PATIENCE_MS);
          const lift = telegram.fault({ when: everyCall, do: { kind: "reset" } });
          // Ends the poll that is held open.
          telegram.say("/list", { from: fan });
          list.add();
          return lift;
        },
      },
    ];
  },
};

/** Telegram answers, but not what we want to hear. At this pace since more than five polls must fail. */
export const refusals: Drill = {
  name: "refusals",
  pace: 5,
  alerts: ["UpdatesNotReceived", "TokenRevoked"],
  async prepare(stage, { watch }) {
    const { telegram } = stage.world;
    const { place, fan, list } = await startOne(stage);
    await watch([place.url]);
    return [
      {
        fault: "another program polls with the same token",
        alerts: ["UpdatesNotReceived"],
        firesWithinS: 200,
        endsWithinS: 160,
        async begin() {
          const stop = new AbortController();
          const polling = pollToo(`${telegram.url}/bot${telegram.token}`, stop.signal);
          return async () => {
            stop.abort();
            await polling;
          };
        },
      },
      {
        fault: "the token is revoked (401), with news to tell",
        alerts: ["TokenRevoked"],
        endsWithinS: 160,
        async begin() {
          const unauthorised = { kind: "error", code: 401, description: "Unauthorized" } as const;
          const lift = telegram.fault({ when: everyCall, do: unauthorised });
          telegram.say("/list", { from: fan });
          list.add();
          return async () => {
            lift();
            // A new token is in place.
            await place.end();
            await place.start();
          };
        },
      },
    ];
  },
};

/** As a bot that somebody has forgotten somewhere does. */
async function pollToo(api: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(`${api}/getUpdates?timeout=30`, { signal })
      .then((r) => r.text())
      .catch(() => "");
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}
