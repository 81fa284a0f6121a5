import { until } from "../../../e2e/world.ts";
import type { Drill } from "../drill.ts";

const PATIENCE_MS = 20_000;
const BOUNDS = { firesWithinS: 40, endsWithinS: 20 };

/** The faults that matter most, in half a minute: at a pace at which a window of ten minutes is ten seconds. */
export const short: Drill = {
  name: "short",
  pace: 60,
  alerts: ["NotRunning", "SourceIncomplete", "TokenRevoked"],
  stage: { env: { CHECK_INTERVAL_SECONDS: "1", MAX_CHECK_INTERVAL_SECONDS: "1" } },
  async prepare(stage, { watch }) {
    const { telegram, fetta, track } = stage.world;
    const place = await stage.place();
    await place.start();
    const fan = telegram.person();
    await track(fan, fetta.streamer("pixelfox", { items: 3 }));
    await watch([place.url]);
    return [
      {
        fault: "the site is down, and the token is revoked (401)",
        alerts: ["SourceIncomplete", "TokenRevoked"],
        ...BOUNDS,
        // Polls are a minute apart then, and none has succeeded since.
        also: ["UpdatesNotReceived"],
        async begin() {
          const unauthorised = { kind: "error", code: 401, description: "Unauthorized" } as const;
          const lifts = [fetta.misbehave("down"), telegram.fault({ when: () => true, do: unauthorised })];
          telegram.say("/list", { from: fan });
          const revoked = () => place.instance().metric("telegram_answers_total", 'answer="revoked"');
          await until("a refusal", async () => (await revoked()) > 0, PATIENCE_MS);
          return () => {
            for (const lift of lifts) lift();
          };
        },
      },
      {
        fault: "the leader stands still (SIGSTOP)",
        alerts: ["NotRunning"],
        ...BOUNDS,
        also: ["InstanceDown"],
        async begin() {
          place.signal("SIGSTOP");
          return () => place.signal("SIGCONT");
        },
      },
    ];
  },
};
