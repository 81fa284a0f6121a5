import { expect, test } from "vitest";
import { createAdministrators } from "../../src/bot/administrators.ts";
import { sql } from "../../src/db/orm.ts";
import { tracked, wishes } from "../db/story.ts";
import { type Message, startBotWorld, startLookingWorld } from "./world.ts";

const labels = ({ buttons }: Message) => buttons.flat().map(({ text }) => text);

/** Mia administers a group that she has added the bot to; Bob is a member of it. */
async function club() {
  const world = await startBotWorld();
  const { telegram } = world;
  const [mia, bob] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  for (const person of [mia, bob]) await world.ask("/help", { from: person });
  const group = telegram.group({
    title: "Stream <club>",
    administrators: [telegram.person(), mia],
    members: [bob],
    bot: "left",
  });
  telegram.add(group, mia);
  await telegram.idle();
  const followed = async () => {
    const rows = await world.db.for("test").all<{ nickname: string }>(sql`
      SELECT s.nickname FROM user_streamers us JOIN streamers s ON s.id = us.streamer_id WHERE us.user_id = ${group.id}`);
    return rows.map(({ nickname }) => nickname);
  };
  return { ...world, world, mia, bob, group, followed };
}

test("whoever adds the bot to a group manages it from the private chat: list, settings, and who is followed", async () => {
  const { world, mia, group, ask, press, db, followed } = await club();
  await using _ = world;
  await tracked(db, 1, "mila", wishes("abc"));
  const [choice] = await ask("/groups", { from: mia });
  expect(choice && labels(choice)).toEqual(["👥 Stream <club> · 0", "👥 Add to a group", "📢 Add to a channel"]);
  if (choice === undefined) return;
  const hub = (await press(choice, "👥 Stream <club> · 0", mia)).shows;
  expect(hub.text).toMatch(/Stream <club>[\s\S]*What shall we do\?/);
  await press(hub, "🔔 Follow", mia);
  const question = world.last(mia);
  expect((await ask("mila", { from: mia, replyTo: question })).at(-1)?.text).toMatch(/Stream <club>\n🔔 Tracking mila/);
  expect(await followed()).toEqual(["mila"]);
  expect(world.telegram.messages(group).filter(({ text }) => text.includes("Tracking"))).toEqual([]);
  const list = (await press(hub, "📋 List", mia)).shows;
  expect(list.text).toMatch(/Stream <club>[\s\S]*mila/);
  expect(world.failures).toEqual([]);
});

test("nobody manages a group that they do not administer, whatever they press, answer or follow", async () => {
  const { world, bob, group, ask, press, db, followed } = await club();
  await using _ = world;
  await tracked(db, 1, "mila", wishes("a"));
  const [help] = await ask("/help", { from: bob });
  if (help === undefined) return;
  for (const data of [`v1:g@${group.id}`, `v1:l@${group.id}:0`, `v1:ta@${group.id}`, `v1:s@${group.id}`]) {
    expect(await press(help, { data }, bob)).toMatchObject({ toast: expect.stringMatching(/administrators/) });
  }
  expect((await ask(`/start g${group.id}`, { from: bob }))[0]?.text).toMatch(/^You can manage only/);
  expect((await ask("/start g-999", { from: bob }))[0]?.text).toMatch(/^You can manage only/);
  expect((await ask("/groups", { from: bob, chat: group }))[0]?.text).toMatch(/administrators/);
  // A question forged as a reply to somebody else's message is none of ours.
  const [foreign] = world.telegram.messages(bob);
  expect((await ask("mila", { from: bob, ...(foreign && { replyTo: foreign }) }))[0]?.text).toMatch(/^I know wishlist/);
  expect(await followed()).toEqual([]);
  const [choice] = await ask("/groups", { from: bob });
  expect(choice && labels(choice)).toEqual(["👥 Add to a group", "📢 Add to a channel"]);
});

test("another administrator comes to it by /groups in the group, and may take it off the list again", async () => {
  const { world, mia, bob, group, ask, press } = await club();
  await using _ = world;
  world.telegram.setRole(group, bob, "administrator");
  const [link] = await ask("/groups", { from: bob, chat: group });
  const url = link?.buttons[0]?.[0]?.url ?? "";
  expect(url).toBe(`https://t.me/WishbellTestBot?start=g${group.id}`);
  const [hub] = await ask(`/start ${url.split("start=")[1]}`, { from: bob });
  expect(hub?.text).toMatch(/Stream <club>/);
  if (hub === undefined) return;
  const { shows } = await press(hub, "✖️ Take off this list", bob);
  expect(labels(shows)).toEqual(["👥 Add to a group", "📢 Add to a channel"]);
  const [mias] = await ask("/groups", { from: mia });
  expect(mias && labels(mias)[0]).toBe("👥 Stream <club> · 0");
});

test("a channel is managed from the private chat of who added the bot, and gets no post about it", async () => {
  await using world = await startLookingWorld();
  const { telegram, fetta, ask, press } = world;
  const mia = telegram.person({ languageCode: "en" });
  await ask("/help", { from: mia });
  const channel = telegram.channel({ title: "News", administrators: [mia], bot: "left" });
  telegram.add(channel, mia);
  await telegram.idle();
  expect(world.last(mia).text).toBe("🔔 Connected: News. Manage it from here: /groups");
  fetta.streamer("mila");
  await world.lead();
  const [choice] = await ask("/groups", { from: mia });
  if (choice === undefined) return;
  const hub = (await press(choice, "📢 News · 0", mia)).shows;
  await press(hub, "🔔 Follow", mia);
  await ask("mila", { from: mia, replyTo: world.last(mia) });
  const done = await telegram.until(mia, /Tracking mila/, 10_000);
  expect(done.text).toMatch(/Tracking mila/);
  expect(telegram.messages(channel).filter(({ fromBot }) => fromBot)).toEqual([]);
  const rows = await world.db.for("test").all(sql`SELECT user_id AS id FROM user_streamers`);
  expect(rows).toEqual([{ id: channel.id }]);
  expect(world.failures).toEqual([]);
});

test("administrators are asked for once in five minutes, and a new one need not wait that long", async () => {
  const { world, mia, bob, group, ask, db } = await club();
  await using _ = world;
  await tracked(db, 1, "mila", wishes("a"));
  const asked = () => world.telegram.calls.filter(({ method }) => method === "getChatAdministrators").length;
  for (let n = 0; n < 4; n++) await ask("/track mila", { from: mia, chat: group });
  expect(asked()).toBe(1);
  await ask("/track mila", { from: bob, chat: group });
  expect(asked()).toBe(1);
  let now = 0;
  const administrators = createAdministrators(world.bot.api, () => now);
  expect(await administrators.has(group.id, bob.id)).toBe(false);
  world.telegram.setRole(group, bob, "administrator");
  expect(await administrators.has(group.id, bob.id)).toBe(false);
  now = 11_000;
  expect(await administrators.has(group.id, bob.id)).toBe(true);
  world.telegram.setRole(group, mia, "member");
  expect(await administrators.has(group.id, mia.id)).toBe(true);
  now += 5 * 60_000;
  expect(await administrators.has(group.id, mia.id)).toBe(false);
  expect(await administrators.has(-999, mia.id)).toBe(false);
});
