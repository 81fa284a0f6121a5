import { expect, test } from "vitest";
import { change } from "../db/owed.ts";
import { look, wishes } from "../db/story.ts";
import { pass, postOffice } from "./post-office.ts";

test("the delay of news is told from its finding to its arrival, and whether the chat wanted it later", async () => {
  await using office = await postOffice({});
  const { db } = office;
  const [prompt, quiet] = [await office.fan("pixelfox"), await office.fan("pixelfox")];
  const streamer = await office.follow(prompt, "pixelfox");
  await look(db, streamer, wishes("ab"));
  await change(db, "users", [quiet.id], "held_until = 1");
  await pass(db, 20_000);
  office.telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 400 } });
  const sender = office.start();
  await sender.until((reports) => reports.length === 2);
  const told = (chat: { id: number }) => sender.reports.find(({ chatId }) => chatId === chat.id);
  expect(told(prompt)).toMatchObject({ outcome: "sent", held: false });
  expect(told(prompt)?.ageMs).toBeGreaterThanOrEqual(20_400);
  expect(told(quiet)).toMatchObject({ outcome: "sent", held: true });
});
