import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { readable } from "../../src/pretty.ts";
import { root } from "./instance.ts";
import { PATIENCE_MS, startWorld, until } from "./world.ts";

/** Starts the bot as a person does at a terminal, stops it with Ctrl-C, and gives what the terminal has shown. */
async function atTerminal(env: Record<string, string>): Promise<string> {
  await using world = await startWorld({ LOG_LEVEL: "debug", HOST: "127.0.0.1", PORT: "0" });
  const child = spawn("script", ["-qefc", packageJson.scripts.start, "/dev/null"], {
    cwd: root,
    env: { PATH: process.env.PATH, TERM: "xterm-256color", ...world.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    shown += text;
  });
  try {
    await until("it leads", () => shown.includes("lock acquired"), 20_000);
    world.telegram.say("/start", { from: world.telegram.person() });
    await until("it has handled the update", () => shown.includes("update handled"));
    child.stdin.write("\u0003");
    expect((await ended)[0]).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
  expect(shown).not.toContain(world.telegram.token.split(":")[1]);
  return shown;
}

const LINE = /^\[\d\d:\d\d:\d\d\.\d{3}\] (DEBUG|INFO|WARN): [^{}]+( \{.*\})?$/;

test.skipIf(process.platform !== "linux").concurrent(
  "on a terminal lines are there to be read, in colours",
  async () => {
    const shown = await atTerminal({});
    expect(shown).toContain("\u001b[32mINFO\u001b[39m");
    const lines = stripVTControlCharacters(shown).replaceAll("^C", "").trim().split(/\r?\n/);
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    expect(lines).toContainEqual(
      expect.stringMatching(
        / INFO: update handled \{"update_id":\d+,"chat_id":\d+,"kind":"message",.*"duration_ms":\d+\}$/,
      ),
    );
    expect(lines.at(-1)).toMatch(/ INFO: stopped$/);
  },
  PATIENCE_MS,
);

test.skipIf(process.platform !== "linux").concurrent(
  "NO_COLOR is respected",
  async () => {
    const shown = await atTerminal({ NO_COLOR: "1" });
    expect(shown).not.toContain("\u001b");
    expect(shown).toMatch(/ INFO: lock acquired \{"term":1,/);
  },
  PATIENCE_MS,
);

test("what is shown cannot command the terminal, and an error is shown with its stack", async () => {
  const write = await readable();
  const evil = "\u001b]0;owned\u0007\u009b2J\u202e";
  const err = { name: "Error", message: `bad${evil}`, stack: `Error: bad${evil}\n    at here (a.ts:1:2)` };
  const shown = write(
    `${JSON.stringify({ level: "warn", time: "2026-11-23T02:32:31.000Z", reason: evil, err, msg: `x${evil}` })}\n`,
  );
  const left = stripVTControlCharacters(shown);
  expect(left.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(left).toMatch(/WARN.*: x\]0;owned2J/);
  expect(left).toContain("    at here (a.ts:1:2)\n");
});
