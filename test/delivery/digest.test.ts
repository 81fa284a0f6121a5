import { expect, test, vi } from "vitest";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Database } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { releaseHeld } from "../../src/db/outbox.ts";
import { type ChatSettings, changeChatSettings } from "../../src/db/settings.ts";
import { batch } from "../../src/db/sql.ts";
import { untrackStreamer } from "../../src/db/trackings.ts";
import { look, wishes } from "../db/story.ts";
import { chatState, fromBot, outboxOf, pass, postOffice, sends, stateOf } from "./post-office.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const patience = { timeout: 10_000, interval: 20 };

const textsTo = (telegram: Telegram, chat: { id: number }) => fromBot(telegram, chat).map(({ text }) => text);

/** Minutes after midnight, UTC, so long from now. */
const soon = (ms: number) => Math.floor((((Date.now() + ms) / MINUTE) % 1_440) + 1_440) % 1_440;
const quiet = (fromMs: number, toMs: number) => ({ from: soon(fromMs), to: soon(toMs) });
/** Quiet hours that end in an hour; and the same, an hour later. */
const QUIET = { timeZone: "UTC", quiet: quiet(-HOUR, HOUR) };
const OVER = { timeZone: "UTC", quiet: quiet(-2 * HOUR, 0) };

async function choose(db: Database, chat: { id: number }, settings: ChatSettings): Promise<void> {
  await db.for("test").run(sql`UPDATE users SET settings = ${JSON.stringify(settings)} WHERE id = ${chat.id}`);
}

/** For how long the chat is held back, in ms: 0 when it is not, less when that is over. */
async function heldMs(db: Database, chat: { id: number }): Promise<number> {
  const [row] = await db.for("test").all<{ ms: number }>(sql`
    SELECT CASE held_until WHEN 0 THEN 0 ELSE held_until - CAST(unixepoch('subsec') * 1000 AS INTEGER) END AS ms
    FROM users WHERE id = ${chat.id}`);
  return row?.ms ?? Number.NaN;
}

async function messageIds(db: Database): Promise<(number | null)[]> {
  const rows = await db.for("test").all<{ id: number | null }>(sql`SELECT message_id AS id FROM outbox ORDER BY id`);
  return rows.map(({ id }) => id);
}

const untilHeld = (db: Database, chat: { id: number }) =>
  vi.waitUntil(async () => (await heldMs(db, chat)) > 0, patience);

test.concurrent("what appears in quiet hours comes when they are over, as one message of all streamers", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  const other = await post.fan("mila");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  const sender = post.start();
  await telegram.until(other, /mila/);
  await untilHeld(db, fan);
  expect(Math.abs((await heldMs(db, fan)) - HOUR)).toBeLessThan(MINUTE);
  await look(db, 1, wishes("dba"));
  await look(db, 1, wishes("edba"));
  await sender.until((reports) => reports.length === 1);
  const mine = (await outboxOf(db)).filter(({ chat }) => chat === fan.id);
  expect(mine).toMatchObject(Array(4).fill({ state: "pending", attempts: 0 }));

  await choose(db, fan, OVER);
  await pass(db, HOUR + MINUTE);
  sender.bell.ring();
  const digest = await telegram.until(fan, /📬/);
  expect(digest.text).toMatch(/mila\n• Item e.*\n• Item d.*\n• Item b.*\n\nbao\n• Item c/);
  expect(digest).toMatchObject({ silent: false, buttons: [[{ data: "v1:n:0" }]] });
  await vi.waitFor(async () => expect(await heldMs(db, fan)).toBe(0), patience);
  expect(sends(telegram, fan)).toHaveLength(1);

  await pass(db, MINUTE);
  await look(db, bao, wishes("fca"));
  sender.bell.ring();
  await telegram.until(fan, /🎁 bao/);
  expect(sender.failures).toEqual([]);
});

test.concurrent("the rows of one digest have one message, which tells the streamer of the latest news first", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await choose(db, fan, QUIET);
  await look(db, bao, wishes("ca"));
  await look(db, 1, wishes("ba"));
  const sender = post.start();
  await untilHeld(db, fan);
  await look(db, bao, wishes("dca"));
  await choose(db, fan, OVER);
  await pass(db, HOUR + MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 1);
  expect(textsTo(telegram, fan)[0]).toMatch(/bao\n• Item d.*\n• Item c.*\n\nmila\n• Item b/);
  const [id] = fromBot(telegram, fan).map((message) => message.id);
  expect(await messageIds(db)).toEqual([id, id, id]);
});

test.concurrent("in silent hours news comes at once, without a sound", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await choose(db, fan, { ...QUIET, quiet: { ...QUIET.quiet, silent: true } });
  await look(db, 1, wishes("ba"));
  post.start();
  expect(await telegram.until(fan, /mila/)).toMatchObject({ silent: true });
});

test.concurrent("whoever ends quiet hours gets at once what they held back, as one message", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const orm = db.for("test");
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  const sender = post.start();
  await untilHeld(db, fan);
  await batch(orm, [changeChatSettings(orm, fan.id, { quiet: null }), releaseHeld(orm, fan.id)]);
  sender.bell.ring();
  const { text } = await telegram.until(fan, /📬/);
  expect([text.includes("mila"), text.includes("bao")]).toEqual([true, true]);
  expect(sends(telegram, fan)).toHaveLength(1);
});

test.concurrent("a daily digest waits for its hour, and tells a single streamer's news like any", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await choose(db, fan, { timeZone: "UTC", digestAt: soon(2 * HOUR) });
  await look(db, 1, wishes("ba"));
  const sender = post.start();
  await untilHeld(db, fan);
  expect(Math.abs((await heldMs(db, fan)) - 2 * HOUR)).toBeLessThan(MINUTE);
  await look(db, 1, wishes("cba"));
  await choose(db, fan, { timeZone: "UTC", digestAt: soon(0) });
  await pass(db, 2 * HOUR + MINUTE);
  sender.bell.ring();
  expect((await telegram.until(fan, /🎁/)).text).toMatch(/mila.*2.*\n• Item c.*\n• Item b/);
  await vi.waitFor(async () => expect(await heldMs(db, fan)).toBe(0), patience);
  // What comes now waits for tomorrow.
  await look(db, 1, wishes("dcba"));
  await pass(db, 2_000);
  sender.bell.ring();
  await untilHeld(db, fan);
  expect(await heldMs(db, fan)).toBeGreaterThan(22 * HOUR);
  expect(sends(telegram, fan)).toHaveLength(1);
});

test.concurrent("hundreds of chats that are held back delay nobody else", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const crowd = await post.crowd(400, "mila");
  const last = crowd.at(-1) ?? { id: 0 };
  await db.for("test").run(sql`UPDATE users SET settings = ${JSON.stringify(QUIET)} WHERE id <> ${last.id}`);
  await look(db, 1, wishes("ba"));
  const started = Date.now();
  const sender = post.start({ messagesPerSecond: 29 });
  const news = await telegram.until(last, /mila/);
  expect(news.date - started).toBeLessThan(6_000);
  await vi.waitFor(async () => expect((await held(db)).length).toBe(399), patience);
  expect(sends(telegram)).toHaveLength(1);
  expect(sender.failures).toEqual([]);
});

async function held(db: Database): Promise<unknown[]> {
  return await db.for("test").all(sql`SELECT id FROM users WHERE held_until > 0`);
}

test.concurrent("what a leader claimed before it died is held back by the next, and no attempt is counted", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await choose(db, fan, QUIET);
  await db.for("test").run(sql`
    UPDATE outbox SET state = 'sending', attempts = 1, claim_epoch = 0,
      claimed_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) - 41000`);
  post.start();
  await untilHeld(db, fan);
  expect(await outboxOf(db)).toMatchObject([{ state: "pending", attempts: 1 }]);
  expect(sends(telegram)).toEqual([]);
});

test.concurrent("a hold that cannot be written is written later, and nothing goes out meanwhile", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  let failures = 2;
  const sender = post.start({
    db: {
      ...db,
      for: (query) => {
        if (query === "loop_hold" && failures-- > 0) throw new Error("disk full");
        return db.for(query);
      },
    },
  });
  await untilHeld(db, fan);
  expect(await outboxOf(db)).toMatchObject([{ state: "pending", attempts: 0 }]);
  expect(sender.failures).toHaveLength(2);
  expect(sends(telegram)).toEqual([]);
});

test.concurrent("a stop, and a new leader, keep what is held back where it is", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  const first = post.start();
  await untilHeld(db, fan);
  await first.stop();
  await choose(db, fan, {});
  const next = post.start();
  await look(db, 1, wishes("cba"));
  const other = await post.fan("mila");
  await look(db, 1, wishes("dcba"));
  next.bell.ring();
  await telegram.until(other, /Item d/);
  expect(sends(telegram, fan)).toEqual([]);
});

test.concurrent("what is not wanted any more is left out of a digest, and the rest is told", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const orm = db.for("test");
  const fan = await post.fan("mila");
  const [bao, cat, dan] = [await post.follow(fan, "bao"), await post.follow(fan, "cat"), await post.follow(fan, "dan")];
  await choose(db, fan, QUIET);
  for (const id of [1, bao, cat, dan]) await look(db, id, wishes("ba"));
  const sender = post.start();
  await untilHeld(db, fan);
  await untrackStreamer(orm, fan.id, bao);
  await orm.run(sql`
    UPDATE user_streamers SET settings = CASE streamer_id WHEN ${cat} THEN '{"mutedUntil":8640000000000000}'
      WHEN ${dan} THEN '{"include":["тапок"]}' ELSE settings END`);
  await choose(db, fan, OVER);
  await pass(db, HOUR + MINUTE);
  sender.bell.ring();
  await telegram.until(fan, /🎁 mila/);
  await vi.waitFor(async () => expect(await stateOf(db)).toBe("sent skipped skipped skipped"), patience);
  expect((await outboxOf(db)).map(({ error }) => error)).toEqual([null, "untracked", "muted", "nothing to tell"]);
  expect(sends(telegram, fan)).toHaveLength(1);
});

test.concurrent("what is gone before anybody was told of it is not told", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("cba"));
  for (let n = 0; n < 3; n++) await look(db, 1, wishes("a"));
  for (let n = 0; n < 3; n++) await look(db, bao, wishes("ca"));
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  expect(textsTo(telegram, fan)).toEqual([expect.stringMatching(/bao.*\n• Item c.*\n• Item b.* · уже подарено/)]);
  expect((await outboxOf(db))[0]).toMatchObject({ state: "skipped", error: "gone already" });
});

test.concurrent("each topic gets a digest of its own, and only the last one ends the hold", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const forum = telegram.group({ forum: true });
  const [first, second] = [telegram.topic(forum), telegram.topic(forum)];
  const ids = [
    await post.follow(forum, "mila", first),
    await post.follow(forum, "bao", first),
    await post.follow(forum, "cat", second),
    await post.follow(forum, "dan", second),
  ];
  await choose(db, forum, QUIET);
  for (const id of ids) await look(db, id, wishes("ba"));
  const sender = post.start();
  await untilHeld(db, forum);
  await choose(db, forum, OVER);
  await pass(db, HOUR + MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 1);
  expect(await heldMs(db, forum)).toBeLessThan(0);
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 2);
  expect(fromBot(telegram, forum)).toMatchObject([{ threadId: first }, { threadId: second }]);
  expect(textsTo(telegram, forum)).toEqual([expect.stringContaining("📬"), expect.stringContaining("📬")]);
  expect(await heldMs(db, forum)).toBe(0);
});

test.concurrent("a digest that may have arrived is sent again whole, three times at most", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  telegram.fault({ when: ({ params }) => String(params.text).includes("📬"), do: { kind: "accept-then-reset" } });
  const sender = post.start();
  await untilHeld(db, fan);
  await choose(db, fan, OVER);
  await pass(db, HOUR + MINUTE);
  for (let copies = 1; copies <= 3; copies++) {
    sender.bell.ring();
    await sender.until((reports) => reports.length === copies);
    await pass(db, 5 * MINUTE);
  }
  expect(sender.reports.map(({ outcome, rows }) => `${outcome} ${rows}`)).toEqual([
    "unknown 2",
    "unknown 2",
    "parked 2",
  ]);
  expect(textsTo(telegram, fan)).toHaveLength(3);
  expect((await chatState(db, fan.id))?.active).toBe(true);
});

test.concurrent("markup of a digest that Telegram refuses goes as plain text, a streamer at a time", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await choose(db, fan, QUIET);
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  const sender = post.start();
  await untilHeld(db, fan);
  telegram.fault({
    when: ({ params }) => params.parse_mode !== undefined,
    do: { kind: "error", code: 400, description: "Bad Request: can't parse entities" },
  });
  await choose(db, fan, OVER);
  await pass(db, HOUR + MINUTE);
  for (let n = 1; n <= 3; n++) {
    sender.bell.ring();
    await sender.until((reports) => reports.length === n);
    await pass(db, MINUTE);
  }
  expect(textsTo(telegram, fan)).toEqual([expect.stringContaining("Item b"), expect.stringContaining("Item c")]);
  expect(await stateOf(db)).toBe("sent sent");
});
