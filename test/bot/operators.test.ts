import { expect, test } from "vitest";
import { halt, readHalts, resume } from "../../src/db/halts.ts";
import { noteIncidents } from "../../src/db/incidents.ts";
import { sql } from "../../src/db/orm.ts";
import { change, owe } from "../db/owed.ts";
import { tracked, wishes } from "../db/story.ts";
import { startBotWorld } from "./world.ts";

const OPERATOR = 777;

async function startOperatedWorld() {
  const world = await startBotWorld({ adminIds: [OPERATOR] });
  const operator = world.telegram.person({ id: OPERATOR, languageCode: "en" });
  const fan = world.telegram.person({ languageCode: "en" });
  const answer = async (text: string) => (await world.ask(text, { from: operator })).map((message) => message.text);
  return { ...world, operator, fan, answer };
}

test("for anybody else the operators' commands and buttons do not exist", async () => {
  await using world = await startOperatedWorld();
  const { telegram, operator, fan } = world;
  for (const command of ["/status", "/halt all", "/resume", "/recheck ann"]) {
    const [told] = await world.ask(command, { from: fan });
    expect(told?.text).toMatch(/don’t know this command/);
  }
  const group = telegram.group({ members: [operator, fan] });
  expect(await world.ask("/status", { from: fan, chat: group })).toEqual([]);
  const [shown] = await world.ask("/halt", { from: operator, chat: group });
  if (shown === undefined) throw new Error("the operator was not answered");
  const { toast } = await world.press(shown, "⏸ Halt everything", fan);
  expect(toast).toMatch(/no longer works/);
  expect(await readHalts(world.db.for("test"))).toEqual([]);
  expect(world.failures).toEqual([]);
});

test("/status tells who leads, what is owed, what went wrong and how much there is", async () => {
  await using world = await startOperatedWorld();
  const { db, operator, answer } = world;
  const orm = db.for("test");
  expect((await answer("/status"))[0]).toMatch(/Nobody leads now/);

  await orm.run(sql`
    UPDATE scheduler_lock SET instance_id = 'abcdefgh-1234', epoch = 7,
      acquired_at = CAST(unixepoch('subsec') * 1000 AS INTEGER), last_heartbeat = CAST(unixepoch('subsec') * 1000 AS INTEGER)`);
  await tracked(db, 5, "Ann", wishes("ab"));
  await orm.run(sql`UPDATE streamers SET next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) - 120000`);
  const [parked = 0] = await owe(db, { chat: 5 }, { chat: 6 });
  await change(db, "outbox", [parked], "state = 'parked', done_at = 1");
  await orm.run(sql`
    INSERT INTO source_states (source, requests) VALUES ('fetta', json_array(json_array(unixepoch() - 5, 4)))`);
  await noteIncidents(orm, [
    { level: "warn", what: "check failed", detail: "unreachable: status 503", count: 3 },
    { level: "error", what: "notification not delivered", detail: "parked", count: 1 },
  ]);
  await halt(orm, ["delivery"]);
  const [message] = await world.ask("/status", { from: operator });
  expect(message?.text.split("\n")).toEqual([
    "📊 Wishbell 1.2.3",
    expect.stringMatching(/^Leader abcdefgh: since \w+ \d+.*, term 7, heartbeat 0 sec ago$/),
    "here answers you",
    "",
    "🔎 Checks go on",
    "• fetta: late by 2 min, requests in a minute 4/12",
    "⏸ Delivery halted 0 sec ago",
    expect.stringMatching(/^• to be sent: 1, the oldest for \d sec; given up: 1$/),
    "",
    "Within the hour, errors: 1, warnings: 3",
    "⛔ notification not delivered: parked",
    "⚠️ 3× check failed: unreachable: status 503",
    "",
    "Streamers: 1, asleep: 0",
    "Trackings: 2, chats: 2, out of reach: 0",
    expect.stringMatching(/^Database: [\d.]+ kB$/),
  ]);
  await resume(orm, ["delivery"]);
  if (message === undefined) return;
  const { shows } = await world.press(message, "🔄 Refresh", operator);
  expect(shows.text).toContain("📮 Delivery goes on");
  expect(world.failures).toEqual([]);
});

test("/halt and /resume change what is halted, and their buttons take it back", async () => {
  await using world = await startOperatedWorld();
  const { db, operator, answer } = world;
  const halted = async () => (await readHalts(db.for("test"))).map(({ part }) => part);
  expect((await answer("/halt everthing"))[0]).toMatch(
    /^\/halt checks, delivery or all.*\n🔎 Checks go on\n📮 Delivery/,
  );
  expect(await halted()).toEqual([]);
  expect((await answer("/halt Checks"))[0]).toMatch(/^⏸ Checks halted 0 sec ago\n📮 Delivery goes on\nCommands work/);
  expect(await halted()).toEqual(["checks"]);
  const [screen] = await world.ask("/halt всё", { from: operator });
  expect(await halted()).toEqual(["checks", "delivery"]);
  if (screen === undefined) return;
  const { shows } = await world.press(screen, "▶️ Resume delivery", operator);
  expect(shows.text).toContain("📮 Delivery goes on");
  expect(await halted()).toEqual(["checks"]);
  expect((await answer("/resume"))[0]).toMatch(/^🔎 Checks go on/);
  expect(await halted()).toEqual([]);
  expect(world.failures).toEqual([]);
});

test("/recheck makes a streamer due now and says when it was looked at", async () => {
  await using world = await startOperatedWorld();
  const { db, operator, answer } = world;
  const orm = db.for("test");
  const id = await tracked(db, 5, "Ann", wishes("ab"));
  const due = async () => {
    const [row] = await orm.all<{ due: number; kept: number }>(sql`
      SELECT next_check_at <= CAST(unixepoch('subsec') * 1000 AS INTEGER) AS due,
        planned_at > CAST(unixepoch('subsec') * 1000 AS INTEGER) AS kept FROM streamers WHERE id = ${id}`);
    return row;
  };
  await orm.run(sql`UPDATE streamers SET next_check_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) + 60000`);
  expect((await answer("/recheck"))[0]).toMatch(/^\/recheck nickname/);
  expect((await answer("/recheck nobody"))[0]).toMatch(/no such streamer here: nobody/);
  expect(await due()).toMatchObject({ due: 0 });
  const [message] = await world.ask("/recheck ann", { from: operator });
  expect(message?.text).toMatch(/^🔎 Ann\nI will look now.*\nThe last good look was 0 sec ago, items: 2$/);
  expect(await due()).toEqual({ due: 1, kept: 1 });
  await answer("/recheck ann");
  expect(await due(), "twice is as good as once").toEqual({ due: 1, kept: 1 });

  await orm.run(sql`UPDATE streamers SET next_check_at = planned_at, planned_at = NULL`);
  if (message === undefined) return;
  const { shows } = await world.press(message, "🔄 Refresh", operator);
  expect(shows.text).toMatch(/The next look comes in (60|59) sec|1 min/);
  await world.press(message, "🔎 Look now", operator);
  expect(await due()).toEqual({ due: 1, kept: 1 });
  await halt(orm, ["checks"]);
  expect((await answer("/recheck ann"))[0]).toMatch(/Checks are halted/);
  await orm.run(sql`UPDATE streamers SET next_check_at = NULL`);
  expect((await answer("/recheck ann"))[0]).toMatch(/Nobody follows this streamer/);
  expect(world.failures).toEqual([]);
});
