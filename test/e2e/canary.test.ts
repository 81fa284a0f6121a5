import { expect, test } from "vitest";
import { startWorld } from "./world.ts";

test("when a site stops making sense the operators hear of it once, the fans not at all, and it ends by itself", async () => {
  await using world = await startWorld({ ADMIN_IDS: "777" });
  const { telegram, fetta } = world;
  const [operator, fan] = [telegram.person({ id: 777 }), telegram.person({ languageCode: "en" })];
  telegram.say("/start", { from: operator });
  const bot = await world.start();
  await telegram.until(operator, /Wishbell/);
  const lists = ["ann", "bob", "cat", "dan"].map((name) => fetta.streamer(name, { items: 3 }));
  telegram.say("/track ann bob cat dan", { from: fan });
  await telegram.until(fan, ({ text }) => text.split("Tracking").length === 5, 15_000);

  const fix = fetta.misbehave("captcha");
  await telegram.until(operator, /draw no conclusions/, 25_000);
  expect(await bot.metric("source_distrusted")).toBe(1);
  fix();
  lists[0]?.add({ name: "A lamp" });
  await telegram.until(fan, /A lamp/, 15_000);
  await expect.poll(() => bot.metric("source_distrusted"), { timeout: 20_000, interval: 500 }).toBe(0);
  expect(telegram.messages(operator).filter(({ fromBot }) => fromBot)).toHaveLength(2);
  expect(telegram.messages(fan).filter(({ fromBot }) => fromBot)).toHaveLength(2);
  expect(await bot.stop()).toBe(0);
}, 80_000);
