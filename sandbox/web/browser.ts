import { existsSync } from "node:fs";
import { type Browser, chromium, type Page as Tab } from "playwright-core";

/** Debian's; another one is named by the environment variable CHROMIUM. */
export const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

export const hasChromium = () => existsSync(CHROMIUM);

/** A headless Chromium that asks nobody for anything. @throws when there is none */
export async function startBrowser(): Promise<Browser> {
  if (!hasChromium()) {
    throw new Error(`There is no ${CHROMIUM}. Install chromium, or set CHROMIUM to where one is.`);
  }
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync", "--font-render-hinting=none"],
    ],
  });
}

export type TabOptions = {
  width: number;
  height: number;
  scheme?: "light" | "dark";
  /** Pixels of the picture for one of the page. */
  scale?: number;
  language?: "ru" | "en";
};

/** Opens the page where nothing moves, at the same hour everywhere, and waits until it shows its chats. */
export async function openTab(browser: Browser, url: string, options: TabOptions): Promise<Tab> {
  const { width, height, scheme = "light", scale = 1, language = "en" } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: scale,
    hasTouch: width < 600,
    locale: language === "ru" ? "ru-RU" : "en-GB",
    timezoneId: "Europe/Moscow",
    reducedMotion: "reduce",
  });
  const tab = await context.newPage();
  await tab.goto(url);
  await tab.locator("#chats button").first().waitFor({ state: "attached" });
  return tab;
}
