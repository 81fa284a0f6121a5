import fc from "fast-check";
import { expect, test } from "vitest";
import { readStartPayload, startPayload } from "../../src/bot/start.ts";
import { fetta } from "../../src/checker/sources/fetta.ts";
import { tracked, wishes } from "../db/story.ts";
import { type Message, startBotWorld } from "./world.ts";

const labels = ({ buttons }: Message) => buttons.flat().map(({ text }) => text);

test("/start offers where to begin, and a link that streamers post tracks them", async () => {
  await using world = await startBotWorld();
  const { telegram, ask, press } = world;
  const mia = telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "Mila_Plays", wishes("a"));
  const [start] = await ask("/start", { from: mia });
  expect(start && labels(start)).toEqual(["🔔 Follow", "📋 My list", "👥 Add to a group"]);
  expect((await ask("/start t_fetta_Mila_Plays", { from: mia }))[0]?.text).toMatch(/^🔔 Tracking Mila_Plays/);
  expect(start && (await press(start, "📋 My list", mia)).shows.text).toContain("Mila_Plays");
  for (const nonsense of ["t_nowhere_mila", "tb_fetta_!!", "x".repeat(64), "t_fetta_", "__proto___x"]) {
    expect((await ask(`/start ${nonsense}`, { from: mia }))[0]?.text).toMatch(/^🔔 Wishbell watches/);
  }
  expect(world.failures).toEqual([]);
});

test("in a group a link tracks for administrators only, and what Telegram adds by itself is not answered", async () => {
  await using world = await startBotWorld();
  const { telegram, ask } = world;
  const [mia, bob] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  const group = telegram.group({ administrators: [mia], members: [bob] });
  await tracked(world.db, 1, "mila", wishes("a"));
  expect(await ask("/start@WishbellTestBot new", { from: mia, chat: group })).toEqual([]);
  const link = "/start@WishbellTestBot t_fetta_mila";
  expect((await ask(link, { from: bob, chat: group }))[0]?.text).toMatch(/^Only administrators/);
  expect((await ask(link, { from: mia, chat: group }))[0]?.text).toMatch(/^🔔 Tracking mila/);
});

test("whatever a nickname is made of, its link leads back to it or there is none", () => {
  const nickname = fc.stringMatching(/^[A-Za-z0-9._-]{2,40}$/);
  fc.assert(
    fc.property(nickname, (nickname) => {
      const payload = startPayload({ source: "fetta", nickname });
      if (payload === undefined) return;
      expect(payload).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      // As if it had been written to the bot.
      expect(readStartPayload(payload)).toEqual(fetta.parseAddress(nickname));
    }),
  );
  expect(startPayload({ source: "fetta", nickname: "a.b" })).toMatch(/^tb_fetta_/);
  expect(readStartPayload("tb_fetta_YS5i")?.nickname).toBe("a.b");
  expect(startPayload({ source: "fetta", nickname: "x".repeat(60) })).toBeUndefined();
});
