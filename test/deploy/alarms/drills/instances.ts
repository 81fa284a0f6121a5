import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../../e2e/world.ts";
import type { Drill } from "../drill.ts";
import { leads, type Place, probe, QUICK_LOCK, type Stage } from "../stage.ts";
import { standIn } from "../stand-in.ts";

const PACE = 15;
/** Longer than any rule here waits before it fires. */
const SETTLE_MS = 22_000;
/** Longer than a lock takes to go stale. */
const TAKEOVER_MS = 15_000;

async function startTwo(stage: Stage): Promise<[Place, Place]> {
  const [one, two] = [await stage.place(), await stage.place()];
  await one.start();
  await two.start();
  await until("a leader", () => leads(one), TAKEOVER_MS);
  const { telegram, fetta } = stage.world;
  await stage.world.track(telegram.person(), fetta.streamer("pixelfox", { items: 3 }));
  return [one, two];
}

/** Instances that end: in an orderly way, which nobody need hear of, and otherwise. */
export const instances: Drill = {
  name: "instances",
  pace: PACE,
  stage: { env: QUICK_LOCK },
  alerts: ["InstanceDown", "NotRunning", "DatabaseConnectionGivenUp"],
  async prepare(stage, { watch }) {
    const [one, two] = await startTwo(stage);
    const told = stage.use(await standIn(two.url));
    await watch([one.url, told.url]);
    probe(stage, one);
    probe(stage, two);
    return [
      {
        fault: "nothing: an upgrade, one instance after the other",
        alerts: [],
        async begin() {
          for (const place of [one, two]) {
            await place.end();
            await place.start();
            await until("a leader", async () => (await leads(one)) || (await leads(two)), TAKEOVER_MS);
          }
          await sleep(SETTLE_MS);
          return () => {};
        },
      },
      {
        fault: "the leader of two is killed, and not started again",
        alerts: ["InstanceDown"],
        async begin() {
          const [leader, other] = (await leads(one)) ? [one, two] : [two, one];
          await leader.end("SIGKILL");
          await until("another leads", () => leads(other), TAKEOVER_MS);
          return () => leader.start();
        },
      },
      {
        fault: "both instances stand still (SIGSTOP)",
        alerts: ["NotRunning"],
        also: ["InstanceDown"],
        async begin() {
          for (const place of [one, two]) place.signal("SIGSTOP");
          return () => [one, two].map((place) => place.signal("SIGCONT"));
        },
      },
      {
        fault: "an instance tells that it has given up a connection",
        standIn: "no fault is known that brings it about",
        alerts: ["DatabaseConnectionGivenUp"],
        endsWithinS: 320,
        async begin() {
          told.add("db_poison_total", 1);
          return () => {};
        },
      },
    ];
  },
};

/** Instances that lead, or do not, or not for long. */
export const leaders: Drill = {
  name: "leaders",
  pace: PACE,
  stage: { env: QUICK_LOCK },
  alerts: ["Restarting", "NoLeader", "TwoLeaders", "EventLoopBlocked"],
  async prepare(stage, { watch }) {
    const [one, two] = await startTwo(stage);
    await watch([one.url, two.url]);
    const stranger = await stage.place();
    return [
      {
        fault: "the stand-by dies at once after each of five starts",
        alerts: ["Restarting"],
        endsWithinS: 200,
        async begin() {
          for (let times = 0; times < 5; times++) {
            await two.end("SIGKILL");
            await two.start();
            await sleep(2_500);
          }
          return () => {};
        },
      },
      {
        fault: "an instance that Prometheus does not know has the lock",
        alerts: ["NoLeader"],
        async begin() {
          await stranger.start();
          const [leader, other] = (await leads(one)) ? [one, two] : [two, one];
          other.signal("SIGSTOP");
          await leader.end();
          await until("the stranger leads", () => leads(stranger), TAKEOVER_MS);
          other.signal("SIGCONT");
          await leader.start();
          return () => stranger.end();
        },
      },
      {
        fault: "the second instance has another database",
        alerts: ["TwoLeaders"],
        // They take each other's updates away.
        also: ["UpdatesNotReceived"],
        async begin() {
          const [leader, other] = (await leads(one)) ? [one, two] : [two, one];
          await other.end();
          await other.start({ DATABASE_URL: `file:${join(stage.world.folder, "another.db")}` });
          await until("both lead", async () => (await leads(leader)) && (await leads(other)), TAKEOVER_MS);
          return async () => {
            await other.end();
            await other.start();
          };
        },
      },
      {
        fault: "an instance stands still for 1.6 s, four times (SIGSTOP)",
        alerts: ["EventLoopBlocked"],
        async begin() {
          for (let times = 0; times < 4; times++) {
            two.signal("SIGSTOP");
            await sleep(1_600);
            two.signal("SIGCONT");
            await sleep(1_200);
          }
          return () => {};
        },
      },
    ];
  },
};
