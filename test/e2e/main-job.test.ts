import { expect, test } from "vitest";
import { PATIENCE_MS, startWorld } from "./world.ts";

test(
  "a newcomer tracks a streamer of 45 items on 3 pages and hears of what is added, once; nobody else does",
  async () => {
    await using world = await startWorld();
    const { telegram, fetta } = world;
    const mila = fetta.streamer("MilaPlays", { name: "Mila <3 & co", items: 45 });
    const [fan, other] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "ru" })];
    const bot = await world.start();

    telegram.say("/start", { from: fan });
    await telegram.until(fan, /Wishbell/);
    telegram.say("/start", { from: other });
    await telegram.until(other, /следит за вишлистами/);

    telegram.say("/track https://fetta.app/u/milaplays", { from: fan });
    const answer = await telegram.until(fan, /Tracking Mila <3 & co: 45 items/);
    expect(answer.editedAt, "the looking… message became the answer").toBeDefined();
    await bot.line(({ msg, outcome }) => msg === "checked" && outcome === "unchanged");
    await bot.line(({ msg, outcome }) => msg === "checked" && outcome === "unchanged");
    expect(telegram.messages(fan).filter(({ fromBot }) => fromBot)).toHaveLength(2);

    mila.add({ name: 'USB <-> HDMI & "co"', price: 660, externalId: "1234567890" });
    const news = await telegram.until(fan, /USB/);
    expect(news.text).toContain('USB <-> HDMI & "co" – RUB 713'.replace("RUB ", "RUB\u00a0"));
    expect(news.html).toContain('href="https://www.ozon.ru/product/1234567890"');
    await telegram.idle();
    const before = await bot.metric("streamers_checked_total");
    while ((await bot.metric("streamers_checked_total")) < before + 2) await telegram.idle();
    expect(telegram.messages(fan).filter(({ text }) => text.includes("USB"))).toHaveLength(1);
    expect(telegram.messages(other).filter(({ fromBot }) => fromBot)).toHaveLength(1);
    expect(await bot.stop()).toBe(0);
  },
  PATIENCE_MS,
);
