import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

/** What `npm run demo` shows to whoever pipes a script into it; another Wishbell's settings must not get in. */
async function demo(lines: string[]) {
  const child = spawn(packageJson.scripts.demo, {
    shell: true,
    env: { ...process.env, LANG: "en_US.UTF-8", LC_ALL: "", BOT_TOKEN: "7:other", WEBHOOK_URL: "https://bot.example" },
    stdio: ["pipe", "pipe", "inherit"],
    timeout: 18_000,
  });
  child.stdin.end(lines.join("\n"));
  const shown = await text(child.stdout);
  return { shown, exitCode: child.exitCode ?? (await new Promise((resolve) => child.once("close", resolve))) };
}

test("a script shows the main job: track, the answer, a new wish, the push; and nothing is left behind", async () => {
  const { shown, exitCode } = await demo([
    "/track pixelfox",
    ":add pixelfox Lamp <3 & co 1000",
    ":later 8",
    "/untrack",
    "#1",
    ":log",
    ":quit",
    "/help",
  ]);
  const story = [
    "Open http://127.0.0.1:",
    "You> /track pixelfox",
    "Wishbell (edited):\n🔔 Tracking PixelFox: 4 items",
    "You> :add pixelfox Lamp",
    "Wishbell:\n[the item's picture]\n🎁 PixelFox wishes for something new:\n• Lamp <3 & co (https://www.ozon.ru/",
    "You> :later 8",
    "In this world it is",
    "[#1 ✖️ PixelFox]",
    "You> #1",
    "No longer tracking PixelFox.\n[#1 ↩️ Undo]",
  ];
  const places = story.map((part) => shown.indexOf(part));
  expect(places, shown).toEqual(places.toSorted((a, b) => a - b));
  expect(places, shown).not.toContain(-1);
  expect(shown, "nothing is played after :quit").not.toContain("You> /help");
  expect(exitCode).toBe(0);

  const [, pid, logFile = ""] = /process (\d+) and logs to (\S+)/.exec(shown) ?? [];
  expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
  expect(logFile).toMatch(/bot\.log$/);
  expect(existsSync(logFile)).toBe(false);
});

test("whatever cannot be done is answered with a sentence that helps, and the end of the input is an end", async () => {
  const { shown, exitCode } = await demo([":sing", ":add", ":add nobody", ":price pixelfox", ":break", ":fix", "#1"]);
  for (const help of [
    "There is no :sing. :help lists",
    "Which streamer? One of pixelfox",
    "There is no nobody on this site",
    "A price is a whole number",
    "Break it how? down, 429, captcha, empty",
    "The site is not broken",
    "No message here has buttons",
  ]) {
    expect(shown).toContain(help);
  }
  expect(exitCode).toBe(0);
});

test("without a terminal and without a script there is the page alone, until it is told to end", async () => {
  const env = { ...process.env, LC_ALL: "ru_RU.UTF-8" };
  const child = spawn(packageJson.scripts.demo, { shell: true, env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  try {
    const [line] = await once(createInterface({ input: child.stdout }), "line", {
      signal: AbortSignal.timeout(15_000),
    });
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? "";
    const page = await fetch(url);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const events = await fetch(`${url}/events`);
    const { value } = (await events.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {};
    expect(value, "Russian, as the shell").toContain('"language":"ru"');
  } finally {
    child.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
});
