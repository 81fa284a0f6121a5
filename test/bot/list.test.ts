import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { look, tracked, wishes } from "../db/story.ts";
import { labels, plain, visitor } from "./taps.ts";
import { type BotWorld, startBotWorld } from "./world.ts";

const names = (text: string) => Array.from(text.matchAll(/^\d+\. (\S+)/gm), ([, name]) => name);

/** Ann was tracked first and Cat last; Bob has had news lately. */
async function threeLists(world: BotWorld, chatId: number) {
  const orm = world.db.for("test");
  const ids: number[] = [];
  for (const [n, name] of ["Ann", "Bob", "Cat"].entries()) {
    const id = await tracked(world.db, chatId, name, wishes("a"));
    await orm.run(sql`UPDATE user_streamers SET created_at = ${1_700_000_000_000 + n} WHERE streamer_id = ${id}`);
    ids.push(id);
  }
  await look(world.db, ids[1] ?? 0, wishes("ab"));
  return ids;
}

test("one button leads through the orders: latest news, name, latest tracked; each press is one statement", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await threeLists(world, mia.id);
  const guest = visitor(world, mia);
  expect(names(await guest.say("/list"))).toEqual(["Bob", "Cat", "Ann"]);
  expect(guest.text).toMatch(/^1\. Bob – 2 items, since November 1[45], 2023, news today$/m);
  world.statements.length = 0;
  await guest.tap("Latest news first");
  expect(names(guest.text)).toEqual(["Ann", "Bob", "Cat"]);
  await guest.tap("By name");
  expect(names(guest.text)).toEqual(["Cat", "Bob", "Ann"]);
  await guest.tap("Latest tracked first");
  expect(names(guest.text)).toEqual(["Bob", "Cat", "Ann"]);
  expect(world.statements).toEqual(["list_trackings", "list_trackings", "list_trackings"]);
});

test("names are ordered as their readers do, and pages keep the order", async () => {
  await using world = await startBotWorld();
  const olya = world.telegram.person({ languageCode: "ru" });
  const orm = world.db.for("test");
  for (const [n, name] of [
    "Яна",
    "ёж",
    "Егор",
    "Жук",
    "zoe",
    "Anna",
    "2 кота",
    "10 котов",
    "я",
    "б",
    "а",
    "в",
  ].entries()) {
    const id = await tracked(world.db, olya.id, `nick${n}`, []);
    await orm.run(sql`UPDATE streamers SET name = ${name} WHERE id = ${id}`);
  }
  const guest = visitor(world, olya);
  await guest.say("/list");
  await guest.tap("Сначала новости");
  const first = names(guest.text);
  await guest.tap("›");
  expect([...first, ...names(guest.text)]).toEqual([
    "2",
    "10",
    "а",
    "б",
    "в",
    "Егор",
    "ёж",
    "Жук",
    "я",
    "Яна",
    "Anna",
    "zoe",
  ]);
  expect(guest.labels).toContain("↕️ По имени");
  await guest.tap("11", "Назад");
  expect(names(guest.text)).toEqual(["Anna", "zoe"]);
});

test("what is muted and what cannot be read is marked; one failed look is not worth a word", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const [ann, bob, cat] = await threeLists(world, mia.id);
  const orm = world.db.for("test");
  await orm.run(sql`UPDATE user_streamers SET settings = '{"mutedUntil":8640000000000000}' WHERE streamer_id = ${ann}`);
  await orm.run(sql`UPDATE user_streamers SET settings = '{"mutedUntil":1700000000000}' WHERE streamer_id = ${cat}`);
  await orm.run(sql`UPDATE streamers SET failures = 3 WHERE id = ${bob}`);
  await orm.run(sql`UPDATE streamers SET failures = 1 WHERE id = ${cat}`);
  const text = await visitor(world, mia).say("/list");
  expect(names(text.replace(/ (🔕|⚠️)/gu, "$1"))).toEqual(["Bob⚠️", "Cat", "Ann🔕"]);
});

test("200 streamers with the longest names fit on pages of ten, within Telegram's limits", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  const orm = world.db.for("test");
  await world.ask("/lang auto", { from: mia });
  await orm.run(sql`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO streamers (source, owner_id, nickname, nickname_key, name, url, created_at)
    SELECT 'fetta', i, i, i, ${'<b>"&"</b> 👩‍👩‍👧 '.repeat(20)}, 'https://fetta.app/u/' || i, 1 FROM n`);
  await orm.run(
    sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT ${mia.id}, id, id FROM streamers`,
  );
  const guest = visitor(world, mia);
  await guest.say("/list");
  expect(guest.labels).toContain("1/20");
  for (let page = 2; page <= 20; page++) await guest.tap("›");
  expect(guest.labels.slice(0, 10)).toEqual(["191", "192", "193", "194", "195", "196", "197", "198", "199", "200"]);
  await guest.tap("200", "Back");
  expect(guest.labels).toContain("20/20");
  expect(world.failures).toEqual([]);
});

test("a button of a page or a card that is no more shows what there is, with a word", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await threeLists(world, mia.id);
  const guest = visitor(world, mia);
  await guest.say("/list");
  await world.db.for("test").run(sql`DELETE FROM user_streamers WHERE user_id = ${mia.id} AND streamer_id = 2`);
  expect(await guest.tap("1")).toBe("This one is no longer on your list.");
  expect(names(guest.text)).toEqual(["Cat", "Ann"]);
  await world.db.for("test").run(sql`DELETE FROM user_streamers`);
  expect(await guest.tap("1")).toBe("This one is no longer on your list.");
  expect(guest.text).toMatch(/^You are not following anyone yet/);
  expect(guest.labels).toEqual([]);
});

test("in a group everybody may look at the list and at cards, whose buttons are the administrators'", async () => {
  await using world = await startBotWorld();
  const [boss, member] = [world.telegram.person({ languageCode: "en" }), world.telegram.person({ languageCode: "en" })];
  const group = world.telegram.group({ administrators: [boss], members: [member], supergroup: true });
  await tracked(world.db, group.id, "mila", wishes("a"));
  const guest = visitor(world, member, group);
  await guest.say("/list");
  await guest.tap("1");
  expect(guest.text).toMatch(/^mila\n1 item, tracked since/);
  const before = await world.db.for("test").all(sql`SELECT * FROM user_streamers`);
  for (const button of ["Mute", "Filters", "News & prices", "Untrack"]) {
    expect(await guest.tap(button)).toMatch(/^Only administrators/);
  }
  await guest.tap("Back");
  expect(labels(guest.message)).toEqual(["1"]);
  expect(await world.db.for("test").all(sql`SELECT * FROM user_streamers`)).toEqual(before);
  expect(plain(guest.text)).toMatch(/^You follow 1 streamer:/);
});
