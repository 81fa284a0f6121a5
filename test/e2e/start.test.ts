import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launch, launchBot, npmStart, tempFolder, whenUp } from "./instance.ts";
import { PATIENCE_MS, startWorld, told, until } from "./world.ts";

test.concurrent(
  "missing and malformed variables are named all at once, before anything starts",
  async () => {
    await using folder = await tempFolder();
    const env = { DATABASE_URL: folder.databaseUrl, PORT: "eighty", HEARTBEAT_SECONDS: "30" };
    await using bot = launchBot(env);
    expect(await bot.ended).toBe(1);
    for (const name of ["BOT_TOKEN", "PORT", "LOCK_STALE_SECONDS"]) expect(bot.errors()).toContain(name);
    expect(bot.errors()).toContain("npm run demo");
    expect(bot.errors()).not.toMatch(/^\s+at /m);
    expect(bot.lines).toEqual([]);
    expect(existsSync(join(folder.path, "data"))).toBe(false);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a token that Telegram does not know ends it with one clear sentence",
  async () => {
    await using world = await startWorld();
    const env = { ...world.env, BOT_TOKEN: "42:WRONG-token_abcdefghijklmnopqrstuvwxy" };
    await using bot = launchBot(env);
    expect(await bot.ended).toBe(1);
    expect(bot.errors()).toMatch(/^Telegram does not know this BOT_TOKEN: .+ @BotFather\.\n$/);
    expect(bot.lines.filter(({ level }) => level === "fatal")).toEqual([]);
    expect((await world.lock()).epoch).toBe(0);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a port that is taken is named",
  async () => {
    await using world = await startWorld();
    const port = new URL(world.telegram.url).port;
    await using bot = launchBot({ ...world.env, PORT: port });
    expect(await bot.ended).toBe(1);
    expect(await bot.line("cannot run")).toMatchObject({
      level: "fatal",
      err: { message: expect.stringMatching(`^Cannot listen on port ${port} .+another process listens there already`) },
    });
  },
  PATIENCE_MS,
);

test.concurrent(
  "while Telegram cannot be reached it keeps trying and says that it is not ready; then it is",
  async () => {
    await using world = await startWorld();
    const { telegram } = world;
    const recover = telegram.fault({ when: ({ method }) => method === "getMe", do: { kind: "reset" } });
    await using bot = await whenUp(launchBot(world.env));
    await bot.line("Telegram is not reached yet");
    expect((await fetch(`${bot.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${bot.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, migrated: true, initialised: false, leader: false, halted: [] });
    recover();
    await bot.line("lock acquired");
    await until("ready", async () => (await fetch(`${bot.url}/readyz`)).status === 200);
    expect(await bot.stop()).toBe(0);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a webhook that Telegram refuses is named, with Telegram's reason, and tried again",
  async () => {
    await using world = await startWorld();
    const fault = {
      kind: "error",
      code: 400,
      description: "Bad Request: bad webhook: Failed to resolve host",
    } as const;
    world.telegram.fault({ when: ({ method }) => method === "setWebhook", times: 1, do: fault });
    await using bot = await whenUp(launchBot({ ...world.env, WEBHOOK_URL: "http://127.0.0.1:1" }));
    expect(await bot.line("Telegram refuses WEBHOOK_URL")).toMatchObject({
      level: "warn",
      err: { message: expect.stringContaining("Failed to resolve host") },
    });
    await bot.line("ready");
    expect(await bot.stop()).toBe(0);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a Telegram that never answers does not keep it from stopping",
  async () => {
    await using world = await startWorld();
    world.telegram.fault({ when: ({ method }) => method === "getMe", do: { kind: "hang" } });
    await using bot = await whenUp(launchBot(world.env));
    const asked = performance.now();
    expect(await bot.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(3_000);
  },
  PATIENCE_MS,
);

test.concurrent(
  "whatever a leader loads, at its start or later, npm ci has compiled",
  async () => {
    await using world = await startWorld();
    const { telegram, fetta } = world;
    const env = { ...world.env, NODE_COMPILE_CACHE: join(world.folder, "cache") };
    await using version = launch(npmStart.program, [...npmStart.args, "--version"], env);
    expect(await version.ended).toBe(0);

    await using launched = launchBot({ ...env, NODE_DEBUG_NATIVE: "COMPILE_CACHE" });
    const bot = await whenUp(launched);
    const fan = telegram.person();
    const list = fetta.streamer("pixelfox", { items: 1 });
    await world.track(fan, list);
    list.add({ name: "Desk lamp" });
    await until("the news", () => told(telegram, fan, "Desk lamp") > 0);
    expect(await bot.metric("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(await bot.stop()).toBe(0);
    const compiled = Array.from(
      bot.errors().matchAll(/V8 code cache for \w+ (\S+) was not initialized/g),
      ([, file]) => file,
    );
    // undici loads its parser with its first connection.
    expect(compiled).toEqual([expect.stringContaining("/undici/lib/llhttp/")]);
    expect(bot.errors()).toContain("src/leadership.ts was accepted");
  },
  PATIENCE_MS,
);
