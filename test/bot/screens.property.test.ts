import fc from "fast-check";
import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import type { ChatSettings, Notify, TrackingSettings } from "../../src/db/settings.ts";
import { tracked, wishes } from "../db/story.ts";
import { showButton } from "./taps.ts";
import { type BotWorld, type Message, startBotWorld } from "./world.ts";

const KINDS = ["l", "c", "m", "mc", "p", "u", "up", "r", "cu", "cr", "nm", "nu", "nr", "s", "t"];
/** Telegram takes no button that carries more, in bytes. */
const LONGEST_DATA = 64;
const number = fc.oneof(
  { weight: 4, arbitrary: fc.nat(8) },
  fc.nat(40),
  fc.integer({ min: -2, max: 3_000_000 }),
  fc.constantFrom(-999_999_999_999_999, 999_999_999_999_999, 600, 86_400_000),
);
const answer = fc.oneof(
  fc.constantFrom("-", "1500", "мышь, чай", "23:30-8:15", "15 %", "9:30", "0-24", "<b>", "1.5к"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }),
);

/**
 * Mia tracks streamers 1–3, which the others track as well, with settings of their own; 4–6 are the other's, and 7–9
 * those of a group in which neither has a say.
 */
async function furnish(world: BotWorld) {
  const [mia, other] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "ru" })];
  const boss = world.telegram.person();
  const group = world.telegram.group({ administrators: [boss], members: [mia, other], supergroup: true });
  for (const chat of [mia, other, group]) {
    for (const n of [1, 2, 3]) await tracked(world.db, chat.id, `s${Math.abs(chat.id)}x${n}`, wishes("ab"));
  }
  const orm = world.db.for("test");
  const shared = sql`SELECT id, streamer_id, '{"mutedUntil":8640000000000000,"minPrice":1}', 1 FROM user_streamers, users`;
  await orm.run(sql`
    INSERT INTO user_streamers (user_id, streamer_id, settings, created_at) ${shared} WHERE user_id = ${mia.id} AND id <> ${mia.id}`);
  return { mia, other, group };
}

async function foreign({ db }: BotWorld, mine: number) {
  const orm = db.for("test");
  return [
    await orm.all(sql`SELECT id, settings, language, active FROM users WHERE id <> ${mine} ORDER BY id`),
    await orm.all(sql`SELECT * FROM user_streamers WHERE user_id <> ${mine} ORDER BY user_id, streamer_id`),
    await orm.all(sql`SELECT id, name, priority FROM streamers ORDER BY id`),
  ];
}

test("whatever a press or an answer carries changes only one's own, leaves it valid, and is answered", async () => {
  await using world = await startBotWorld();
  const { mia, other, group } = await furnish(world);
  // A message without buttons, as one that is gone: nothing tells what its buttons were.
  const blank = await world.ask("/help", { from: mia });
  const before = await foreign(world, mia.id);
  const place = fc.constantFrom("", "", "", `@${other.id}`, `@${group.id}`, `@${mia.id}`, "@-1", "@1");
  const press = fc
    .tuple(fc.constantFrom(...KINDS), place, fc.array(number, { maxLength: 4 }))
    .map(([kind, chat, numbers]) => ({ data: [`v1:${kind}${chat}`, ...numbers].join(":") }));
  const own = `s${mia.id}x`;
  const says = fc.constantFrom(
    "/list",
    "/settings",
    "/lang auto",
    `/track ${own}1 ${own}2 ${own}3`,
    `/mute ${own}1 7d`,
  );
  const action = fc.oneof(
    { weight: 3, arbitrary: press },
    { weight: 3, arbitrary: fc.record({ shown: fc.nat() }) },
    fc.record({ answer }),
    fc.record({ says }),
  );
  const safe = fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 6 }), async (actions) => {
    for (const one of actions) {
      if ("data" in one) await world.press(lastBlank(world, mia.id, blank), one, mia);
      else if ("says" in one) await world.ask(one.says, { from: mia });
      else if ("shown" in one) await pressShown(world, mia, one.shown);
      else await world.ask(one.answer, { from: mia, replyTo: world.last(mia) }).catch(ignoreUnsayable);
    }
    expect(world.failures).toEqual([]);
    await expectValid(world, mia.id);
    const messages = world.telegram.messages(mia).filter(({ fromBot }) => fromBot);
    for (const { buttons } of messages) expect(buttons.flat().length).toBeLessThanOrEqual(100);
  });
  await fc.assert(safe, { numRuns: 50 });
  expect(await foreign(world, mia.id)).toEqual(before);
  const refused = world.telegram.calls.filter(({ method, code }) => method === "sendMessage" && code !== 200);
  expect(refused).toEqual([]);
});

test("an administrator's forged presses from afar change that group alone", async () => {
  await using world = await startBotWorld();
  const { mia, other, group } = await furnish(world);
  world.telegram.setRole(group, mia, "administrator");
  await world.ask("/help", { from: mia });
  const orm = world.db.for("test");
  const theirs = async () => [
    await orm.all(sql`SELECT id, settings FROM users WHERE id <> ${group.id} ORDER BY id`),
    await orm.all(sql`SELECT * FROM user_streamers WHERE user_id <> ${group.id} ORDER BY user_id, streamer_id`),
  ];
  const before = await theirs();
  const data = fc
    .tuple(fc.constantFrom(...KINDS), fc.constantFrom(group.id, group.id, other.id), fc.array(number, { maxLength: 4 }))
    .map(([kind, chat, numbers]) => [`v1:${kind}@${chat}`, ...numbers].join(":"))
    .filter((data) => data.length <= LONGEST_DATA);
  const safe = fc.asyncProperty(data, async (data) => {
    const message = await showButton(world, mia, data);
    await world.press(message, { data }, mia);
    expect(world.failures).toEqual([]);
    await expectValid(world, group.id);
  });
  await fc.assert(safe, { numRuns: 60 });
  expect(await theirs()).toEqual(before);
});

/** The bot's message that shows no buttons, however often it has been changed since; a new one when it has some now. */
function lastBlank({ telegram }: BotWorld, chatId: number, [first]: Message[]): Message {
  const blank = telegram.messages({ id: chatId }).filter(({ fromBot, buttons }) => fromBot && buttons.length === 0);
  const message = blank.at(-1) ?? first;
  if (message === undefined) throw new Error("the bot has written nothing");
  // It is gone by now: every press is the first word about it.
  return { ...message, id: 9_999_999 };
}

async function pressShown(world: BotWorld, from: { id: number }, pick: number) {
  const shown = world.telegram
    .messages(from)
    .filter(({ fromBot, buttons }) => fromBot && buttons.flat().some(({ data }) => data));
  const message = shown[pick % Math.max(shown.length, 1)];
  const buttons = message?.buttons.flat().flatMap(({ data }) => data ?? []) ?? [];
  const data = buttons[pick % Math.max(buttons.length, 1)];
  if (message !== undefined && data !== undefined) await world.press(message, { data }, from as never);
}

async function expectValid({ db }: BotWorld, chatId: number) {
  const orm = db.for("test");
  const [user] = await orm.all<{ settings: string }>(sql`SELECT settings FROM users WHERE id = ${chatId}`);
  const { quiet, digestAt, timeZone, language, notify = {} }: ChatSettings = JSON.parse(user?.settings ?? "{}");
  const isMinute = (value: number) => Number.isInteger(value) && value >= 0 && value < 1_440;
  if (quiet !== undefined) expect(isMinute(quiet.from) && isMinute(quiet.to) && quiet.from !== quiet.to).toBe(true);
  if (digestAt !== undefined) expect(isMinute(digestAt)).toBe(true);
  if (timeZone !== undefined) expect(() => new Intl.DateTimeFormat("en", { timeZone })).not.toThrow();
  expect([undefined, "ru", "en"]).toContain(language);
  expectNotify(notify);
  const rows = await orm.all<{ settings: string }>(sql`SELECT settings FROM user_streamers WHERE user_id = ${chatId}`);
  for (const row of rows) {
    const settings: TrackingSettings = JSON.parse(row.settings);
    const { mutedUntil = 0, minPrice = 0, maxPrice = Infinity, include = [], exclude = [] } = settings;
    expect(Number.isNaN(new Date(mutedUntil).getTime())).toBe(false);
    expect(minPrice).toBeLessThanOrEqual(maxPrice);
    expect([...include, ...exclude].every((word) => word !== "" && word.length <= 50)).toBe(true);
    expectNotify(settings.notify ?? {});
  }
}

function expectNotify({ dropPercent = 10, priceBelow = 1 }: Notify) {
  expect(Number.isInteger(dropPercent) && dropPercent >= 1 && dropPercent <= 90).toBe(true);
  expect(Number.isSafeInteger(priceBelow) && priceBelow > 0).toBe(true);
}

/** People cannot send what has nothing to see in it. */
function ignoreUnsayable(error: unknown) {
  if (!/text must be non-empty/.test(String(error))) throw error;
}
