import { readFile } from "node:fs/promises";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorld, type World } from "../../sandbox/demo/world.ts";
import { hasChromium, openTab, startBrowser, type TabOptions } from "../../sandbox/web/browser.ts";
import { type Page, startPage } from "../../sandbox/web/server.ts";
import { ask } from "./telegram-helpers.ts";

const contrast = await readFile(new URL("contrast.js", import.meta.url), "utf8");

/** Without a browser there is nothing to look at the page with; web.test.ts holds what the server tells it. */
describe.skipIf(!hasChromium())("the demo's page in a browser (needs chromium)", () => {
  let world: World;
  let page: Page;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), startBrowser()]);
    page = await startPage(world);
  });
  afterAll(async () => {
    await browser.close();
    await page[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  async function open(options: Partial<TabOptions> = {}, hash = ""): Promise<Tab> {
    const tab = await openTab(browser, `${page.url}/${hash}`, { width: 1280, height: 800, ...options });
    tab.setDefaultTimeout(10_000);
    tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    tab.on("pageerror", (error) => complaints.push(String(error)));
    return tab;
  }

  /** Somebody new, who is played in this tab. */
  const hashOf = (name: string) => {
    const person = world.telegram.person({ firstName: name, languageCode: "en" });
    world.people.push(person);
    return { person, hash: `#me=${person.id}` };
  };
  const api = (method: string, params: object) => ask(world.telegram, method, params);

  test("a newcomer gets from START to the first news with the keyboard alone, and sees where the focus is", async () => {
    const { hash } = hashOf("Keys");
    const tab = await open({}, hash);
    const isAt = (selector: string) => tab.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`);
    async function tabTo(selector: string) {
      for (let presses = 0; presses < 60; presses++) {
        await tab.keyboard.press("Tab");
        const outline = await tab.evaluate("getComputedStyle(document.activeElement).outline");
        const isField = await isAt("#text, body, [type=radio]");
        if (!isField) expect(outline, `the focus is seen on the way to ${selector}`).toContain("solid 3px");
        if (await isAt(selector)) return;
      }
      throw new Error(`Tab does not lead to ${selector}`);
    }
    await tabTo("#instead button");
    await tab.keyboard.press("Enter");
    await tab.locator(".message", { hasText: "watches streamers" }).waitFor();
    expect(await isAt("#text"), "the focus goes on to the field").toBe(true);
    await tab.keyboard.type("/track pixelfox");
    await tab.keyboard.press("Enter");
    await tab.locator(".message", { hasText: /Tracking PixelFox.*edited/s }).waitFor();
    await tabTo("#world input[name=name]");
    await tab.keyboard.type("Lamp <b>3</b>");
    await tab.keyboard.press("Enter");
    await tab.locator(".message", { hasText: "Lamp <b>3</b>" }).waitFor();
    expect(await tab.locator("#messages b").allTextContents(), "what people write is never markup").not.toContain("3");
    await tab.locator("#text").fill("/untrack");
    await tab.keyboard.press("Enter");
    await tab.locator(".key", { hasText: "PixelFox" }).focus();
    await tab.keyboard.press("Enter");
    await tab.locator(".message", { hasText: "No longer tracking" }).waitFor();
    expect(await isAt(".message *"), "the focus stays in the message that was edited").toBe(true);
  });

  test("everything that a message can hold is shown, and nothing leaves the machine", async () => {
    const { person, hash } = hashOf("Rich");
    world.telegram.say("/start", { from: person });
    const tab = await open({}, hash);
    const foreign: string[] = [];
    tab.on("request", (request) => request.url().startsWith(page.url) || foreign.push(request.url()));
    const text = `<b>bold <i>both</i></b> <s>old</s> <code>code</code> <tg-spoiler>secret</tg-spoiler>
<blockquote expandable>1\n2\n3\n4\nlast line</blockquote>
<a href="https://fetta.app/u/lesnaya_sova">Owl</a> <a href="https://shop.example/x">Shop</a> <a href="https://t.me/${world.telegram.username}?start=t_1">deep</a>`;
    const keyboard = [
      [
        { text: "Site", url: "https://shop.example/y" },
        { text: "Press", callback_data: "v1:nothing" },
      ],
    ];
    const options = { parse_mode: "HTML", reply_markup: { inline_keyboard: keyboard } };
    await api("sendMessage", { chat_id: person.id, text, ...options, link_preview_options: { is_disabled: true } });
    const message = tab.locator(".message", { hasText: "bold both" });
    expect(await message.locator("b i").textContent()).toBe("both");
    const spoiler = message.getByRole("button", { name: "Hidden text" });
    await spoiler.press("Enter");
    expect(await message.locator(".spoiler").getAttribute("aria-label")).toBeNull();
    const fold = message.getByRole("button", { name: "Show all or less" });
    expect(await fold.getAttribute("aria-expanded")).toBe("false");
    await fold.click();
    expect(await fold.getAttribute("aria-expanded")).toBe("true");
    for (const name of ["Shop", "Site"]) {
      await message.getByRole("link", { name }).click();
      await tab.locator("#toasts", { hasText: "https://shop.example/" }).waitFor();
    }
    await message.getByRole("button", { name: "Press" }).click();
    await tab.locator("#toasts", { hasText: "no longer works" }).waitFor();
    expect(await tab.locator("[aria-busy]").count()).toBe(0);
    await message.getByRole("link", { name: "Owl" }).click();
    await tab.locator("summary:focus", { hasText: "Лесная Сова" }).waitFor();
    await message.getByRole("link", { name: "deep" }).click();
    await tab.getByRole("button", { name: "START", exact: true }).click();
    await tab.locator(".own", { hasText: "/start t_1" }).waitFor();
    const question = { force_reply: true, input_field_placeholder: "500" };
    await api("sendMessage", { chat_id: person.id, text: "How much?", reply_markup: question });
    await tab.getByPlaceholder("500").fill("700");
    await tab.keyboard.press("Enter");
    await tab.locator(".own .quote", { hasText: "How much?" }).waitFor();
    expect(foreign).toEqual([]);
  });

  test("nothing is wider than a phone of 320 pixels, in any part of the page", async () => {
    const { person, hash } = hashOf("Оченьдлинноеимябезпробеловвообще");
    world.telegram.say(`${"w".repeat(300)} ${"👩‍👩‍👧‍👦".repeat(20)}`, { from: person });
    const row = Array.from({ length: 5 }, (_, n) => ({ text: `A long label ${n}`, callback_data: `${n}` }));
    await api("sendMessage", { chat_id: person.id, text: "Choose", reply_markup: { inline_keyboard: [row] } });
    world.streamers[1]?.list.add({ name: "w".repeat(200) });
    const tab = await open({ width: 320, height: 568 }, hash);
    for (const pane of ["chat", "list", "world"]) {
      await tab.evaluate(`location.hash = "${hash}&pane=${pane}"`);
      await tab.locator(`body[data-pane=${pane}]`).waitFor();
      for (const part of ["document.documentElement", `document.querySelector("#${pane}")`]) {
        expect(await tab.evaluate(`${part}.scrollWidth`), `${pane}: ${part}`).toBeLessThanOrEqual(320);
      }
      const cut = `[...document.querySelectorAll("button, input, select, a")].filter((one) => one.checkVisibility()
        && one.getBoundingClientRect().right > 321 && !one.closest("#topics")).map((one) => one.outerHTML)`;
      expect(await tab.evaluate(cut)).toEqual([]);
    }
  });

  test("all text stands out as WCAG AA asks, by day and by night", async () => {
    const { person, hash } = hashOf("Eyes");
    world.telegram.say("/start", { from: person });
    const text = "<b>bold</b> <code>code</code> <pre>block</pre> <blockquote>quote</blockquote> #tag /help";
    const keyboard = { inline_keyboard: [[{ text: "A key", callback_data: "1" }]] };
    await api("sendMessage", { chat_id: person.id, text, parse_mode: "HTML", reply_markup: keyboard });
    const [wish] = world.streamers[0]?.list.items() ?? [];
    world.streamers[0]?.list.unavailable(wish?.id ?? "");
    world.streamers[0]?.list.hide();
    const tab = await open({}, hash);
    await tab.locator(".message", { hasText: "bold" }).waitFor();
    await tab.locator("#bot summary").click();
    for (const colorScheme of ["light", "dark"] as const) {
      await tab.emulateMedia({ colorScheme });
      await tab.locator("label", { hasText: "429" }).click();
      await tab.locator("#site :checked[value='429']").waitFor({ state: "attached" });
      expect(await tab.evaluate(contrast)).toEqual([]);
      await tab.locator("#new-chat").click();
      expect(await tab.evaluate(contrast)).toEqual([]);
      await tab.keyboard.press("Escape");
      await tab.locator("label", { hasText: "works" }).click();
    }
    world.streamers[0]?.list.hide(false);
  });

  test("the browser has found nothing to complain about", () => expect(complaints).toEqual([]));
});
