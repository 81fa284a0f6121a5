import { expect, test, vi } from "vitest";
import type { Misbehaviour } from "../../sandbox/fetta/index.ts";
import type { Source } from "../../src/checker/source.ts";
import { fetta as fettaSource } from "../../src/checker/sources/fetta.ts";
import { sql } from "../../src/db/orm.ts";
import { type LookingWorld, startLookingWorld } from "../bot/world.ts";
import { startWorld } from "../e2e/world.ts";

const DAY_MS = 24 * 3_600_000;

/** Everything the bot has written to a chat, as it shows now. */
const shown = ({ telegram }: LookingWorld, chat: { id: number }) =>
  telegram.messages(chat).flatMap(({ fromBot, text }) => (fromBot ? [text] : []));

const pageRequests = ({ fetta }: LookingWorld) => fetta.requests.filter(({ kind }) => kind === "page").length;

/** The looks that are owed are due now. */
const hurry = ({ db }: LookingWorld) => db.for("test").run(sql`UPDATE lookups SET next_at = 0, answer_at = 0`);

async function lookups({ db }: LookingWorld) {
  return await db
    .for("test")
    .all<{ key: string; outcome: string; attempts: number; retryMs: number; done: number }>(sql`
    SELECT nickname_key AS key, outcome, attempts, done, next_at - CAST(unixepoch('subsec') * 1000 AS INTEGER) AS "retryMs"
    FROM lookups ORDER BY nickname_key`);
}

async function trackings({ db }: LookingWorld): Promise<string[]> {
  const rows = await db.for("test").all<{ word: string }>(sql`
    SELECT us.user_id || ':' || s.nickname AS word FROM user_streamers us JOIN streamers s ON s.id = us.streamer_id ORDER BY 1`);
  return rows.map(({ word }) => word);
}

/** Waits until the looks have come to these outcomes, and the messages show them: what is over is gone. */
async function settled({ db }: LookingWorld, outcomes: string[]) {
  const open = async () => {
    const rows = await db.for("test").all<{ word: string }>(sql`
      SELECT CASE WHEN outcome IS shown THEN outcome ELSE 'to be shown' END AS word FROM lookups ORDER BY nickname_key`);
    return rows.map(({ word }) => word);
  };
  await vi.waitFor(async () => expect(await open()).toEqual(outcomes), patience);
}

const patience = { timeout: 5_000, interval: 20 };

test.concurrent("an unknown streamer is looked for at once, and the same message becomes the answer", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  const items = [{ name: "Mug <3", isPinned: true }, { name: "Tea & co", price: 1_000 }, ...Array(35).fill({})];
  fetta.streamer("MilaPlays", { name: "Mila <b>& co</b>", items });
  const mia = telegram.person({ languageCode: "en" });
  expect((await world.ask("/track https://fetta.app/u/milaplays", { from: mia })).map(({ text }) => text)).toEqual([
    "🔎 Looking for milaplays…",
  ]);
  const looking = world.last(mia);
  await world.lead();
  const answer = await telegram.until(mia, /^🔔 Tracking Mila <b>& co<\/b>: 37 items, on top: Mug <3 \(/);
  expect(answer).toMatchObject({
    id: looking.id,
    text: expect.stringMatching(/ I will write when something is added\.$/),
  });
  expect(answer.text.replaceAll("\u00a0", " ")).toContain("Tea & co (RUB 1,080)");
  expect(shown(world, mia)).toHaveLength(1);
  await settled(world, []);
});

test.concurrent("the first snapshot is the baseline: nothing is news, nothing is owed, the next check is planned", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  fetta.streamer("mila", { items: 5 });
  const olya = telegram.person({ languageCode: "ru" });
  await world.lead();
  telegram.say("/track mila", { from: olya });
  await telegram.until(olya, /^🔔 Слежу: mila ✨, в списке 5 товаров, сверху: /);
  const orm = db.for("test");
  expect(await orm.all(sql`SELECT 1 FROM wishlist_events UNION ALL SELECT 1 FROM outbox`)).toEqual([]);
  expect(
    await orm.all(sql`SELECT baselined_at > 0 AS based, next_check_at > baselined_at AS planned FROM streamers`),
  ).toEqual([{ based: 1, planned: 1 }]);
});

test.concurrent("one look serves every chat that waits, each in its language, and later ones need none", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 0 });
  const people = [1, 2, 3, 4, 5].map((n) => telegram.person({ languageCode: n % 2 === 0 ? "ru" : "en" }));
  for (const from of people) telegram.say("/track mila", { from });
  await telegram.idle();
  await world.lead();
  for (const [n, person] of people.entries()) {
    await telegram.until(
      person,
      n % 2 === 0 ? /^🔔 Tracking mila ✨: the list is empty/ : /^🔔 Слежу: .*, вишлист пока пуст/,
    );
  }
  const late = telegram.person({ languageCode: "en" });
  telegram.say("/track MILA", { from: late });
  await telegram.until(late, /^🔔 Tracking mila/);
  expect(pageRequests(world)).toBe(1);
  expect(await trackings(world)).toHaveLength(6);
});

const REASONS: [Misbehaviour | "nobody" | "hidden", string, RegExp, "final" | "goes on"][] = [
  [
    "nobody",
    "not_found",
    /^🤷 There is no “mila” on fetta\. The nickname there often differs from the one on Twitch/,
    "final",
  ],
  ["hidden", "private", /^🔒 mila keeps the wishlist hidden/, "final"],
  ["no-uid", "page_changed", /^⏳ fetta looks different today and I can’t read mila’s list yet/, "goes on"],
  ["captcha", "blocked", /^⏳ fetta is not letting me in right now\. I keep trying to find mila/, "goes on"],
  ["page-2-429", "partial", /^⏳ fetta showed me only part of mila’s list\. I keep trying/, "goes on"],
  ["down", "unreachable", /^⏳ fetta does not answer\. I keep trying to find mila and will tell you here/, "goes on"],
  ["500", "unreachable", /^⏳ fetta does not answer/, "goes on"],
];

test.concurrent.each(REASONS)(
  "a look that meets %j says so in words of its own (%s)",
  async (how, outcome, words, end) => {
    await using world = await startLookingWorld();
    const { telegram, fetta } = world;
    if (how !== "nobody") {
      const mila = fetta.streamer("mila", { items: 45 });
      if (how === "hidden") mila.hide();
      else fetta.misbehave(how);
    }
    const mia = telegram.person({ languageCode: "en" });
    await world.lead();
    telegram.say("/track mila", { from: mia });
    const answer = await telegram.until(mia, words);
    expect(answer.editedAt).toBeDefined();
    await settled(world, end === "final" ? [] : [outcome]);
    expect(await trackings(world)).toEqual([]);
    const [left] = await lookups(world);
    if (end === "goes on") expect(Math.abs((left?.retryMs ?? 0) - 10_000)).toBeLessThan(2_000);
  },
);

test.concurrent("a list that is too long to read says so", async () => {
  const source: Source = { ...fettaSource, look: async () => ({ outcome: "too_long", reason: "so many pages" }) };
  await using world = await startLookingWorld();
  world.fetta.streamer("mila");
  const olya = world.telegram.person({ languageCode: "ru" });
  await world.lead(source);
  world.telegram.say("/track mila", { from: olya });
  await world.telegram.until(olya, /^У mila так много товаров, что мне их не прочитать/);
});

test.concurrent("a passing failure is told once, looked at again ever more rarely, and forgotten when it has passed", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 2 });
  const recover = fetta.misbehave("500");
  const mia = telegram.person({ languageCode: "en" });
  await world.lead();
  telegram.say("/track mila", { from: mia });
  const told = await telegram.until(mia, /does not answer/);
  await telegram.idle();
  await hurry(world);
  await vi.waitFor(() => expect(world.reports.length).toBe(2), patience);
  const [again] = await lookups(world);
  expect(again?.attempts).toBe(2);
  expect(Math.abs((again?.retryMs ?? 0) - 20_000)).toBeLessThan(2_000);
  expect(world.last(mia), "nothing new to tell, nothing edited").toEqual(told);
  expect((await world.ask("/track mila", { from: mia })).map(({ text }) => text)).toEqual([
    "🔎 Still looking for mila. I will tell you here.",
  ]);
  recover();
  await hurry(world);
  expect((await telegram.until(mia, /^🔔 Tracking mila/)).id).toBe(told.id);
  expect(await trackings(world)).toEqual([`${mia.id}:mila`]);
});

test.concurrent("after a day of trying it says so, to those who have waited a day", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  fetta.misbehave("down");
  const [mia, late] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  for (const from of [mia, late]) await world.ask("/track mila", { from });
  await db.for("test").run(sql`UPDATE lookups SET created_at = created_at - ${DAY_MS} WHERE chat_id = ${mia.id}`);
  await world.lead();
  await telegram.until(
    mia,
    /^I tried for a whole day and could not read mila’s list on fetta\. Please try \/track mila again later\.$/,
  );
  await telegram.until(late, /^⏳ fetta does not answer/);
  await telegram.idle();
  expect((await lookups(world)).map(({ done }) => done)).toEqual([0]);
});

test.concurrent("what the site asks us to wait is waited", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.misbehave({ status: 429, retryAfter: 600 });
  const mia = telegram.person({ languageCode: "en" });
  await world.lead();
  telegram.say("/track mila", { from: mia });
  await telegram.until(mia, /is not letting me in/);
  expect((await lookups(world))[0]?.retryMs).toBeGreaterThan(590_000);
});

test.concurrent("several unknown nicknames share one message, a paragraph each, which changes as each resolves", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("ann", { items: 1 });
  fetta.streamer("cat", { items: 2 });
  const recover = fetta.misbehave("500", fetta.streamer("bob", { items: 3 }));
  const mia = telegram.person({ languageCode: "en" });
  const [looking] = await world.ask("/track ann bob nobody", { from: mia });
  expect(looking?.text).toBe("🔎 Looking for ann…\n\n🔎 Looking for bob…\n\n🔎 Looking for nobody…");
  await world.lead();
  await telegram.until(mia, /^🔔 Tracking ann[^\n]*\n\n🔎 Looking for bob…\n\n🔎 Looking for nobody…$/);
  const some = await telegram.until(
    mia,
    /^🔔 Tracking ann[^\n]*\n\n⏳ fetta does not[^\n]*\n\n🤷 There is no “nobody”[^\n]*$/,
  );
  recover();
  await hurry(world);
  const all = await telegram.until(
    mia,
    /^🔔 Tracking ann[^\n]*\n\n🔔 Tracking bob[^\n]*\n\n🤷 There is no “nobody”[^\n]*$/,
  );
  expect([some.id, all.id]).toEqual([looking?.id, looking?.id]);
  await settled(world, []);
  expect(shown(world, mia)).toHaveLength(1);
});

test.concurrent("known and unknown streamers of one message are answered each in its way", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  for (const nickname of ["ann", "bob"]) fetta.streamer(nickname, { items: 1 });
  const [mia, olya] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  await world.lead();
  telegram.say("/track ann", { from: olya });
  await telegram.until(olya, /^🔔 Tracking ann/);
  telegram.say("/track ann bob ???", { from: mia });
  await telegram.until(mia, /^🔔 Tracking bob/);
  expect(shown(world, mia)).toEqual([
    expect.stringMatching(/^🔔 Tracking bob/),
    expect.stringMatching(/^🔔 Tracking ann[^\n]*\n\nI can’t read “\?\?\?”/),
  ]);
});

test.concurrent("the look is owed before “looking…” is sent: an answer that had no message to edit is a new one", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  telegram.fault({ when: ({ method }) => method === "sendMessage", times: 2, do: { kind: "reset" } });
  expect(await world.ask("/track mila", { from: mia })).toEqual([]);
  expect(await lookups(world)).toHaveLength(1);
  await hurry(world);
  await world.lead();
  await telegram.until(mia, /^🔔 Tracking mila/);
  expect(shown(world, mia)).toHaveLength(1);
});

test.concurrent("a “looking…” message that somebody deleted is answered by a new one with all of its lines", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  await world.ask("/track mila other", { from: mia });
  telegram.remove(world.last(mia));
  await world.lead();
  const answer = await telegram.until(mia, /^🔔 Tracking mila[^\n]*\n\n🔎 Looking for other…/);
  expect((await telegram.until(mia, /🤷 There is no “other”/)).id).toBe(answer.id);
  expect(shown(world, mia)).toHaveLength(1);
});

test.concurrent("a look that ends while another chat's “looking…” is on its way becomes that message's answer, too", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const [mia, olya] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  await world.ask("/track mila", { from: mia });
  const when = (call: { method: string; chatId?: number | undefined }) =>
    call.method === "sendMessage" && call.chatId === olya.id;
  telegram.fault({ when, times: 1, do: { kind: "delay", ms: 700 } });
  telegram.say("/track mila", { from: olya });
  await vi.waitFor(async () => expect(await lookups(world)).toHaveLength(2), patience);
  await world.lead();
  await telegram.until(mia, /^🔔 Tracking mila/);
  await telegram.idle();
  await settled(world, []);
  expect(shown(world, olya)).toEqual([expect.stringMatching(/^🔔 Tracking mila/)]);
  expect(pageRequests(world)).toBe(1);
});

test.concurrent("a look goes on under the next leader", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const answerAgain = fetta.misbehave("hang");
  const mia = telegram.person({ languageCode: "en" });
  const first = await world.lead();
  const [looking] = await world.ask("/track mila", { from: mia });
  await vi.waitFor(() => expect(fetta.requests.length).toBe(1), patience);
  await first.stop();
  answerAgain();
  await world.lead();
  expect((await telegram.until(mia, /^🔔 Tracking mila/)).id).toBe(looking?.id);
  expect(world.errors).toEqual([]);
});

test.concurrent("a leader whose term is over stores nothing of a look it had begun", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  await world.ask("/track mila", { from: mia });
  const source: Source = {
    ...fettaSource,
    async look(...args) {
      const look = await fettaSource.look(...args);
      await db.for("test").run(sql`UPDATE scheduler_lock SET instance_id = 'rival', epoch = epoch + 1`);
      return look;
    },
  };
  const { leader } = await world.lead(source);
  await vi.waitFor(() => expect(leader.signal.aborted).toBe(true), patience);
  const orm = db.for("test");
  expect(await orm.all(sql`SELECT 1 FROM streamers UNION ALL SELECT 1 FROM user_streamers`)).toEqual([]);
  expect(await lookups(world)).toHaveLength(1);
  expect(shown(world, mia)).toEqual(["🔎 Looking for mila…"]);
});

test.concurrent("an unexpected mistake keeps nobody waiting in the dark, and is not repeated without a pause", async () => {
  const source: Source = {
    ...fettaSource,
    find: (get, nickname, signal) =>
      nickname === "broken" ? Promise.reject(new TypeError("a bug")) : fettaSource.find(get, nickname, signal),
  };
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  await world.lead(source);
  telegram.say("/track broken mila", { from: mia });
  await telegram.until(mia, /^⏳ fetta looks different today[^\n]*\n\n🔔 Tracking mila/);
  expect(world.errors.map(String)).toEqual(["TypeError: a bug"]);
  expect((await lookups(world)).find(({ key }) => key === "broken")?.retryMs).toBeGreaterThan(5_000);
});

test.concurrent("a look that is called off tracks nothing, its message says so, and nobody checks the streamer", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  const gate = Promise.withResolvers<void>();
  await world.lead({
    ...fettaSource,
    async look(...args) {
      await gate.promise;
      return await fettaSource.look(...args);
    },
  });
  await world.ask("/track mila", { from: mia });
  await vi.waitFor(() => expect(fetta.requests.length).toBe(1), patience);
  expect((await world.ask("/untrack mila", { from: mia })).at(-1)?.text).toBe("OK, I am no longer looking for mila.");
  await telegram.until(mia, /^I stopped looking for mila\.$/);
  await settled(world, []);
  gate.resolve();
  await vi.waitFor(() => expect(world.reports.length).toBe(1), patience);
  expect(await trackings(world)).toEqual([]);
  expect(await db.for("test").all(sql`SELECT nickname, next_check_at AS next FROM streamers`)).toEqual([
    { nickname: "mila", next: null },
  ]);
  expect(shown(world, mia)).toHaveLength(2);
});

test.concurrent("a chat that blocks the bot while it waits is not written to, and its look tracks nothing", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  await world.ask("/track mila", { from: mia });
  telegram.block(mia);
  await telegram.idle();
  expect(await lookups(world)).toEqual([]);
  expect(await db.for("test").all(sql`SELECT active FROM users`)).toEqual([{ active: 0 }]);
});

test.concurrent("a look that finds its chat full says so", async () => {
  await using world = await startLookingWorld({ maxTrackings: 1 });
  const { telegram, fetta } = world;
  for (const nickname of ["ann", "bob"]) fetta.streamer(nickname, { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  const { stop } = await world.lead();
  telegram.say("/track ann", { from: mia });
  await telegram.until(mia, /^🔔 Tracking ann/);
  await stop();
  const [ended] = await world.ask("/untrack ann", { from: mia });
  await world.ask("/track bob", { from: mia });
  if (ended !== undefined) await world.press(ended, "Undo", mia);
  await world.lead();
  await telegram.until(mia, /^You follow 1 streamer, which is as many as I can take here/);
  expect(await trackings(world)).toEqual([`${mia.id}:ann`]);
});

test.concurrent("what was not found may be asked for again", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta } = world;
  const mia = telegram.person({ languageCode: "en" });
  await world.lead();
  telegram.say("/track mila", { from: mia });
  const none = await telegram.until(mia, /^🤷 There is no “mila”/);
  await telegram.idle();
  fetta.streamer("mila", { items: 1 });
  telegram.say("/track mila", { from: mia });
  expect((await telegram.until(mia, /^🔔 Tracking mila/)).id).not.toBe(none.id);
});

test.concurrent("a streamer that is watched under another nickname is recognised by its owner id, without reading its list", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, db } = world;
  const mila = fetta.streamer("mila", { items: 1 });
  const mia = telegram.person({ languageCode: "en" });
  await world.lead();
  telegram.say("/track mila", { from: mia });
  await telegram.until(mia, /^🔔 Tracking mila/);
  const lists = () => fetta.requests.filter(({ kind }) => kind === "products").length;
  const before = lists();
  mila.rename("MilaLive");
  telegram.say("/track milalive", { from: mia });
  const answers = () => shown(world, mia).filter((text) => /^🔔 Tracking mila ✨: 1 item/.test(text)).length;
  await vi.waitFor(() => expect(answers()).toBe(2), patience);
  expect(lists()).toBe(before);
  expect(await db.for("test").all(sql`SELECT nickname, nickname_key AS key FROM streamers`)).toEqual([
    { nickname: "MilaLive", key: "milalive" },
  ]);
  expect(await trackings(world)).toEqual([`${mia.id}:MilaLive`]);
});

test.concurrent("a look survives kill -9: another instance finds it and edits the same message", async () => {
  await using world = await startWorld();
  const { telegram, fetta } = world;
  fetta.streamer("mila", { items: 1 });
  const answerAgain = fetta.misbehave("hang");
  const mia = telegram.person({ languageCode: "en" });
  const first = await world.start();
  telegram.say("/track mila", { from: mia });
  const looking = await telegram.until(mia, /^🔎 Looking for mila…/);
  await telegram.idle();
  await first.stop("SIGKILL");
  answerAgain();
  await world.start();
  const answer = await telegram.until(mia, /^🔔 Tracking mila/, 10_000);
  expect(answer.id).toBe(looking.id);
  expect(telegram.messages(mia).filter(({ fromBot }) => fromBot)).toHaveLength(1);
});
