import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { eraseChat, exportChat } from "../../src/db/person.ts";
import { batch } from "../../src/db/sql.ts";
import { untrackStreamer } from "../../src/db/trackings.ts";
import { closeChat } from "../../src/db/users.ts";
import { look, tracked, wishes } from "../db/story.ts";
import { testDb } from "../db/test-db.ts";
import { startBotWorld } from "./world.ts";

const PERSON = 4_242;

/** A database in which one person has left a row in every table that knows chats, beside another person's. */
async function lived() {
  const db = await testDb();
  const orm = db.for("test");
  const ann = await tracked(db, PERSON, "Ann", wishes("a"));
  const bob = await tracked(db, PERSON, "Bob", wishes("b"));
  await tracked(db, 7, "Ann", wishes("a"));
  await look(db, ann, wishes("xa"));
  await untrackStreamer(orm, PERSON, bob);
  await batch(orm, [
    orm.run(sql`INSERT INTO users (id, type, title, language, created_at) VALUES (-5, 'group', 'Fans', 'ru', 0)`),
    orm.run(sql`INSERT INTO managers (person_id, chat_id, created_at) VALUES (${PERSON}, -5, 0), (7, -5, 0)`),
    orm.run(sql`
      INSERT INTO lookups (source, nickname_key, chat_id, nickname, thread_id, language, next_at, answer_at, created_at, answer_chat_id)
      VALUES ('fetta', 'cat', ${PERSON}, 'cat', 0, 'ru', 0, 0, 0, ${PERSON})`),
    orm.run(sql`
      INSERT INTO broadcasts (texts, language, chat_id, message_id, created_at)
      VALUES ('{}', 'ru', ${PERSON}, 5, 0), ('{}', 'ru', 7, 5, 0)`),
    orm.run(sql`
      INSERT INTO broadcast_messages (broadcast_id, chat_id, thread_id) VALUES (1, ${PERSON}, 0), (1, 7, 0)`),
  ]);
  return { db, orm, ann, bob };
}

/** Every table and column in which this number stands. */
async function traces({ client }: Awaited<ReturnType<typeof testDb>>, id: number): Promise<string[]> {
  const { rows: tables } = await client.execute("SELECT name FROM sqlite_master WHERE type = 'table'");
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.execute(`SELECT * FROM "${name}"`);
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        if (value === id || (typeof value === "string" && value.includes(String(id)))) found.push(`${name}.${column}`);
      }
    }
  }
  return [...new Set(found)].sort();
}

test("what is erased leaves its number in no table, and everybody else's rows as they were", async () => {
  const { db, orm, bob } = await lived();
  await using _ = db;
  expect(await traces(db, PERSON)).toEqual([
    "broadcast_messages.chat_id",
    "broadcasts.chat_id",
    "lookups.answer_chat_id",
    "lookups.chat_id",
    "managers.person_id",
    "outbox.chat_id",
    "untracked.user_id",
    "user_streamers.user_id",
    "users.id",
  ]);
  const others = await traces(db, 7);
  await eraseChat(orm, PERSON);
  expect(await traces(db, PERSON)).toEqual([]);
  expect(await traces(db, 7)).toEqual(others);
  const asleep = await orm.all<{ id: number }>(sql`SELECT id FROM streamers WHERE next_check_at IS NULL`);
  expect(asleep).toEqual([{ id: bob }]);
  await eraseChat(orm, PERSON);
});

test("an export holds everything that is stored, and of a chat that is not known nothing", async () => {
  const { db, orm, ann } = await lived();
  await using _ = db;
  await orm.run(sql`UPDATE user_streamers SET settings = '{"include":["lamp"]}' WHERE streamer_id = ${ann}`);
  expect(await exportChat(orm, PERSON)).toMatchObject({
    chat: { id: PERSON, type: "private", language: "ru", settings: {} },
    trackings: [{ source: "fetta", nickname: "Ann", url: "https://fetta.app/u/Ann", settings: { include: ["lamp"] } }],
    lookingFor: [{ source: "fetta", nickname: "cat" }],
    ended: [{ source: "fetta", nickname: "Bob" }],
    manages: [{ id: -5, title: "Fans" }],
    messages: { pending: 1 },
    announcements: { pending: 1 },
  });
  expect(await exportChat(orm, 99)).toBeUndefined();
});

test("/export gives a file that /import reads in another chat", async () => {
  await using world = await startBotWorld();
  const { telegram, ask } = world;
  const [mia, olya] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "ru" })];
  expect((await ask("/export", { from: mia }))[0]?.text).toMatch(/^I have nothing/);
  for (const nickname of ["ann", "bob"]) await tracked(world.db, 1, nickname, wishes("a"));
  await ask("/track ann bob", { from: mia });
  const [file] = await ask("/export", { from: mia });
  expect(world.failures).toEqual([]);
  expect(file?.text).toMatch(/^This is all that I store about this chat: 2 streamers\./);
  expect(file?.document?.fileName).toBe("wishbell.json");
  const document = file?.document ?? { fileName: "", text: "" };
  expect((await ask("", { from: olya, document })).at(-1)?.text).toBe("🔔 Добавлено 2 стримера.");
  expect((await ask("", { from: olya, document })).at(-1)?.text).toMatch(/Уже в списке: 2\.$/);
  expect(world.failures).toEqual([]);
});

test("/import takes nicknames and links in any shape, and says what became of them", async () => {
  await using world = await startBotWorld({ maxTrackings: 3 });
  const { telegram, ask, press } = world;
  const mia = telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "ann", wishes("a"));
  const answers = await ask("/import ann;\nhttps://fetta.app/u/bob,cat dog Мила https://example.com/x", { from: mia });
  expect(answers.map(({ text }) => text)).toEqual([
    expect.stringMatching(/bob[\s\S]*cat/),
    "🔔 1 streamer added.\nLooking for 2 on the site.\nNeither a nickname nor a link: 2.",
  ]);
  const [question] = await ask("/import", { from: mia });
  expect(question?.text).toMatch(/as many as there are/);
  if (question === undefined) return;
  expect((await ask("nothing here!", { from: mia, replyTo: question })).at(-1)?.text).toMatch(
    /On the list|no nickname|Looking|None/,
  );
  const big = { fileName: "list.txt", text: "a ".repeat(200_000) };
  expect((await ask("", { from: mia, document: big })).at(-1)?.text).toMatch(/too big/);
  const [asked] = await ask("/start", { from: mia });
  if (asked === undefined) return;
  await press(asked, "🔔 Follow", mia);
  const prompt = world.last(mia);
  expect(prompt.text).toMatch(/Whose wishlist\?/);
  expect((await ask("ann", { from: mia, replyTo: prompt })).at(-1)?.text).toMatch(/^You already follow ann/);
  expect(world.failures).toEqual([]);
});

test("/delete_me asks first, erases on a second press, and leaves everything on the other", async () => {
  await using world = await startBotWorld();
  const { telegram, ask, press, db } = world;
  const mia = telegram.person({ languageCode: "en" });
  await tracked(db, 1, "ann", wishes("a"));
  await ask("/track ann", { from: mia });
  const [question] = await ask("/delete_me", { from: mia });
  if (question === undefined) throw new Error("no question");
  expect((await press(question, "Keep it", mia)).shows.text).toMatch(/stays as it is/);
  expect(await traces(db, mia.id)).not.toEqual([]);
  const [again] = await ask("/delete_me", { from: mia });
  if (again === undefined) throw new Error("no question");
  const { shows } = await press(again, "🗑 Erase it all", mia);
  expect(shows.text).toMatch(/^Done: I have nothing/);
  expect(shows.buttons).toEqual([]);
  expect(await traces(db, mia.id)).toEqual([]);
});

test("in a group only administrators take the data along or erase it", async () => {
  await using world = await startBotWorld();
  const { telegram, ask, press, db } = world;
  const [mia, bob] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  const group = telegram.group({ administrators: [mia], members: [bob] });
  await tracked(db, 1, "ann", wishes("a"));
  await ask("/track ann", { from: mia, chat: group });
  for (const command of ["/export", "/delete_me"]) {
    expect((await ask(command, { from: bob, chat: group }))[0]?.text).toMatch(/administrators/);
  }
  const [question] = await ask("/delete_me", { from: mia, chat: group });
  if (question === undefined) throw new Error("no question");
  expect((await press(question, "🗑 Erase it all", bob)).toast).toMatch(/administrators/);
  await batch(db.for("test"), closeChat(db.for("test"), 1, "gone"));
  expect(await db.for("test").all(sql`SELECT 1 FROM user_streamers WHERE user_id = ${group.id}`)).toHaveLength(1);
});
