import { Api } from "grammy";
import { expect, test, vi } from "vitest";
import type { Fault, Telegram } from "../../sandbox/telegram/telegram.ts";
import { renderDigest } from "../../src/bot/digest.ts";
import { renderNews } from "../../src/bot/notification.ts";
import type { Leader } from "../../src/checker/leader.ts";
import type { Database } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { untrackStreamer } from "../../src/db/trackings.ts";
import { migrateChat, writeAll } from "../../src/db/users.ts";
import { type EditsOptions, runEdits } from "../../src/delivery/edits.ts";
import { createPace } from "../../src/delivery/pace.ts";
import { createTelegram } from "../../src/delivery/telegram.ts";
import { leadWith, texts } from "../bot/world.ts";
import { look, wish, wishes } from "../db/story.ts";
import { chatState, fromBot, outboxOf, type PostOffice, pass, postOffice, sends, stateOf } from "./post-office.ts";

const HOUR = 3_600_000;
const patience = { timeout: 10_000, interval: 20 };

/** Lets an instance keep true what was told, while the test goes on. */
async function keepTrue({ db, telegram }: PostOffice, change: Partial<EditsOptions> = {}, trusted?: () => boolean) {
  const told: string[] = [];
  const errors: unknown[] = [];
  const options: EditsOptions = {
    orm: db.for,
    telegram: createTelegram(new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 2 })),
    render: (news) => renderNews(texts, news),
    renderDigest: (news) => renderDigest(texts, news),
    pace: createPace(600),
    report: ({ outcome }) => void told.push(outcome),
    failed: (error) => void errors.push(error),
    ...change,
  };
  const trust = (leader: Leader) => (trusted === undefined ? leader : { ...leader, trusted });
  return { ...(await leadWith(db, (leader) => runEdits(options, trust(leader)))), told, errors };
}

/** Sends what is owed, and then so much time passes that the chats may be written to again. */
async function deliver({ db, start }: PostOffice, messages = 1): Promise<void> {
  const sender = start();
  await sender.until((reports) => reports.length === messages);
  await sender.stop();
  await pass(db, 10_000);
}

const edits = ({ calls }: Telegram) => calls.filter(({ method }) => method === "editMessageText");
const onEdit = (more: Pick<Fault, "do" | "times">): Fault => ({
  when: ({ method }) => method === "editMessageText",
  ...more,
});

async function outdated(db: Database): Promise<string> {
  const rows = await db.for("test").all<{ flag: number }>(sql`SELECT is_outdated AS flag FROM outbox ORDER BY id`);
  return rows.map(({ flag }) => flag).join("");
}
const settled = (db: Database) => vi.waitFor(async () => expect(await outdated(db)).toMatch(/^0*$/), patience);

/** Complete looks until what is missing counts as gone. */
async function lose(db: Database, streamerId: number, left: string): Promise<void> {
  for (let n = 0; n < 3; n++) await look(db, streamerId, wishes(left));
}

function struck({ messages }: Telegram, chat: { id: number }): string[] {
  return messages(chat).flatMap(({ text, entities }) =>
    entities
      .filter(({ type }) => type === "strikethrough")
      .map(({ offset, length }) => text.slice(offset, offset + length).replace(/ – .*/, "")),
  );
}

test.concurrent("an item that is gone soon after it was told is struck through where it was told, and comes back there", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("cba"));
  await deliver(post);
  const [before] = fromBot(telegram, fan);
  await using _ = await keepTrue(post);
  await lose(db, 1, "ca");
  await telegram.until(fan, /Item b.*уже подарено/);
  expect(struck(telegram, fan)).toEqual(["Item b"]);
  await settled(db);
  await pass(db, 10_000);
  await look(db, 1, wishes("cba"));
  await vi.waitFor(() => expect(struck(telegram, fan)).toEqual([]), patience);
  const [after, ...more] = fromBot(telegram, fan);
  expect(more).toEqual([]);
  expect(after).toMatchObject({ id: before?.id, text: before?.text, buttons: before?.buttons });
  expect(after?.editedAt).toBeGreaterThan(0);
});

test.concurrent("what is sold out is marked, until it can be bought again", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  await using _ = await keepTrue(post);
  await look(db, 1, [wish("b", { isUnavailable: true }), wish("a")]);
  await telegram.until(fan, /Item b.*нет в наличии/);
  await settled(db);
  await pass(db, 10_000);
  await look(db, 1, wishes("ba"));
  await telegram.until(fan, /Item b – 972\s₽$/);
});

test.concurrent("several changes since are one edit, of a message about several checks too", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("cba"));
  await look(db, 1, wishes("dcba"));
  await deliver(post);
  await lose(db, 1, "da");
  await look(db, 1, [wish("d", { isUnavailable: true }), wish("a")]);
  expect(await outdated(db)).toBe("11");
  await using _ = await keepTrue(post);
  await vi.waitFor(() => expect(struck(telegram, fan).sort()).toEqual(["Item b", "Item c", "Item d"]), patience);
  await settled(db);
  expect(edits(telegram)).toHaveLength(1);
});

test.concurrent("a digest is kept true as a whole, whatever is untracked since", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const bao = await post.follow(fan, "bao");
  await look(db, 1, wishes("ba"));
  await look(db, bao, wishes("ca"));
  await db.for("test").run(sql`UPDATE users SET held_until = 1`);
  await deliver(post);
  expect(fromBot(telegram, fan)[0]?.text).toMatch(/📬/);
  await untrackStreamer(db.for("test"), fan.id, bao);
  await lose(db, 1, "a");
  await using _ = await keepTrue(post);
  const { text } = await telegram.until(fan, /Item b.*уже подарено/);
  expect(text).toMatch(/📬[\s\S]*bao\n• Item c/);
});

test.concurrent("below news that stand to be undone nothing is changed", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post, 2);
  await untrackStreamer(db.for("test"), fan.id, 1);
  await lose(db, 1, "a");
  await using _ = await keepTrue(post);
  await settled(db);
  expect(struck(telegram, fan)).toEqual([]);
  expect(edits(telegram)).toHaveLength(1);
});

test.concurrent("news of a streamer that is muted since is kept true, and its button undoes the mute", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  await db.for("test").run(sql`UPDATE user_streamers SET settings = '{"mutedUntil":8640000000000000}'`);
  await lose(db, 1, "a");
  await using _ = await keepTrue(post);
  const { buttons } = await telegram.until(fan, /уже подарено/);
  expect(buttons.flat().map(({ text }) => text)).toContain(texts("ru", "button-unmute"));
});

test.concurrent("whoever wants to hear of what is gone does, and the old message is kept true all the same", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await db.for("test").run(sql`UPDATE user_streamers SET settings = '{"notify":{"gone":true}}'`);
  await look(db, 1, wishes("ba"));
  await deliver(post);
  await lose(db, 1, "a");
  await deliver(post);
  await using _ = await keepTrue(post);
  await telegram.until(fan, /🎁[\s\S]*уже подарено/);
  expect(fromBot(telegram, fan).map(({ text }) => text.slice(0, 2))).toEqual(["🎁", "✖️"]);
});

test.concurrent("after two days a message stays as it is", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.fan("mila");
  await look(db, 1, wishes("cba"));
  await deliver(post);
  await lose(db, 1, "ca");
  expect(await outdated(db)).toBe("1");
  await pass(db, 48 * HOUR);
  await using _ = await keepTrue(post);
  await settled(db);
  await lose(db, 1, "a");
  expect(await outdated(db)).toBe("0");
  expect(edits(telegram)).toEqual([]);
});

test.concurrent("only what a message told of changes it", async () => {
  await using post = await postOffice();
  const { db } = post;
  await post.fan("mila");
  const many = wishes("bcdefgha");
  await look(db, 1, many);
  await deliver(post);
  await look(db, 1, [...many.slice(0, -1), wish("a", { isUnavailable: true })]);
  await look(db, 1, [...many.slice(0, -1), wish("a", { isPinned: true })]);
  await look(db, 1, [wish("b", { price: 1 }), ...many.slice(1)]);
  expect(await outdated(db)).toBe("0");
});

test.concurrent("what happens while a message is written or sent is made good afterwards", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  telegram.fault({ when: ({ method }) => method === "sendMessage", times: 1, do: { kind: "delay", ms: 300 } });
  const sender = post.start();
  await vi.waitUntil(() => sends(telegram).length === 1, patience);
  await lose(db, 1, "a");
  await sender.until((reports) => reports.length === 1);
  await sender.stop();
  expect(await outdated(db)).toBe("1");
  await pass(db, 10_000);
  telegram.fault(onEdit({ times: 1, do: { kind: "delay", ms: 300 } }));
  await using _ = await keepTrue(post);
  await vi.waitUntil(() => edits(telegram).length === 1, patience);
  await look(db, 1, wishes("ba"));
  await pass(db, 10_000);
  await vi.waitUntil(async () => {
    await pass(db, 10_000);
    return edits(telegram).length === 2;
  }, patience);
  await vi.waitFor(() => expect(struck(telegram, fan)).toEqual([]), patience);
  await settled(db);
});

test.concurrent("a 429 keeps that chat waiting for as long as Telegram says, and nobody else", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fans = [await post.fan("mila"), await post.fan("mila")] as const;
  await look(db, 1, wishes("ba"));
  await deliver(post, 2);
  const parameters = { retry_after: 30 };
  const fault: Fault["do"] = { kind: "error", code: 429, description: "Too Many Requests: retry after 30", parameters };
  telegram.fault({
    when: ({ method, chatId }) => method === "editMessageText" && chatId === fans[0].id,
    times: 1,
    do: fault,
  });
  await lose(db, 1, "a");
  const pace = createPace(600);
  await using keeping = await keepTrue(post, { pace });
  await telegram.until(fans[1], /уже подарено/);
  await vi.waitFor(async () => expect((await chatState(db, fans[0].id))?.waitMs).toBeGreaterThan(25_000), patience);
  await vi.waitFor(async () => expect(await outdated(db)).toBe("10"), patience);
  expect(keeping.told.sort()).toEqual(["edited", "wait"]);
  expect(struck(telegram, fans[0])).toEqual([]);
});

test.concurrent.each<[string, Fault["do"]]>([
  ["gateway", { kind: "html", status: 502 }],
  ["unknown", { kind: "reset" }],
  ["revoked", { kind: "error", code: 401, description: "Unauthorized" }],
])("an edit that Telegram does not take for the moment (%s) is made later", async (meaning, fault) => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  telegram.fault(onEdit({ times: 1, do: fault }));
  await lose(db, 1, "a");
  await using keeping = await keepTrue(post);
  await telegram.until(fan, /уже подарено/, 10_000);
  expect(keeping.told[0]).toBe(meaning);
  const [first, second] = edits(telegram);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(2_500);
});

test.concurrent("what cannot be changed any more is left", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const [gone, same] = [await post.fan("mila"), await post.fan("mila")];
  await look(db, 1, wishes("ba"));
  await deliver(post, 3);
  for (const message of fromBot(telegram, gone)) telegram.remove(message);
  telegram.fault({
    when: ({ method, chatId }) => method === "editMessageText" && chatId === same.id,
    do: { kind: "error", code: 400, description: "Bad Request: message is not modified: as it was" },
  });
  await lose(db, 1, "a");
  await using keeping = await keepTrue(post);
  await telegram.until(fan, /уже подарено/);
  await settled(db);
  expect(edits(telegram)).toHaveLength(3);
  expect(keeping.told.sort()).toEqual(["edited", "edited", "refused"]);
});

test.concurrent("a chat that is closed costs one refusal, and no edit after that", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("cba"));
  await deliver(post);
  telegram.block(fan);
  await lose(db, 1, "ca");
  await using keeping = await keepTrue(post);
  await settled(db);
  expect(keeping.told).toEqual(["closed"]);
  expect(await chatState(db, fan.id)).toMatchObject({ active: false, trackings: 1 });
  expect(edits(telegram)).toHaveLength(1);
});

test.concurrent("in a supergroup that was a group no other message is taken for the old one", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const group = telegram.group();
  await post.follow(group, "mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  const supergroup = telegram.migrate(group);
  const orm = db.for("test");
  await writeAll(orm, migrateChat(orm, group.id, supergroup.id));
  await lose(db, 1, "a");
  expect(await outdated(db)).toBe("0");
});

test.concurrent("what was sent as plain text is kept true as plain text", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  telegram.fault({
    when: ({ method, params }) => method === "sendMessage" && params.parse_mode !== undefined,
    do: { kind: "error", code: 400, description: "Bad Request: can't parse entities" },
  });
  await look(db, 1, wishes("ba"));
  await deliver(post, 2);
  await lose(db, 1, "a");
  await using _ = await keepTrue(post);
  const { html, buttons } = await telegram.until(fan, /уже подарено/);
  expect([html, buttons]).toEqual([undefined, []]);
});

test.concurrent("edits keep to a part of the pace, and to that of each chat", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const crowd = await post.crowd(6, "mila");
  await look(db, 1, wishes("ba"));
  await deliver(post, 6);
  await lose(db, 1, "a");
  await using _ = await keepTrue(post, { pace: createPace(24) });
  await settled(db);
  const times = edits(telegram).map(({ at }) => at);
  expect(times).toHaveLength(crowd.length);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_100);
  expect((await chatState(db, crowd[5]?.id ?? 0))?.waitMs).toBeGreaterThan(0);
  // At once after an edit the chat rests, as after any message.
  await look(db, 1, wishes("ba"));
  await vi.waitUntil(() => edits(telegram).length > crowd.length, patience);
  const [first, second] = edits(telegram).filter(({ chatId }) => chatId === edits(telegram)[6]?.chatId);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_000);
});

test.concurrent("a chat that is being written to is not interrupted", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const [fan, other] = [await post.fan("mila"), await post.fan("mila")];
  await look(db, 1, wishes("ba"));
  await deliver(post, 2);
  await lose(db, 1, "a");
  await look(db, 1, wishes("ca"));
  const orm = db.for("test");
  await orm.run(sql`
    UPDATE outbox SET state = 'sending', claim_epoch = 0, claimed_at = 0 WHERE state = 'pending' AND chat_id = ${fan.id}`);
  await using _ = await keepTrue(post);
  await telegram.until(other, /уже подарено/);
  expect(edits(telegram)).toHaveLength(1);
  await orm.run(sql`UPDATE outbox SET state = 'pending' WHERE state = 'sending'`);
  await telegram.until(fan, /уже подарено/);
  expect(await stateOf(db)).toBe("sent sent pending pending");
});

test.concurrent("without trust in the lock nothing is changed", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  await lose(db, 1, "a");
  let asked = 0;
  const keeping = await keepTrue(post, {}, () => ++asked < 0);
  await vi.waitUntil(() => asked > 0, patience);
  await keeping.stop();
  expect(edits(telegram)).toEqual([]);
  expect(await outdated(db)).toBe("1");
});

test.concurrent("an edit that was made and not recorded is made again, which changes nothing", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  await deliver(post);
  await lose(db, 1, "a");
  const first = await keepTrue(post);
  await telegram.until(fan, /уже подарено/);
  await settled(db);
  await first.stop();
  await db.for("test").run(sql`UPDATE outbox SET is_outdated = 1`);
  await pass(db, 10_000);
  await using second = await keepTrue(post);
  await settled(db);
  expect(second.told).toEqual(["edited"]);
  expect(await outboxOf(db)).toMatchObject([{ state: "sent" }]);
  expect(fromBot(telegram, fan)).toHaveLength(1);
  expect([...first.errors, ...second.errors]).toEqual([]);
});
