import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Misbehaviour } from "../../sandbox/fetta/index.ts";
import { isCheck, PATIENCE_MS, startWorld, told, until } from "./world.ts";

const INTERVAL_MS = 1_000;
const RESUMES_MS = Math.max(3 * INTERVAL_MS, 15_000);

test.concurrent.each<[string, Misbehaviour]>([
  ["is down", "down"],
  ["shows a captcha", "captcha"],
  ["talks garbage", "garbage"],
  ["answers 429", "429"],
  ["shows empty lists", "empty"],
])(
  "a site that %s for a while: silence but for answers, nothing is removed, and news comes once after it",
  async (_, how) => {
    await using world = await startWorld();
    const { telegram, fetta } = world;
    const fan = telegram.person({ languageCode: "en" });
    const mila = fetta.streamer("mila", { items: 3 });
    const bot = await world.start();
    await world.track(fan, mila);
    await bot.line(({ msg, outcome }) => msg === "checked" && outcome !== "empty");

    const recover = fetta.misbehave(how);
    const from = bot.lines.length;
    const said = telegram.messages(fan).length;
    const isTroubled = (line: (typeof bot.lines)[number]) =>
      isCheck(line) && line.outcome !== "complete" && line.outcome !== "unchanged";
    await until("it has been looked at twice", () => bot.lines.slice(from).filter(isTroubled).length >= 2);
    mila.add({ name: "A lamp" });
    await sleep(1_500);
    expect(telegram.messages(fan)).toHaveLength(said);
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /3 items/);
    recover();
    const recovered = performance.now();
    await telegram.until(fan, /A lamp/, RESUMES_MS);
    expect(performance.now() - recovered).toBeLessThan(RESUMES_MS);

    // The other two are what they were: neither removed nor told of again.
    const after = bot.lines.length;
    await until("it is looked at again", () => bot.lines.slice(after).filter(isCheck).length >= 2, RESUMES_MS);
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /4 items/);
    expect(told(telegram, fan, "A lamp")).toBe(1);
    expect(telegram.messages(fan).filter(({ fromBot }) => fromBot)).toHaveLength(4);
    const events = await (await world.database()).client.execute("SELECT kind FROM wishlist_events");
    expect(events.rows.map(({ kind }) => kind)).toEqual(["added"]);
  },
  PATIENCE_MS,
);
