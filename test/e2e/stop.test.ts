import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { launch, launchBot, whenUp } from "./instance.ts";
import { checks, PATIENCE_MS, startWorld, told } from "./world.ts";

test.concurrent(
  "a stop takes no more updates, finishes those it has and the news on their way, and leaves nothing behind",
  async () => {
    await using world = await startWorld();
    const { telegram, fetta } = world;
    const fan = telegram.person();
    const mila = fetta.streamer("mila");
    const bot = await world.start();
    await world.track(fan, mila);
    await checks(bot, 1);

    telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 400 } });
    const people = Array.from({ length: 30 }, () => telegram.person());
    mila.add({ name: "A lamp" });
    const sending = telegram.onChange((change) => {
      if (change.kind !== "call" || change.call.chatId !== fan.id) return;
      sending();
      for (const from of people) telegram.say("/help", { from });
    });
    await bot.line(({ msg, added }) => msg === "checked" && added === 1);
    while (telegram.calls.filter(({ method }) => method === "sendMessage").length < 5) await sleep(5);
    const asked = performance.now();
    expect(await bot.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);

    expect(told(telegram, fan, "A lamp")).toBe(1);
    const answered = people.filter((person) => telegram.messages(person).some(({ fromBot }) => fromBot));
    expect(answered.length + telegram.pending(), "each is answered, or left to the next leader").toBe(30);
    expect(answered.length).toBeGreaterThan(0);
    expect((await world.lock()).holder).toBe("");
    expect(bot.lines.slice(-2).map(({ msg }) => msg)).toContain("lock released");

    const next = await world.start();
    await telegram.idle();
    await checks(next, 2);
    expect(people.map((person) => told(telegram, person, "/track"))).toEqual(people.map(() => 1));
    expect(told(telegram, fan, "A lamp")).toBe(1);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a second signal ends it at once with 1, and the lock is given back all the same",
  async () => {
    await using world = await startWorld();
    const bot = await world.start();
    await bot.line("lock acquired");
    world.telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "hang" } });
    world.telegram.say("/help", { from: world.telegram.person() });
    while (!world.telegram.calls.some(({ method }) => method === "sendMessage")) await sleep(5);
    bot.child.kill("SIGTERM");
    await bot.line("stopping");
    await sleep(1_100); // sooner it would be the same signal, passed on by npm
    const asked = performance.now();
    expect(await bot.stop()).toBe(1);
    expect(performance.now() - asked).toBeLessThan(1_500);
    expect((await world.lock()).holder).toBe("");
  },
  PATIENCE_MS,
);

test.concurrent.each(["npm", "the whole process group"])(
  "npm start stops gracefully when %s gets the signal",
  async (who) => {
    await using world = await startWorld();
    const { telegram } = world;
    const env = { ...world.env, HOME: world.folder, npm_config_update_notifier: "false" };
    await using npm = await whenUp(launch("npm", ["start"], env, { detached: true }));
    await npm.line("lock acquired");
    const person = telegram.person();
    // Something to wait for: npm passes on what the group has got already, and that must not count as a second signal.
    telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 300 } });
    telegram.say("/help", { from: person });
    while (!telegram.calls.some(({ method }) => method === "sendMessage")) await sleep(5);
    const pid = npm.child.pid ?? Number.NaN;
    process.kill(who === "npm" ? pid : -pid, who === "npm" ? "SIGTERM" : "SIGINT");
    expect(await npm.ended).toBe(0);
    expect(npm.lines.map(({ msg }) => msg).slice(-3)).toContain("lock released");
    expect(told(telegram, person, "/track")).toBe(1);
    expect((await world.lock()).holder).toBe("");
  },
  PATIENCE_MS,
);

describe("an unexpected error", () => {
  const sabotage = (code: string) => ({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`process.on("SIGUSR2", async () => { ${code} });`)}`,
  });

  test.concurrent.each([
    ["nobody handles", `throw new Error("a bug near " + process.env.BOT_TOKEN)`],
    [
      "ends a loop of the leader",
      // The next short sleep is one of a loop that looks for work.
      `const timers = (await import("node:timers/promises")).default;
       const { setTimeout: sleep } = timers;
       timers.setTimeout = (ms, ...rest) => {
         if (ms > 300) return sleep(ms, ...rest);
         timers.setTimeout = sleep;
         throw new Error("a bug near " + process.env.BOT_TOKEN);
       };
       (await import("node:module")).default.syncBuiltinESMExports();`,
    ],
  ])(
    "that %s is logged without secrets, and ends it with 1 after it has given the lock back",
    async (_, code) => {
      await using world = await startWorld(sabotage(code));
      await using bot = await whenUp(launchBot(world.env));
      await bot.line("lock acquired");
      bot.child.kill("SIGUSR2");
      expect(await bot.ended).toBe(1);
      const fatal = bot.lines.filter(({ level }) => level === "fatal");
      expect(fatal).toEqual([
        expect.objectContaining({ err: expect.objectContaining({ message: "a bug near [redacted]" }) }),
      ]);
      expect(bot.lines.map(({ msg }) => msg)).toContain("lock released");
      expect((await world.lock()).holder).toBe("");
    },
    PATIENCE_MS,
  );
});
