import { expect, test, vi } from "vitest";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Orm } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { untrackStreamer } from "../../src/db/trackings.ts";
import { reopenChat, writeAll } from "../../src/db/users.ts";
import { look, wish, wishes } from "../db/story.ts";
import { chatState, fromBot, outboxOf, pass, postOffice, sends, stateOf } from "./post-office.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const textsTo = (telegram: Telegram, chat: { id: number }) => fromBot(telegram, chat).map(({ text }) => text);
const refusal = (code: number, description: string, retryAfter?: number) => ({
  kind: "error" as const,
  code,
  description,
  parameters: retryAfter === undefined ? undefined : { retry_after: retryAfter },
});

test.concurrent("what is owed arrives once, as it was written", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, [wish("b", { name: 'USB <-> HDMI & "co"' }), wish("a")]);
  const sender = post.start();
  await sender.until((reports) => reports.length === 1);
  expect(textsTo(telegram, fan)).toEqual([expect.stringContaining('• USB <-> HDMI & "co" – 972')]);
  expect(await outboxOf(db)).toMatchObject([{ state: "sent", attempts: 1, error: null }]);
  expect(sender.failures).toEqual([]);
});

test.concurrent("checks of one streamer that wait become one message; another streamer's is another, in order and at the chat's pace", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  await look(db, 1, wishes("dba"));
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  const [first, second] = fromBot(telegram, fan);
  expect(first?.text).toMatch(/mila.*2 .*\n• Item d.*\n• Item b/);
  expect(second?.text).toMatch(/bao.*\n• Item c/);
  expect((second?.date ?? 0) - (first?.date ?? 0)).toBeGreaterThanOrEqual(1_000);
  expect(await stateOf(db)).toBe("sent sent sent");
  const claims = await db.for("test").all<{ rows: number }>(sql`
    SELECT COUNT(*) AS rows FROM outbox GROUP BY claim_epoch, claim_number ORDER BY rows`);
  expect(claims, "no claim of a term has the number of another").toEqual([{ rows: 1 }, { rows: 2 }]);
});

test.concurrent("markup that Telegram refuses goes as plain text outside of its topic; when that is refused too, the next takes its turn", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const forum = telegram.group({ forum: true });
  const topic = telegram.topic(forum);
  const mila = await post.follow(forum, "mila", topic);
  const bao = await post.follow(forum, "bao", topic);
  await look(db, mila, wishes("ba"));
  await look(db, bao, wishes("ca"));
  telegram.fault({
    when: ({ params }) => params.parse_mode === undefined && String(params.text).includes("bao"),
    do: refusal(400, "Bad Request: message is too long"),
  });
  const sender = post.start({ render: ({ streamerName }) => ({ html: `<oops>`, plain: `News of ${streamerName}` }) });
  await sender.until((reports) => reports.length === 2);
  expect(fromBot(telegram, forum)).toMatchObject([{ text: "News of mila", threadId: undefined }]);
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 4);
  expect(sender.reports.map(({ outcome }) => outcome)).toEqual(["refused", "sent", "refused", "parked"]);
  expect(await outboxOf(db)).toMatchObject([
    { state: "sent", plain: true },
    { state: "parked", plain: true, attempts: 1, error: "400 Bad Request: message is too long" },
  ]);
});

test.concurrent("a message whose sending stays unknown is sent three times at most, and the next takes its turn", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  telegram.fault({ when: ({ params }) => String(params.text).includes("mila"), do: { kind: "accept-then-reset" } });
  const sender = post.start();
  for (let copies = 1; copies <= 3; copies++) {
    await sender.until((reports) => reports.length === copies);
    if (copies === 2) await look(db, 1, wishes("dba"));
    await pass(db, 5 * MINUTE);
    sender.bell.ring();
  }
  await sender.until((reports) => reports.length === 4);
  expect(sender.reports.map(({ outcome }) => outcome)).toEqual(["unknown", "unknown", "parked", "sent"]);
  expect(textsTo(telegram, fan).filter((text) => text.includes("Item b"))).toHaveLength(3);
  expect(textsTo(telegram, fan).at(-1)).toContain("bao");
  // What was new meanwhile is not given up with it.
  expect(await stateOf(db)).toBe("parked sent pending");
});

test.concurrent("a 429 holds back its chat alone, topics and all, and a new leader knows of it", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const forum = telegram.group({ forum: true });
  const [mila, bao] = [
    await post.follow(forum, "mila", telegram.topic(forum)),
    await post.follow(forum, "bao", telegram.topic(forum)),
  ];
  const fan = await post.fan("mila");
  await look(db, mila, wishes("ba"));
  await look(db, bao, wishes("ba"));
  telegram.fault({
    when: ({ chatId }) => chatId === forum.id,
    do: refusal(429, "Too Many Requests: retry after 60", 60),
  });
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  await telegram.until(fan, /mila/);
  await sender.stop();
  const next = post.start();
  await look(db, mila, wishes("cba"));
  await pass(db, 5_000);
  next.bell.ring();
  await next.until((reports) => reports.length === 1);
  expect(next.reports).toMatchObject([{ outcome: "sent", chatId: fan.id }]);
  expect(sends(telegram, forum)).toHaveLength(1);
  await pass(db, MINUTE);
  next.bell.ring();
  await next.until((reports) => reports.length === 2);
  expect(sends(telegram, forum)).toHaveLength(2);
});

test.concurrent("once a second chat gets a 429 meanwhile, nothing goes out until it is over", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fans = [await post.fan("mila"), await post.fan("mila"), await post.fan("mila"), await post.fan("mila")];
  await look(db, 1, wishes("ba"));
  const limited = fans.slice(0, 2).map(({ id }) => id);
  telegram.fault({
    when: ({ chatId }) => limited.includes(chatId ?? 0),
    times: 2,
    do: refusal(429, "Too Many Requests: retry after 1", 1),
  });
  const sender = post.start({ messagesPerSecond: 20 });
  await sender.until((reports) => reports.length === 6);
  const [, second, third] = sends(telegram);
  expect(
    sends(telegram)
      .slice(0, 2)
      .map(({ code }) => code),
  ).toEqual([429, 429]);
  expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThanOrEqual(940);
  expect(await stateOf(db)).toBe("sent sent sent sent");
});

test.concurrent("a chat that blocked the bot costs one refusal, keeps what it follows, and hears what is new when it is back", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const other = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ba"));
  telegram.block(fan);
  const sender = post.start();
  await telegram.until(other, /mila/);
  await sender.until((reports) => reports.length === 2);
  expect(await chatState(db, fan.id)).toMatchObject({ active: false, trackings: 2 });
  await look(db, 1, wishes("cba"));
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 3);
  expect(sends(telegram, fan)).toHaveLength(1);
  telegram.unblock(fan);
  await writeAll(db.for("test"), reopenChat(db.for("test"), fan.id));
  await look(db, 1, wishes("dcba"));
  sender.bell.ring();
  await telegram.until(fan, /Item d/);
  expect(textsTo(telegram, fan)).toHaveLength(1);
});

test.concurrent("an odd 403 closes a chat only when it says so again a day later", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  telegram.fault({ when: () => true, do: refusal(403, "Forbidden: bot can't send messages to the user") });
  const sender = post.start();
  const refusedAgain = async (ms: number) => {
    const before = sender.reports.length;
    await pass(db, ms);
    sender.bell.ring();
    await sender.until((reports) => reports.length > before);
  };
  await sender.until((reports) => reports.length === 1);
  await refusedAgain(6 * MINUTE);
  expect(await chatState(db, fan.id)).toMatchObject({ active: true, trackings: 1 });
  await refusedAgain(DAY / 2);
  expect(await outboxOf(db)).toMatchObject([{ state: "pending", attempts: 3 }]);
  await refusedAgain(DAY / 2);
  expect(await chatState(db, fan.id)).toMatchObject({ active: false, suspectMs: null, trackings: 1 });
  expect(sender.reports.map(({ outcome }) => outcome)).toEqual(["suspect", "suspect", "suspect", "closed"]);
});

test.concurrent("a message that is taken clears the suspicion", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  telegram.fault({ when: () => true, times: 1, do: refusal(403, "Forbidden: bot can't send messages to the user") });
  const sender = post.start();
  await sender.until((reports) => reports.length === 1);
  await pass(db, 2 * DAY);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 2);
  expect(await chatState(db, fan.id)).toMatchObject({ active: true, suspectMs: null });
});

test.concurrent("where the bot may not write it asks once a day, and gives up what is a week old", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ba"));
  telegram.fault({ when: () => true, do: refusal(400, "Bad Request: CHAT_WRITE_FORBIDDEN") });
  const sender = post.start();
  await sender.until((reports) => reports.length === 1);
  await pass(db, 8 * DAY);
  await look(db, bao, wishes("cba"));
  sender.bell.ring();
  await sender.until((reports) => reports.length === 3);
  expect(await outboxOf(db)).toMatchObject([
    { state: "parked", error: "400 Bad Request: CHAT_WRITE_FORBIDDEN" },
    { state: "parked" },
    { state: "pending" },
  ]);
});

test.concurrent.each([
  ["gateway", refusal(502, "Bad Gateway"), 0],
  ["topic_closed", refusal(400, "Bad Request: TOPIC_CLOSED"), 1],
])("what meets %s for a week is given up; what is younger is not", async (outcome, answer, beside) => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const old = await post.fan("bao");
  await look(db, 2, wishes("ba"));
  await pass(db, 8 * DAY);
  await look(db, 1, wishes("ba"));
  // Outside of its topic already, where there is nowhere else to go.
  await db.for("test").run(sql`UPDATE outbox SET beside_topic = ${beside}`);
  telegram.fault({ when: ({ method }) => method === "sendMessage", do: answer });
  const sender = post.start({ messagesPerSecond: 2 });
  await sender.until((reports) => reports.length === 2);
  await sender.stop();
  expect(sender.reports.slice(0, 2)).toMatchObject([
    { outcome: "parked", chatId: old.id },
    { outcome, chatId: fan.id },
  ]);
  expect(await outboxOf(db)).toMatchObject([
    { chat: old.id, state: "parked", done: true, error: expect.stringMatching(/^(502|400) /) },
    { chat: fan.id, state: "pending", done: false },
  ]);
});

test.concurrent("news for a topic that is closed or gone goes beside it, as it was written", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const [first, second] = [telegram.group({ forum: true }), telegram.group({ forum: true })];
  const [shut, gone] = [telegram.topic(first), telegram.topic(second)];
  const streamers = [await post.follow(first, "mila", shut), await post.follow(second, "olya", gone)];
  for (const id of streamers) await look(db, id, wishes("ba"));
  telegram.closeTopic(first, shut);
  telegram.deleteTopic(second, gone);
  const sender = post.start();
  await sender.until((reports) => reports.filter(({ outcome }) => outcome === "sent").length === 2);
  for (const forum of [first, second]) {
    const [message, ...more] = fromBot(telegram, forum);
    expect(message).toMatchObject({ threadId: undefined, html: expect.stringContaining("<b>") });
    expect(more).toEqual([]);
  }
});

test.concurrent("a group that became a supergroup gets everything there, in order", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const group = telegram.group();
  const [mila, bao] = [await post.follow(group, "mila"), await post.follow(group, "bao")];
  await look(db, mila, wishes("ba"));
  await look(db, bao, wishes("ba"));
  const supergroup = telegram.migrate(group);
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  expect(textsTo(telegram, supergroup)).toEqual([expect.stringContaining("mila")]);
  expect(sender.reports.map(({ outcome }) => outcome)).toEqual(["migrated", "sent"]);
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 3);
  expect(textsTo(telegram, supergroup)).toEqual([expect.stringContaining("mila"), expect.stringContaining("bao")]);
  expect(await outboxOf(db)).toMatchObject([
    { chat: supergroup.id, state: "sent", attempts: 1 },
    { chat: supergroup.id, state: "sent" },
  ]);
  expect(await chatState(db, supergroup.id)).toMatchObject({ active: true, trackings: 2 });
  expect(await chatState(db, group.id)).toBeUndefined();
});

test.concurrent("what a group and its supergroup were both owed is told once", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const group = telegram.group();
  const supergroup = telegram.migrate(group);
  for (const chat of [group, supergroup]) await post.follow(chat, "mila");
  await look(db, 1, wishes("ba"));
  expect(await outboxOf(db)).toHaveLength(2);
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  await pass(db, MINUTE);
  await look(db, 1, wishes("cba"));
  sender.bell.ring();
  await sender.until((reports) => reports.length === 3);
  expect(textsTo(telegram, supergroup)).toEqual([
    expect.stringContaining("Item b"),
    expect.stringMatching(/Item c$|Item c –/),
  ]);
  expect(await chatState(db, supergroup.id)).toMatchObject({ trackings: 1 });
});

test.concurrent("a revoked token stops the sending, costs no message anything, and is told", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.fan("mila");
  await post.fan("mila");
  await look(db, 1, wishes("ba"));
  const sender = post.start({ token: "42:REVOKED-token_abcdefghijklmnopqrstuv", messagesPerSecond: 1 });
  await sender.until((_, reached) => reached.length >= 2);
  expect(sender.reached[0]).toEqual({ kind: "lost", why: "revoked", error: "401 Unauthorized" });
  expect(sender.reports).toHaveLength(1);
  await sender.stop();
  expect(await outboxOf(db)).toMatchObject([
    { state: "pending", attempts: 0, waitMs: 0 },
    { state: "pending", attempts: 0, waitMs: 0 },
  ]);
  const restarted = post.start();
  await restarted.until((reports) => reports.length === 2);
  expect(await stateOf(db)).toBe("sent sent");
  expect(sends(telegram)).toHaveLength(2);
});

test.concurrent("a single message is not given up for an outage: its last try waits until Telegram answers", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  const back = telegram.fault({ when: () => true, do: { kind: "reset" } });
  const sender = post.start();
  await sender.until((reports) => reports.length === 1);
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((_, reached) => reached.length === 2);
  await pass(db, 10 * MINUTE);
  sender.bell.ring();
  await sender.until((_, reached) => reached.length === 3);
  expect(await outboxOf(db)).toMatchObject([{ state: "pending", uncertain: 2 }]);
  back();
  await sender.until((reports) => reports.at(-1)?.outcome === "sent");
  expect(textsTo(telegram, fan)).toEqual([expect.stringContaining("Item b")]);
});

test.concurrent("while Telegram answers nothing, messages are not risked; it goes on when it answers", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  for (let n = 0; n < 8; n++) await post.fan("mila");
  await look(db, 1, wishes("ba"));
  const back = telegram.fault({ when: () => true, do: { kind: "reset" } });
  const sender = post.start({ messagesPerSecond: 10 });
  await sender.until((_, reached) => reached.length === 1);
  expect(sender.reached).toEqual([{ kind: "lost", why: "silent", error: "network: ECONNRESET" }]);
  const risked = sends(telegram).length;
  expect(risked).toBeLessThan(8);
  back();
  await sender.until((_, reached) => reached.at(-1)?.kind === "back");
  expect(sends(telegram)).toHaveLength(risked);
  await sender.until((reports) => reports.length >= 8);
  await pass(db, MINUTE);
  sender.bell.ring();
  await sender.until((reports) => reports.filter(({ outcome }) => outcome === "sent").length === 8);
  expect(await stateOf(db)).toBe("sent sent sent sent sent sent sent sent");
});

test.concurrent("news that cannot be read waits; news that cannot be written is parked with its reason, and the next goes on", async () => {
  await using post = await postOffice();
  const { db } = post;
  const fan = await post.fan("mila");
  await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, 2, wishes("ba"));
  let unreadable = 1;
  const sender = post.start({
    db: {
      ...db,
      for: (query) => {
        if (query === "loop_news" && unreadable-- > 0) throw new Error("busy");
        return db.for(query);
      },
    },
    render: ({ streamerName }) => {
      if (streamerName === "mila") throw new RangeError("Invalid currency code : §");
      return { html: streamerName, plain: streamerName };
    },
  });
  await vi.waitUntil(() => sender.failures.length > 0);
  await sender.stop();
  expect(await outboxOf(db)).toMatchObject([{ state: "pending", attempts: 0, error: "the news cannot be read" }, {}]);
  await pass(db, 5_000);
  const next = post.start({
    render: ({ streamerName }) => {
      if (streamerName === "mila") throw new RangeError("Invalid currency code : §");
      return { html: streamerName, plain: streamerName };
    },
  });
  await next.until((reports) => reports.length === 2);
  expect(await outboxOf(db)).toMatchObject([
    { state: "parked", error: "cannot be written: RangeError" },
    { state: "sent" },
  ]);
});

test.concurrent("what a chat stopped following before its turn is not sent", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await db.for("test").run(sql`
    UPDATE outbox SET state = 'sending', claim_epoch = 0, claimed_at = 0`);
  await untrackStreamer(db.for("test"), fan.id, 1);
  const sender = post.start();
  await sender.until((reports) => reports.length === 1);
  expect(await outboxOf(db)).toMatchObject([{ state: "skipped", error: "untracked" }]);
  expect(sends(telegram)).toEqual([]);
});

test.concurrent("after a rest, one message must have been answered before many follow", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.crowd(5, "mila");
  await look(db, 1, wishes("ba"));
  telegram.fault({ when: () => true, times: 1, do: { kind: "delay", ms: 100 } });
  telegram.fault({ when: () => true, do: { kind: "delay", ms: 500 } });
  const sender = post.start();
  await sender.until((reports) => reports.length === 5);
  const [first = 0, ...others] = sends(telegram).map(({ at }) => at - (sends(telegram)[0]?.at ?? 0));
  expect(Math.min(...others) - first).toBeGreaterThan(90);
  expect(Math.max(...others) - first).toBeLessThan(600);
});

test.concurrent("a thousand messages owed to one chat delay nobody else's single one", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("streamer1");
  await batch(db.for("test"), oweMany(db.for("test"), fan.id, 1_000));
  const sender = post.start({ messagesPerSecond: 29 });
  await sender.until((reports) => reports.length === 1);
  const other = await post.fan("mila");
  const [mila] = await db.for("test").all<{ id: number }>(sql`SELECT id FROM streamers WHERE nickname = 'mila'`);
  await look(db, mila?.id ?? 0, wishes("ba"));
  const owedAt = Date.now();
  sender.bell.ring();
  const news = await telegram.until(other, /mila/);
  expect(news.date - owedAt).toBeLessThan(1_000);
  const left = (await outboxOf(db)).filter(({ chat, state }) => chat === fan.id && state !== "sent");
  expect(left.length).toBeGreaterThan(990);
});

/** News of so many streamers, each of which the chat tracks. */
function oweMany(orm: Orm, chatId: number, count: number) {
  const numbers = sql`(WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= ${count}) SELECT i FROM n)`;
  return [
    orm.run(sql`
      INSERT INTO streamers (id, source, owner_id, nickname, name, url, created_at)
      SELECT i, 'fetta', i, 'n' || i, 'Name ' || i, 'https://fetta.app/u/n' || i, 0 FROM ${numbers}`),
    orm.run(sql`
      INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, at)
      SELECT i, 1, 'added', 'b', 'Item b', 0 FROM ${numbers}`),
    orm.run(sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT ${chatId}, i, 0 FROM ${numbers}`),
    orm.run(sql`
      INSERT INTO outbox (chat_id, thread_id, streamer_id, check_number, created_at)
      SELECT ${chatId}, 0, i, 1, 0 FROM ${numbers}`),
  ];
}
