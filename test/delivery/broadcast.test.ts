import { Api } from "grammy";
import { expect, test, vi } from "vitest";
import { lead } from "../../src/checker/leader.ts";
import {
  type Announcement,
  type Broadcast,
  continueBroadcast,
  draftBroadcast,
  readBroadcast,
  startBroadcast,
  stopBroadcast,
} from "../../src/db/broadcasts.ts";
import type { Database } from "../../src/db/client.ts";
import { fencedBatch } from "../../src/db/lock.ts";
import { sql } from "../../src/db/orm.ts";
import { runBroadcastProgress } from "../../src/delivery/broadcast-progress.ts";
import { runBroadcasts } from "../../src/delivery/broadcasts.ts";
import { createPace, type Pace } from "../../src/delivery/pace.ts";
import { createTelegram } from "../../src/delivery/telegram.ts";
import { look, wishes } from "../db/story.ts";
import { fromBot, type PostOffice, pass, postOffice, sends } from "./post-office.ts";

const OPERATOR = 777;
const soon = { timeout: 8_000, interval: 20 };
const bold = (text: string) => ({ text, entities: [{ type: "bold" as const, offset: 0, length: 6 }] });
const TEXTS: Announcement = { ru: bold("Привет всем"), en: bold("Hello, everybody") };

type Announcing = {
  pace: Pace;
  outcomes: string[];
  failures: unknown[];
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** One more instance that announces, once it leads. */
function announcing(
  { telegram: { token, url } }: PostOffice,
  db: Database,
  { messagesPerSecond = 1_000, staleMs = 60_000, pace = createPace(messagesPerSecond) } = {},
): Announcing {
  const stop = new AbortController();
  const [outcomes, failures]: [string[], unknown[]] = [[], []];
  const telegram = createTelegram(new Api(token, { apiRoot: url, timeoutSeconds: 2 }));
  const failed = (error: unknown) => void failures.push(error);
  const ended = lead(
    {
      ...{ orm: db.for, instanceId: crypto.randomUUID(), tell: () => undefined },
      ...{ heartbeatMs: staleMs / 3, staleMs, finishMs: 10_000 },
    },
    async (leader) => {
      const render = ({ state, sent, chats }: Broadcast) => {
        const html = `${state} ${sent}/${chats}`;
        return { html, plain: html };
      };
      await Promise.all([
        runBroadcasts(
          { orm: db.for, telegram, pace, staleMs, failed, report: ({ outcome }) => void outcomes.push(outcome) },
          leader,
        ),
        runBroadcastProgress({ orm: db.for, telegram, pace, render, failed }, leader),
      ]);
    },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { pace, outcomes, failures, stop: end, [Symbol.asyncDispose]: end };
}

/** A draft, shown to the operator, and begun. */
async function begun(post: PostOffice, { isRehearsal = false } = {}) {
  const { db, telegram } = post;
  const operator = telegram.person({ id: OPERATOR });
  telegram.say("/broadcast", { from: operator });
  const api = new Api(telegram.token, { apiRoot: telegram.url });
  const { message_id: messageId } = await api.sendMessage(OPERATOR, "draft");
  const orm = db.for("test");
  const id = await draftBroadcast(orm, TEXTS, "ru");
  const place = { chatId: OPERATOR, messageId };
  expect(await startBroadcast(orm, id, place, isRehearsal)).toBe(true);
  return {
    id,
    place,
    operator,
    shown: () => telegram.messages(operator).find((message) => message.id === messageId)?.text,
    state: async () => (await readBroadcast(orm, id))?.state,
  };
}

const heard = ({ telegram }: PostOffice, chat: { id: number }) =>
  fromBot(telegram, chat)
    .map(({ text }) => text)
    .filter((text) => /Привет|Hello/.test(text));

const statesOf = async ({ db }: PostOffice) =>
  (
    await db
      .for("test")
      .all<{ state: string }>(sql`SELECT state || COALESCE(' ' || last_error, '') AS state FROM broadcast_messages`)
  ).map(({ state }) => state);

test.concurrent("every active chat gets it once, formatted, in its language and topic; the operator sees how far it is", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const [mia, olya, gone] = [await post.fan("mila"), await post.fan("mila"), await post.fan("mila")];
  const forum = telegram.group({ forum: true });
  const topic = telegram.topic(forum);
  await post.follow({ id: forum.id, type: "supergroup" }, "mila", topic);
  const orm = db.for("test");
  await orm.run(sql`UPDATE users SET settings = '{"language":"en"}' WHERE id = ${mia.id}`);
  await orm.run(sql`UPDATE users SET active = 0 WHERE id = ${gone.id}`);
  await using leader = announcing(post, db);
  const { state, shown, id } = await begun(post);
  await vi.waitFor(() => expect(shown()).toBe("done 3/3"), soon);
  expect([heard(post, mia), heard(post, olya), heard(post, gone)]).toEqual([["Hello, everybody"], ["Привет всем"], []]);
  expect(fromBot(telegram, forum)).toMatchObject([{ threadId: topic, entities: [{ type: "bold", length: 6 }] }]);
  expect(await state()).toBe("done");
  expect(await startBroadcast(orm, id, { chatId: OPERATOR, messageId: 1 }, false), "it was sent already").toBe(false);
  expect([leader.outcomes, leader.failures]).toEqual([["sent", "sent", "sent"], []]);
});

test.concurrent("a rehearsal goes through all of it and sends nothing; then it can be sent", async () => {
  await using post = await postOffice();
  const { db } = post;
  const [fan, sleeper] = [await post.fan("mila"), await post.fan("mila")];
  const orm = db.for("test");
  await orm.run(sql`
    UPDATE users SET settings = json_object('quiet', json_object('from', 0, 'to', 1439), 'timeZone', 'UTC')
    WHERE id = ${sleeper.id}`);
  await using _leader = announcing(post, db);
  const { id, place, state, shown } = await begun(post, { isRehearsal: true });
  await vi.waitFor(() => expect(shown()).toBe("rehearsed 2/2"), soon);
  expect(await readBroadcast(orm, id)).toMatchObject({ chats: 2, sent: 2, quiet: 1 });
  expect([heard(post, fan), heard(post, sleeper)]).toEqual([[], []]);

  const late = await post.fan("mila");
  expect(await startBroadcast(orm, id, place, false)).toBe(true);
  await vi.waitFor(() => expect(heard(post, late)).toHaveLength(1), soon);
  await vi.waitFor(() => expect(heard(post, fan)).toHaveLength(1), soon);
  await vi.waitFor(async () => expect(await readBroadcast(orm, id)).toMatchObject({ chats: 3, sent: 2, quiet: 1 }));
  expect(await state(), "one waits for the end of the quiet hours").toBe("sending");
  expect(heard(post, sleeper)).toEqual([]);
  await orm.run(sql`UPDATE users SET settings = '{}'`);
  await orm.run(sql`UPDATE broadcast_messages SET next_at = 0`);
  await vi.waitFor(() => expect(heard(post, sleeper)).toHaveLength(1), soon);
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
});

test.concurrent("a stop holds for every instance; what is left goes on when it is continued, and nobody gets it twice", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const people = await post.crowd(40, "mila");
  const orm = db.for("test");
  const leader = announcing(post, db, { messagesPerSecond: 20 });
  const { id, state, shown } = await begun(post);
  await vi.waitFor(() => expect(sends(telegram).length).toBeGreaterThan(5), soon);
  await stopBroadcast(orm, id);
  await vi.waitFor(() => expect(shown()).toMatch(/^stopped/), soon);
  await vi.waitFor(async () => expect((await statesOf(post)).join()).not.toContain("sending"), soon);
  const sentSoFar = people.flatMap((person) => heard(post, person)).length;
  expect(sentSoFar).toBeLessThan(40);
  await leader.stop();
  await using _next = announcing(post, db, { messagesPerSecond: 100 });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(people.flatMap((person) => heard(post, person))).toHaveLength(sentSoFar);
  expect(await continueBroadcast(orm, id)).toBe(true);
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
  expect(new Set(people.map((person) => heard(post, person).length))).toEqual(new Set([1]));
});

test.concurrent("a leader that dies doubles no more than it had in flight, and leaves nobody out", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const people = await post.crowd(60, "mila");
  const orm = db.for("test");
  telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 60 } });
  const first = announcing(post, db, { messagesPerSecond: 60, staleMs: 1_500 });
  const { state } = await begun(post);
  await vi.waitFor(() => expect(sends(telegram).length).toBeGreaterThan(20), soon);
  // As after a kill -9: from now on nothing that the first one does is written.
  await orm.run(sql`UPDATE scheduler_lock SET instance_id = 'another', epoch = epoch + 1`);
  await first.stop();
  await orm.run(sql`UPDATE scheduler_lock SET instance_id = ''`);
  const claimed = (await statesOf(post)).filter((one) => one.startsWith("sending")).length;
  expect(claimed).toBeGreaterThan(0);
  await using _next = announcing(post, db, { messagesPerSecond: 60, staleMs: 1_500 });
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
  const copies = people.map((person) => heard(post, person).length);
  expect(Math.min(...copies)).toBe(1);
  expect(copies.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(60 + 10);
});

test("news goes first, in all and in each chat, and both together keep the pace", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const crowd = await post.crowd(40, "mila");
  const others = await post.crowd(20, "bao");
  const perSecond = 25;
  const pace = createPace(perSecond);
  const orm = db.for("test");
  await look(db, 1, wishes("ba"));
  const sender = post.start({ pace });
  // The sender leads; the broadcast's loop is run in its name.
  const { id, state } = await begun(post);
  const times: number[] = [];
  telegram.onChange((change) => {
    if (change.kind === "call" && change.call.method === "sendMessage") times.push(performance.now());
  });
  const failures: unknown[] = [];
  const api = createTelegram(new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 2 }));
  const [row] = await orm.all<{ instanceId: string; epoch: number }>(
    sql`SELECT instance_id AS "instanceId", epoch FROM scheduler_lock`,
  );
  const stop = new AbortController();
  const term = row ?? { instanceId: "", epoch: 0 };
  const running = runBroadcasts(
    { orm: db.for, telegram: api, pace, staleMs: 60_000, report: () => {}, failed: (e) => void failures.push(e) },
    {
      ...{ term, signal: stop.signal, trusted: () => true },
      write: (query, build) => fencedBatch(db.for(query), term, build(db.for(query))),
    },
  );
  await sender.until((reports) => reports.length === 40);
  const early = [...crowd, ...others].flatMap((person) => heard(post, person)).length;
  expect(early, "a turn now and then, while the sender writes the next message").toBeLessThan(12);
  await vi.waitFor(async () => expect(await state()).toBe("done"), { ...soon, timeout: 15_000 });
  stop.abort();
  await running;
  for (const person of crowd) {
    expect(fromBot(telegram, person).map(({ text }) => /Привет/.test(text))).toEqual([false, true]);
  }
  const fullest = times.map((end) => times.filter((time) => time > end - 1_000 && time <= end).length);
  expect(Math.max(...fullest)).toBeLessThanOrEqual(perSecond + 1);
  expect(failures).toEqual([]);
  expect(await readBroadcast(orm, id)).toMatchObject({ sent: 60 });
});

test.concurrent("what Telegram answers decides: closed chats are left out, a 429 waits, a refusal is given up, an unknown end is tried thrice", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = () => post.fan("mila");
  const [blocked, slow, odd, silent, moved] = [await fan(), await fan(), await fan(), await fan(), telegram.group({})];
  await post.follow({ id: moved.id, type: "group" }, "mila");
  const orm = db.for("test");
  const { id, state } = await begun(post);
  const when = (chat: { id: number }) => (call: { method: string; chatId?: number | undefined }) =>
    call.method === "sendMessage" && call.chatId === chat.id;
  const refuse = (code: number, description: string, parameters = {}) => ({
    kind: "error" as const,
    ...{ code, description, parameters },
  });
  telegram.fault({ when: when(blocked), do: refuse(403, "Forbidden: bot was blocked by the user") });
  telegram.fault({
    when: when(slow),
    times: 1,
    do: refuse(429, "Too Many Requests: retry after 1", { retry_after: 1 }),
  });
  telegram.fault({ when: when(odd), do: refuse(400, "Bad Request: message is too long") });
  telegram.fault({ when: when(silent), do: { kind: "accept-then-reset" } });
  const supergroup = telegram.group({});
  telegram.fault({
    when: when(moved),
    do: refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", { migrate_to_chat_id: supergroup.id }),
  });
  await using leader = announcing(post, db);
  await vi.waitFor(() => expect(heard(post, slow)).toHaveLength(1), soon);
  await vi.waitFor(() => expect(heard(post, supergroup)).toHaveLength(1), soon);
  for (let copies = 1; copies <= 3; copies++) {
    await vi.waitFor(() => expect(heard(post, silent)).toHaveLength(copies), soon);
    await vi.waitFor(async () => expect((await statesOf(post)).join()).not.toContain("sending"), soon);
    await orm.run(sql`UPDATE broadcast_messages SET next_at = 0 WHERE state = 'pending'`);
    await pass(db, 60_000);
  }
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
  expect(await readBroadcast(orm, id)).toMatchObject({ chats: 5, sent: 2, failed: 2, skipped: 1 });
  expect(heard(post, silent)).toHaveLength(3);
  expect(leader.failures).toEqual([]);
});

test.concurrent("nobody is left out for an outage: the last try waits until Telegram answers", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  const orm = db.for("test");
  const { state } = await begun(post);
  const back = telegram.fault({ when: () => true, do: { kind: "reset" } });
  await using leader = announcing(post, db);
  const tried = async (times: number) => {
    await vi.waitFor(() => expect(sends(telegram, fan)).toHaveLength(times), soon);
    await vi.waitFor(async () => expect((await statesOf(post)).join()).toContain("pending"), soon);
    await orm.run(sql`UPDATE broadcast_messages SET next_at = 0`);
    await pass(db, 60_000);
  };
  await tried(1);
  await tried(2);
  const probes = telegram.calls.filter(({ method }) => method === "getMe").length;
  await vi.waitFor(
    () => expect(telegram.calls.filter(({ method }) => method === "getMe").length).toBeGreaterThan(probes + 1),
    soon,
  );
  expect(sends(telegram, fan)).toHaveLength(2);
  back();
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
  expect(heard(post, fan)).toHaveLength(1);
  expect(leader.outcomes.at(-1)).toBe("sent");
});

test.concurrent("one runs at a time, and what is left after two days is not sent any more", async () => {
  await using post = await postOffice();
  const { db } = post;
  const fan = await post.fan("mila");
  const orm = db.for("test");
  const { id, state } = await begun(post);
  const other = await draftBroadcast(orm, TEXTS, "ru");
  expect(await startBroadcast(orm, other, { chatId: OPERATOR, messageId: 9 }, false)).toBe(false);
  await orm.run(sql`UPDATE users SET next_send_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) + 3600000`);
  await using _leader = announcing(post, db);
  await orm.run(sql`UPDATE broadcasts SET started_at = started_at - 49 * 3600000 WHERE id = ${id}`);
  await vi.waitFor(async () => expect(await state()).toBe("done"), soon);
  expect(await statesOf(post)).toEqual(["skipped too late"]);
  expect(heard(post, fan)).toEqual([]);
  expect(await startBroadcast(orm, other, { chatId: OPERATOR, messageId: 9 }, false)).toBe(true);
});
