import { startLibsql } from "../../../../sandbox/libsql/libsql.ts";
import { launch } from "../../../e2e/instance.ts";
import { until } from "../../../e2e/world.ts";
import type { Drill } from "../drill.ts";
import { chatter, probe, QUICK_LOCK } from "../stage.ts";

const OPERATOR = 777;
const PATIENCE_MS = 20_000;

/** A database file, and what an operator forgets. */
export const file: Drill = {
  name: "file",
  pace: 15,
  alerts: ["NoLeader", "HeartbeatStale", "WorkHalted"],
  stage: { env: { ...QUICK_LOCK, ADMIN_IDS: `${OPERATOR}` } },
  async prepare(stage, { watch }) {
    const { telegram, fetta, track, databaseUrl } = stage.world;
    const place = await stage.place();
    await place.start();
    const operator = telegram.person({ id: OPERATOR });
    await track(operator, fetta.streamer("pixelfox", { items: 3 }));
    await watch([place.url]);
    return [
      {
        fault: "another program holds the lock of the database file",
        alerts: ["NoLeader", "HeartbeatStale"],
        also: ["DatabaseSlow"],
        // 90 s is how old a heartbeat must be, and no pace changes that.
        firesWithinS: 150,
        async begin() {
          const holder = launch(process.execPath, ["test/db/holder.ts", databaseUrl, "600000"], {});
          return () => holder[Symbol.asyncDispose]();
        },
      },
      {
        fault: "an operator says /halt delivery, and forgets it",
        alerts: ["WorkHalted"],
        // A change of the leader begins the hour anew.
        firesWithinS: 500,
        async begin() {
          telegram.say("/halt delivery", { from: operator });
          await until("it", async () => (await place.instance().metric("work_halted")) === 1, PATIENCE_MS);
          return () => telegram.say("/resume", { from: operator });
        },
      },
    ];
  },
};

/** A database server and a webhook, with people who write. */
export const server: Drill = {
  name: "server",
  pace: 15,
  alerts: ["DatabaseSlow", "UpdatesFailing", "HttpErrors", "HttpSlow"],
  async prepare(stage, { watch }) {
    const { telegram, fetta } = stage.world;
    const database = stage.use(await startLibsql());
    const place = await stage.place({ DATABASE_URL: database.url });
    await place.start({ WEBHOOK_URL: place.url });
    const people = chatter(stage, 12, 400);
    const [fan] = people;
    if (fan !== undefined) await stage.world.track(fan, fetta.streamer("pixelfox", { items: 3 }));
    probe(stage, place);
    await watch([place.url]);
    return [
      {
        fault: "the database server takes 1.5 s for each answer",
        alerts: ["DatabaseSlow"],
        also: ["HttpSlow"],
        firesWithinS: 120,
        begin: async () => database.fault({ do: { kind: "delay", ms: 1_500 } }),
      },
      {
        fault: "the database server fails one request in four",
        alerts: ["UpdatesFailing", "HttpErrors"],
        firesWithinS: 120,
        begin: async () =>
          database.fault({
            when: ({ nth }) => nth % 4 === 0,
            do: { kind: "error", status: 500, message: "Internal Error" },
          }),
      },
      {
        fault: "Telegram takes 3 s for each message",
        alerts: ["HttpSlow"],
        firesWithinS: 120,
        begin: async () =>
          telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 3_000 } }),
      },
    ];
  },
};
