import { expect, test } from "vitest";
import { createQuota } from "../../src/bot/quota.ts";
import { tracked, wishes } from "../db/story.ts";
import { startBotWorld } from "./world.ts";

const limits = { perPerson: 3, perChat: 5, presses: 2, looks: 4 };

test("who asks too much is told so once, and then not at all; nobody else is kept from asking", async () => {
  await using world = await startBotWorld({ quota: createQuota(limits) });
  const { telegram, ask } = world;
  const [mia, bob] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
  const answers: (string | undefined)[] = [];
  for (let n = 0; n < 6; n++) answers.push((await ask("/help", { from: mia }))[0]?.text);
  expect(answers.slice(0, 3)).toEqual(Array(3).fill(expect.stringMatching(/What I do/)));
  expect(answers.slice(3)).toEqual([expect.stringMatching(/^⏳ Too fast/), undefined, undefined]);
  expect((await ask("/help", { from: bob }))[0]?.text).toMatch(/What I do/);
});

test("in a group many together come to the group's limit, and talk that is not for the bot counts for nothing", async () => {
  await using world = await startBotWorld({ quota: createQuota(limits), privacy: false });
  const { telegram, ask } = world;
  const people = Array.from({ length: 4 }, () => telegram.person({ languageCode: "en" }));
  const group = telegram.group({ members: people });
  for (const from of people) for (let n = 0; n < 3; n++) await ask("just talk", { from, chat: group });
  const answers: (string | undefined)[] = [];
  for (const from of [...people, ...people]) answers.push((await ask("/list", { from, chat: group }))[0]?.text);
  expect(answers.map((text) => text?.slice(0, 1))).toEqual(["Y", "Y", "Y", "Y", "Y", "⏳", undefined, undefined]);
});

test("presses have a limit of their own, and each gets an answer that stops its spinner", async () => {
  await using world = await startBotWorld({ quota: createQuota(limits) });
  const { telegram, ask, press } = world;
  const mia = telegram.person({ languageCode: "en" });
  const [start] = await ask("/start", { from: mia });
  if (start === undefined) throw new Error("no greeting");
  const toasts: string[] = [];
  for (let n = 0; n < 4; n++) toasts.push((await press(start, { data: "v1:l:0" }, mia)).toast);
  expect(toasts.slice(2)).toEqual([expect.stringMatching(/^⏳/), ""]);
});

test("first looks are limited by the hour; streamers that are known are not", async () => {
  await using world = await startBotWorld({ quota: createQuota({ ...limits, perPerson: 100, perChat: 100 }) });
  const { telegram, ask } = world;
  const mia = telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "known", wishes("a"));
  expect((await ask("/track a1 a2 a3 a4", { from: mia }))[0]?.text).toMatch(/a1[\s\S]*a4/);
  const said = (await ask("/track a5 known", { from: mia })).map(({ text }) => text).join("\n");
  expect(said).toMatch(/^⏳ That is a lot of new streamers/m);
  expect(said).toMatch(/Tracking known/);
});
