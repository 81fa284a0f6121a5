import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Database } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { startWorld, until } from "../e2e/world.ts";
import { outboxOf, sends } from "./post-office.ts";

/** Owes each of the chats a message about Mila. */
async function owe(db: Database, type: "private" | "channel", chats: { id: number }[]): Promise<void> {
  const orm = db.for("test");
  const ids = sql`json_each(${JSON.stringify(chats.map(({ id }) => id))})`;
  await batch(orm, [
    orm.run(sql`
      INSERT INTO streamers (id, source, owner_id, nickname, name, url, created_at)
      VALUES (1, 'fetta', 'owner-mila', 'mila', 'Mila', 'https://fetta.app/u/mila', 0)`),
    orm.run(sql`
      INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, at)
      VALUES (1, 1, 'added', 'b', 'Item b', 0)`),
    orm.run(sql`INSERT INTO users (id, type, language, created_at) SELECT value, ${type}, 'en', 0 FROM ${ids}`),
    orm.run(sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT value, 1, 0 FROM ${ids}`),
    orm.run(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      SELECT value, 0, 1, 1, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM ${ids}`),
  ]);
}

const newsOf = (telegram: Telegram) => sends(telegram).filter(({ params }) => String(params.text).includes("Mila"));

/** Someone gives a command; resolves with how long the answer took, in ms. */
async function ask(telegram: Telegram): Promise<number> {
  const person = telegram.person({ languageCode: "en" });
  const askedAt = performance.now();
  telegram.say("/list", { from: person });
  await telegram.until(person, /./, 20_000);
  return performance.now() - askedAt;
}

/** A port that is free now: the webhook's address must be known before the bot listens. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(typeof address === "object" ? address?.port : "");
}

test.each(["polling", "webhook"])(
  "by %s, answers to commands overtake 10,000 messages, and Telegram is not asked for more than it takes",
  { timeout: 60_000 },
  async (mode) => {
    await using world = await startWorld({}, { telegram: { enforceLimits: true } });
    const { telegram } = world;
    const port = await freePort();
    const instance = await world.start(
      mode === "polling" ? {} : { PORT: port, WEBHOOK_URL: `http://127.0.0.1:${port}` },
    );
    const channels = Array.from({ length: 10_000 }, () => telegram.channel());
    await instance.line("lock acquired");
    await owe(await world.database(), "channel", channels);
    await until("the full pace", () => newsOf(telegram).length > 40, 30_000);

    const evenly: Promise<number>[] = [];
    for (let n = 0; n < 20; n++) {
      evenly.push(ask(telegram));
      await sleep(150);
    }
    const waits = (await Promise.all(evenly)).sort((a, b) => a - b);
    // Nine in ten: where the machine stands still, a second's messages arrive at once.
    expect(waits[17]).toBeLessThan(1_000);
    expect(newsOf(telegram).filter(({ code }) => code === 429).length).toBeLessThan(5);
    // Twice what Telegram takes in a second: all are answered, some in the seconds after.
    const crowd = await Promise.all(Array.from({ length: 60 }, () => ask(telegram)));
    expect(Math.max(...crowd)).toBeLessThan(6_000);
    expect(instance.lines.filter(({ msg }) => msg === "update failed")).toEqual([]);
    const before = newsOf(telegram).length;
    await until("the fan-out goes on", () => newsOf(telegram).length > before + 20);
  },
);

test("what Telegram refuses for good is parked with its reason, and the metrics and the log tell", async () => {
  await using world = await startWorld();
  const { telegram } = world;
  const person = telegram.person();
  const instance = await world.start();
  await instance.line("lock acquired");
  telegram.say("/start", { from: person });
  await telegram.until(person, /./);
  telegram.fault({
    when: ({ params }) => String(params.text).includes("Mila"),
    do: { kind: "error", code: 400, description: "Bad Request: message is too long" },
  });
  const database = await world.database();
  await database.for("test").run(sql`DELETE FROM users`);
  await owe(database, "private", [person]);
  const error = "400 Bad Request: message is too long";
  const line = await instance.line("notification not delivered");
  expect(line).toMatchObject({ level: "error", chat_id: person.id, outcome: "parked", rows: 1, reason: error });
  expect(await outboxOf(database)).toMatchObject([{ state: "parked", error, plain: true, done: true }]);
  expect(await instance.metric("notifications_parked_total")).toBe(1);
  expect(await instance.metric("telegram_answers_total", 'answer="parked"')).toBe(1);
  expect(await instance.metric("telegram_answers_total", 'answer="refused"')).toBe(1);
});
