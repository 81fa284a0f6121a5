import { spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { runPrompt } from "./demo/prompt.ts";
import { startWorld, type World } from "./demo/world.ts";
import { startPage } from "./web/server.ts";

/** Where the page is, unless something else is there. */
const PORT = 8090;

/** `npm run demo`: try Wishbell without a token and without a network, on a page and in the terminal. */
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
// Whoever was reading has left: `npm run demo | head`.
process.stdout.on("error", () => stop.abort());

try {
  await using world = await startWorld({ language: languageOfShell() });
  await using page = await startPage(world, { port: PORT });
  console.log(`Open ${page.url} in a browser: there is Wishbell, in a Telegram to try it in.\n`);
  if (process.stdin.isTTY && process.stdout.isTTY) {
    openBrowser(page.url);
    world.bot.onCrash((lastWords) => console.error(`${describe(lastWords)}\nIts page starts it again: ${page.url}`));
    await runPrompt(world, stop.signal);
  } else if (process.stdin.isTTY || isScript()) {
    await Promise.race([runPrompt(world, stop.signal), crash(world)]);
  } else if (!stop.signal.aborted) {
    await once(stop.signal, "abort");
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  stop.abort();
}

/** Nothing that a script says afterwards would be heard. */
function crash({ bot }: World): Promise<never> {
  return new Promise((_, reject) => bot.onCrash((lastWords) => reject(new Error(describe(lastWords)))));
}

function describe(lastWords: string): string {
  return `The bot has ended by itself:\n${lastWords}`;
}

/** Whether lines come from a pipe or a file; without (a service, a container), there is the page alone. */
function isScript(): boolean {
  try {
    const input = fstatSync(process.stdin.fd);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    return false;
  }
}

/** Where there is a screen; whoever sees no browser open has read the address. */
function openBrowser(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  const isMac = process.platform === "darwin";
  if (!isMac && !DISPLAY && !WAYLAND_DISPLAY) return;
  const opener = spawn(isMac ? "open" : "xdg-open", [url], { stdio: "ignore", detached: true });
  opener.on("error", () => undefined);
  opener.unref();
}

function languageOfShell(): "ru" | "en" {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  return /^ru/i.test(LC_ALL || LC_MESSAGES || LANG || "") ? "ru" : "en";
}
