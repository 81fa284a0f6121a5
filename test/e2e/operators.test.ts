import { expect, test } from "vitest";
import { readBroadcast } from "../../src/db/broadcasts.ts";
import { sql } from "../../src/db/orm.ts";
import type { Instance } from "./instance.ts";
import { checks, PATIENCE_MS, startWorld, told, until } from "./world.ts";

const OPERATOR = 777;

const haltedIn = async (instance: Instance) => {
  const { halted } = (await (await fetch(`${instance.url}/readyz`)).json()) as { halted: string[] };
  return halted;
};

test(
  "a halt is obeyed within seconds and outlives a restart; commands go on; resumed, what was missed is news",
  async () => {
    await using world = await startWorld({ ADMIN_IDS: String(OPERATOR) });
    const { telegram, fetta } = world;
    const [operator, fan] = [telegram.person({ id: OPERATOR }), telegram.person()];
    const ann = fetta.streamer("AnnPlays", { items: 3 });
    const first = await world.start();
    await world.track(fan, ann);
    await checks(first, 1);
    expect(await haltedIn(first)).toEqual([]);

    telegram.say("/halt checks", { from: operator });
    await first.line("halted by an operator");
    expect(await haltedIn(first)).toEqual(["checks"]);
    expect(await first.metric("work_halted", 'part="checks"')).toBe(1);
    expect(await first.metric("work_halted", 'part="delivery"')).toBe(0);
    const before = fetta.requests.length;
    const wish = ann.add();
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /1 стример/);
    telegram.say("/track BobPlays", { from: fan });
    fetta.streamer("BobPlays", { items: 2 });

    await first.stop();
    const second = await world.start();
    await second.line("halted by an operator");
    telegram.say("/status", { from: operator });
    await telegram.until(operator, /Проверки остановлены/);
    expect(fetta.requests.length).toBe(before);
    expect(told(telegram, fan, wish.name)).toBe(0);

    telegram.say("/resume", { from: operator });
    await second.line("nothing is halted");
    await telegram.until(fan, (message) => message.text.includes(wish.name), 10_000);
    await telegram.until(fan, (message) => message.text.includes("BobPlays"), 10_000);
    expect(await second.metric("work_halted")).toBe(0);
  },
  PATIENCE_MS,
);

test(
  "delivery that is halted keeps what is owed; a broadcast survives a kill -9 of the leader",
  async () => {
    await using world = await startWorld({ ADMIN_IDS: String(OPERATOR), MESSAGES_PER_SECOND: "25" });
    const { telegram, fetta } = world;
    const operator = telegram.person({ id: OPERATOR });
    const people = Array.from({ length: 80 }, () => telegram.person());
    for (const person of people) telegram.say("/start", { from: person });
    const first = await world.start();
    await first.line("lock acquired");
    const [fan] = people;
    if (fan === undefined) return;
    const ann = fetta.streamer("AnnPlays", { items: 3 });
    await world.track(fan, ann);
    const orm = (await world.database()).for("test");
    await orm.run(sql`
      INSERT OR IGNORE INTO users (id, type, language, created_at)
      SELECT value, 'private', 'ru', 0 FROM json_each(${JSON.stringify(people.map(({ id }) => id))})`);
    telegram.say("/halt delivery", { from: operator });
    await first.line("halted by an operator");
    const wish = ann.add();
    await until("the news is owed", async () => {
      const [row] = await orm.all<{ owed: number }>(sql`SELECT COUNT(*) AS owed FROM outbox WHERE state = 'pending'`);
      return row?.owed === 1;
    });

    telegram.say("/broadcast Переезд", { from: operator });
    const draft = await telegram.until(operator, /Получат 80 чатов/);
    telegram.press(draft, "📣 Разослать…", operator);
    await telegram.until(operator, /Точно разослать/);
    telegram.press(draft, "📣 Да, разослать", operator);
    await telegram.until(operator, /Доставка остановлена: рассылка ждёт/);
    expect([told(telegram, fan, wish.name), told(telegram, fan, "Переезд")]).toEqual([0, 0]);

    const second = await world.start();
    telegram.say("/resume", { from: operator });
    const heard = () => people.map((person) => told(telegram, person, "Переезд"));
    await until("some have heard", () => heard().filter((count) => count > 0).length > 15);
    await first.stop("SIGKILL");
    await second.line("lock acquired", { timeoutMs: 15_000 });
    await telegram.until(operator, /Разослано: дошло 80 из 80/, 20_000);
    const copies = heard();
    expect(Math.min(...copies)).toBe(1);
    expect(copies.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(80 + 10);
    expect(told(telegram, fan, wish.name), "news came first").toBe(1);
    expect(await readBroadcast(orm, 1)).toMatchObject({ state: "done", sent: 80 });
  },
  PATIENCE_MS,
);
