import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page as Tab } from "playwright-core";
import { startWorld, type World } from "./demo/world.ts";
import { openTab, startBrowser, type TabOptions } from "./web/browser.ts";
import { startPage } from "./web/server.ts";

/**
 * `npm run screenshots`: plays each scene in a world of its own, at the same hour every time, and keeps what the page
 * shows then as `docs/screenshots/<scene>-<language>.png`. `npm run screenshots -- news` plays only the scenes whose names
 * contain that word.
 */
const folder = fileURLToPath(new URL("../docs/screenshots/", import.meta.url));
const START_AT = Date.parse("2027-05-14T19:30:00+03:00");
const MOST_BYTES = 200_000;

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 780, scale: 2 };

/** Pictures out of sight are never loaded. */
const PICTURES_SHOWN = `Promise.all([...document.images]
  .filter((image) => image.checkVisibility() && image.getBoundingClientRect().top < innerHeight)
  .map((image) => image.decode()))`;

type Language = "ru" | "en";
type Stage = { tab: Tab; world: World; language: Language };
type Scene = { name: string; languages: Language[]; look: TabOptions; play: (stage: Stage) => Promise<void> };

const scenes: Scene[] = [
  { name: "start", languages: ["en", "ru"], look: phone, play: async () => undefined },
  { name: "news", languages: ["en", "ru"], look: desktop, play: getNews },
  { name: "news-phone", languages: ["en", "ru"], look: { ...phone, scheme: "dark" }, play: getNews },
  { name: "card", languages: ["en", "ru"], look: phone, play: openCard },
  { name: "group", languages: ["en"], look: { ...desktop, scheme: "dark" }, play: followInTopic },
  { name: "trouble", languages: ["ru"], look: phone, play: meetTrouble },
  { name: "backstage", languages: ["en"], look: { ...phone, scheme: "dark" }, play: lookBackstage },
];

async function getNews({ tab, world, language }: Stage): Promise<void> {
  const nickname = language === "ru" ? "lesnaya_sova" : "pixelfox";
  const list = tab.locator("#streamers details:not([open]) summary", { hasText: `@${nickname}` });
  if (await list.isVisible()) await list.click();
  await start(tab);
  await say(tab, `/track ${nickname}`);
  await tab.locator(".message", { hasText: /🔔.*(edited|изменено)/s }).waitFor();
  await add(tab, world, nickname);
  await say(tab, "/list");
}

async function openCard({ tab, language }: Stage): Promise<void> {
  await start(tab);
  await say(tab, language === "ru" ? "/track lesnaya_sova" : "/track pixelfox");
  await tab
    .locator(".message", { hasText: /🔔.*(edited|изменено)/s })
    .last()
    .waitFor();
  await say(tab, "/list");
  const list = tab.locator(".message").last();
  await list.locator(".key").first().click();
  await list.getByText(/edited|изменено/).waitFor();
}

async function followInTopic({ tab, world }: Stage): Promise<void> {
  const den = world.telegram.chats().find(({ isForum }) => isForum);
  const [, mira] = world.people;
  if (den === undefined || mira === undefined) throw new Error("There is no forum");
  await tab.locator("#chats button", { hasText: den.title }).click();
  await tab.locator("#topics button", { hasText: "Wishlist news" }).click();
  const [news] = world.telegram.details(den).topics;
  world.telegram.say("Whom do we follow here?", { from: mira, chat: den, threadId: news?.id ?? 0 });
  await say(tab, "/track pixelfox");
  await tab.locator(".message", { hasText: /Tracking.*edited/s }).waitFor();
  await add(tab, world, "pixelfox");
}

async function meetTrouble({ tab, world }: Stage): Promise<void> {
  await start(tab);
  const answered = tab.locator(".message", { hasText: "изменено" });
  await say(tab, "/track https://fetta.app/u/nobody_here");
  await answered.first().waitFor();
  world.site.set("429");
  await say(tab, "/track lesnaya_sova");
  await answered.nth(1).waitFor();
}

async function lookBackstage({ tab, world }: Stage): Promise<void> {
  const [fox] = world.streamers;
  const [keyboard, light] = fox?.list.items() ?? [];
  if (keyboard && light) {
    fox?.list.unavailable(keyboard.id);
    fox?.list.pin(light.id);
  }
  await tab.locator("[data-key=stage]").click();
  await tab.locator("#world .unavailable").waitFor();
}

async function start(tab: Tab): Promise<void> {
  await tab.locator("#instead button").click();
  await tab.locator(".message:not(.own)").waitFor();
}

/** Says something, and waits for an answer to it. */
async function say(tab: Tab, text: string): Promise<void> {
  const before = await tab.locator(".message:not(.own)").count();
  await tab.locator("#text").fill(text);
  await tab.locator("#send").click();
  await tab.locator(".message:not(.own)").nth(before).waitFor();
}

/** The streamer wishes for the next thing; waits for the news of it. */
async function add(tab: Tab, world: World, nickname: string): Promise<void> {
  const { list, ideas } = world.streamers.find((one) => one.list.nickname === nickname) ?? {};
  const name = ideas?.shift();
  if (list === undefined || name === undefined) throw new Error(`${nickname} has no wishes left`);
  list.add({ name });
  await tab.locator(".message", { hasText: name }).locator(".picture").waitFor();
}

async function take(browser: Browser, { name, look, play }: Scene, language: Language): Promise<void> {
  await using world = await startWorld({ startAt: START_AT, language });
  await using page = await startPage(world);
  const tab = await openTab(browser, page.url, { ...look, language });
  await play({ tab, world, language });
  // What leads newcomers on is in the way of those who only look.
  const close = tab.locator("#steps .icon");
  if (await close.isVisible()) await close.click();
  await tab.mouse.move(0, 0);
  await tab.evaluate("document.activeElement.blur()");
  await tab.evaluate(PICTURES_SHOWN);
  const path = `${folder}${name}-${language}.png`;
  await tab.screenshot({ path });
  await tab.context().close();
  const { size } = await stat(path);
  console.log(`${path} ${Math.ceil(size / 1000)} kB`);
  if (size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES / 1000} kB`);
}

try {
  await mkdir(folder, { recursive: true });
  const [, , wanted = ""] = process.argv;
  const browser = await startBrowser();
  try {
    for (const scene of scenes.filter(({ name }) => name.includes(wanted))) {
      for (const language of scene.languages) await take(browser, scene, language);
    }
  } finally {
    await browser.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
