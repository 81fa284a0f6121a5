import { Api } from "grammy";
import { expect, test, vi } from "vitest";
import type { Chat, Fault } from "../../sandbox/telegram/telegram.ts";
import { recordLookupFailure, recordLookupRefusal } from "../../src/db/lookups.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { type LookupAnswersOptions, runLookupAnswers } from "../../src/delivery/lookup-answers.ts";
import { answering, type BotWorld, leadWith, startBotWorld } from "../bot/world.ts";

const patience = { timeout: 5_000, interval: 20 };
const DAY_MS = 24 * 3_600_000;

/** What has been looked for comes to nothing for good, or for now. */
async function fail({ db }: BotWorld, nickname: string, isFinal = true) {
  const orm = db.for("test");
  const lookup = { source: "fetta", key: nickname };
  const passing = { outcome: "unreachable", retryMs: 60_000, patienceMs: DAY_MS } as const;
  const statement = isFinal ? recordLookupRefusal(orm, lookup, "not_found") : recordLookupFailure(orm, lookup, passing);
  await batch(orm, [statement]);
}

/** The looks that are left: what each came to, and whether a message shows it. */
async function left({ db }: BotWorld): Promise<string[]> {
  const rows = await db.for("test").all<{ word: string }>(sql`
    SELECT nickname_key || ' ' || COALESCE(outcome, 'owed') || CASE WHEN outcome = shown THEN ' shown' ELSE '' END AS word
    FROM lookups ORDER BY nickname_key`);
  return rows.map(({ word }) => word);
}

/** In how many ms the answer is tried again. */
async function postponedMs({ db }: BotWorld): Promise<number> {
  const [row] = await db.for("test").all<{ ms: number }>(sql`
    SELECT answer_at - CAST(unixepoch('subsec') * 1000 AS INTEGER) AS ms FROM lookups`);
  return row?.ms ?? Number.NaN;
}

/** Lets an instance show the answers, while the test goes on. */
async function show(world: BotWorld, change: Partial<LookupAnswersOptions> = {}) {
  const { options, told, errors } = answering(world);
  const leading = await leadWith(world.db, (leader) => runLookupAnswers({ ...options, ...change }, leader));
  return { ...leading, told, errors, ring: options.bell.ring };
}

const botTexts = ({ telegram }: BotWorld, chat: { id: number }) =>
  telegram.messages(chat).flatMap(({ fromBot, text }) => (fromBot ? [text] : []));

const edits = (chat: { id: number }, more: Pick<Fault, "do" | "times">): Fault => ({
  when: ({ method, chatId }) => method === "editMessageText" && chatId === chat.id,
  ...more,
});

async function asked(nicknames: string, chatOptions: { forum?: boolean } = {}) {
  const world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const group: Chat | undefined = chatOptions.forum
    ? world.telegram.group({ administrators: [mia], forum: true })
    : undefined;
  const threadId = group && world.telegram.topic(group, "Wishes");
  const where = group === undefined ? { from: mia } : { from: mia, chat: group, threadId };
  await world.ask(`/track ${nicknames}`, where);
  return { world, mia, chat: group ?? mia, threadId: threadId ?? 0 };
}

test.concurrent("an answer takes the place of its question, and what is over is forgotten", async () => {
  const { world, mia } = await asked("ann bob");
  await using _ = world;
  const looking = world.last(mia);
  await using answers = await show(world);
  await fail(world, "ann");
  await world.telegram.until(mia, /^🤷 There is no “ann”[^\n]*\n\n🔎 Looking for bob…$/);
  await vi.waitFor(async () => expect(await left(world)).toEqual(["ann not_found shown", "bob owed"]), patience);
  await fail(world, "bob");
  answers.ring();
  expect((await world.telegram.until(mia, /“ann”[^\n]*\n\n🤷 There is no “bob”/)).id).toBe(looking.id);
  await vi.waitFor(async () => expect(await left(world)).toEqual([]), patience);
  expect(answers.told).toEqual(["shown", "shown"]);
});

test.concurrent("a 429 keeps that chat waiting as long as Telegram says, and nobody else", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  const other = world.telegram.person({ languageCode: "en" });
  await world.ask("/track bob", { from: other });
  const parameters = { retry_after: 30 };
  world.telegram.fault(edits(mia, { do: { kind: "error", code: 429, description: "Too Many Requests", parameters } }));
  await fail(world, "ann");
  await fail(world, "bob");
  await using answers = await show(world);
  await world.telegram.until(other, /There is no “bob”/);
  await vi.waitFor(async () => expect(await left(world)).toEqual(["ann not_found"]), patience);
  await vi.waitFor(async () => expect(await postponedMs(world)).toBeGreaterThan(25_000), patience);
  expect(answers.told.sort()).toEqual(["shown", "wait"]);
});

test.concurrent.each<[string, Fault["do"]]>([
  ["gateway", { kind: "html", status: 502 }],
  ["unknown", { kind: "reset" }],
  ["revoked", { kind: "error", code: 401, description: "Unauthorized" }],
])("an answer that Telegram does not take for the moment (%s) is tried again", async (kind, fault) => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  world.telegram.fault(edits(mia, { times: 1, do: fault }));
  await fail(world, "ann");
  await using answers = await show(world);
  await vi.waitFor(() => expect(answers.told).toEqual([kind]), patience);
  await vi.waitFor(async () => expect(await postponedMs(world)).toBeGreaterThan(1_000), patience);
  await world.db.for("test").run(sql`UPDATE lookups SET answer_at = 0`);
  answers.ring();
  await world.telegram.until(mia, /There is no “ann”/);
});

test.concurrent("a new message that may have arrived is repeated ever more rarely", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  world.telegram.remove(world.last(mia));
  world.telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "accept-then-reset" } });
  await fail(world, "ann");
  await using answers = await show(world);
  for (const [n, seconds] of [3, 6, 12].entries()) {
    await vi.waitFor(() => expect(answers.told).toHaveLength(n + 1), patience);
    await vi.waitFor(async () => expect(await postponedMs(world)).toBeGreaterThan(0), patience);
    expect(Math.abs((await postponedMs(world)) - seconds * 1_000)).toBeLessThan(1_500);
    await world.db.for("test").run(sql`UPDATE lookups SET answer_at = 0`);
    answers.ring();
  }
});

test.concurrent("a chat that is closed gets no answer and is owed none", async () => {
  const { world, mia } = await asked("ann bob");
  await using _ = world;
  world.telegram.deactivate(mia);
  await fail(world, "ann");
  await using answers = await show(world);
  await vi.waitFor(async () => expect(await left(world)).toEqual([]), patience);
  expect(await world.db.for("test").all(sql`SELECT active FROM users`)).toEqual([{ active: 0 }]);
  expect(answers.told).toEqual(["closed"]);
});

test.concurrent("in a topic that was deleted or closed the answer comes outside of it", async () => {
  for (const end of ["deleteTopic", "closeTopic"] as const) {
    const { world, chat, threadId } = await asked("ann", { forum: true });
    await using _ = world;
    await fail(world, "ann");
    world.telegram[end](chat as Chat, threadId);
    await using _answers = await show(world);
    const answer = await world.telegram.until(chat, /There is no “ann”/);
    expect(answer.threadId, end).toBeUndefined();
    await vi.waitFor(async () => expect(await left(world)).toEqual([]), patience);
  }
});

test.concurrent("an answer in a topic stays there, also when it has to be a new message", async () => {
  const { world, chat, threadId } = await asked("ann", { forum: true });
  await using _ = world;
  world.telegram.remove(world.last(chat));
  await fail(world, "ann");
  await using _answers = await show(world);
  expect((await world.telegram.until(chat, /There is no “ann”/)).threadId).toBe(threadId);
});

test.concurrent("a group that became a supergroup is answered there", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const group = world.telegram.group({ administrators: [mia] });
  await world.ask("/track ann", { from: mia, chat: group });
  await world.bot.stop();
  const question = world.last(group);
  const supergroup = world.telegram.migrate(group);
  // Ids begin anew there: by chance another message of ours has the one of the question.
  const api = new Api(world.telegram.token, { apiRoot: world.telegram.url });
  const others: number[] = [];
  while ((others.at(-1) ?? 0) < question.id) others.push((await api.sendMessage(supergroup.id, "News")).message_id);
  await fail(world, "ann");
  await using _answers = await show(world);
  await world.telegram.until(supergroup, /There is no “ann”/);
  await vi.waitFor(async () => expect(await left(world)).toEqual([]), patience);
  expect(botTexts(world, supergroup)).toEqual([...others.map(() => "News"), expect.stringContaining("“ann”")]);
});

test.concurrent("an answer that cannot be written ends nobody's look", async () => {
  const { world, mia } = await asked("ann bob");
  await using _ = world;
  const before = botTexts(world, mia);
  await fail(world, "ann");
  await fail(world, "bob", false);
  await using answers = await show(world, { render: () => "<b>broken" });
  await vi.waitFor(() => expect(answers.told).toEqual(["refused"]), patience);
  const kept = ["ann not_found shown", "bob unreachable shown"];
  await vi.waitFor(async () => expect(await left(world)).toEqual(kept), patience);
  expect(botTexts(world, mia)).toEqual(before);
});

test.concurrent("a mistake in one answer stops no other", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  const other = world.telegram.person({ languageCode: "en" });
  await world.ask("/track bob", { from: other });
  await fail(world, "ann");
  await fail(world, "bob");
  const { render } = answering(world).options;
  const picky: LookupAnswersOptions["render"] = (message) => {
    if (message.chatId === mia.id) throw new TypeError("a bug");
    return render(message);
  };
  await using answers = await show(world, { render: picky });
  await world.telegram.until(other, /There is no “bob”/);
  await vi.waitFor(() => expect(answers.told.sort()).toEqual(["shown", "unknown"]), patience);
});

test.concurrent("an answer that was told and could not be recorded at once is recorded later, and told once", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  world.telegram.remove(world.last(mia));
  await fail(world, "ann");
  const { options } = answering(world);
  let refusals = 3;
  await using _answers = await leadWith(world.db, (leader) =>
    runLookupAnswers(options, {
      ...leader,
      write: (query, build) => (refusals-- > 0 ? Promise.reject(new Error("busy")) : leader.write(query, build)),
    }),
  );
  await world.telegram.until(mia, /There is no “ann”/);
  await vi.waitFor(async () => expect(await left(world)).toEqual([]), patience);
  expect(botTexts(world, mia)).toHaveLength(1);
  expect(refusals).toBeLessThan(0);
});

test.concurrent("an answer that a message shows already, because its record was lost, is not written anew", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  await fail(world, "ann", false);
  await using answers = await show(world);
  await vi.waitFor(async () => expect(await left(world)).toEqual(["ann unreachable shown"]), patience);
  await world.db.for("test").run(sql`UPDATE lookups SET shown = NULL`);
  answers.ring();
  await vi.waitFor(async () => expect(await left(world)).toEqual(["ann unreachable shown"]), patience);
  expect(answers.told).toEqual(["shown", "shown"]);
  expect(botTexts(world, mia)).toHaveLength(1);
});

test.concurrent("without trust in the lock nothing is told", async () => {
  const { world, mia } = await asked("ann");
  await using _ = world;
  await fail(world, "ann");
  const { options, told } = answering(world);
  let askedForTrust = 0;
  await using _answers = await leadWith(world.db, (leader) =>
    runLookupAnswers(options, { ...leader, trusted: () => ++askedForTrust < 0 }),
  );
  await vi.waitFor(() => expect(askedForTrust).toBeGreaterThan(0), patience);
  expect(botTexts(world, mia)).toEqual(["🔎 Looking for ann…"]);
  expect(told).toEqual([]);
  expect(await left(world)).toEqual(["ann not_found"]);
});
