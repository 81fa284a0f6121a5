import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { tracked, wishes } from "../db/story.ts";
import { startBotWorld } from "./world.ts";

test("an operator sets a streamer's priority; for anybody else there is no such command", async () => {
  await using world = await startBotWorld({ adminIds: [777] });
  await tracked(world.db, 5, "Ann", wishes("a"));
  const [operator, fan] = [
    world.telegram.person({ id: 777, languageCode: "en" }),
    world.telegram.person({ languageCode: "en" }),
  ];
  const answer = async (text: string, from = operator) =>
    (await world.ask(text, { from })).map((message) => message.text);
  expect(await answer("/priority ann vip", fan)).toEqual([expect.stringContaining("don’t know this command")]);
  expect(await answer("/priority Ann VIP")).toEqual(["Ann: vip"]);
  expect(await answer("/priority")).toEqual([expect.stringContaining("/priority nickname")]);
  expect(await answer("/priority ann urgent")).toEqual([expect.stringContaining("/priority nickname")]);
  expect(await answer("/priority nobody high")).toEqual([expect.stringContaining("Nobody follows nobody")]);
  expect(await world.db.for("test").all(sql`SELECT priority FROM streamers`)).toEqual([{ priority: 10 }]);
});
