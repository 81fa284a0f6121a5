import { expect, test } from "vitest";
import { startBotWorld } from "../bot/world.ts";
import { look, tracked, wishes } from "../db/story.ts";
import { chatState, fromBot, outboxOf, sends, startSender, stateOf } from "./post-office.ts";

/** A person, or a group with the bot in it, that follows one streamer. */
async function follower(kind: "person" | "group") {
  const world = await startBotWorld();
  const { telegram, db } = world;
  const person = telegram.person({ languageCode: "en" });
  await world.ask("/start", { from: person });
  const chat = kind === "person" ? person : telegram.group({ administrators: [person] });
  await tracked(db, chat.id, "mila", wishes("a"));
  const leave = () => ("firstName" in chat ? telegram.block(chat) : telegram.kick(chat));
  const comeBack = () => ("firstName" in chat ? telegram.unblock(chat) : telegram.add(chat));
  const start = () => startSender({ db, token: telegram.token, apiRoot: telegram.url });
  return { world, telegram, db, chat, leave, comeBack, start };
}

test.each(["person", "group"] as const)(
  "a %s that the bot was put out of costs no refusal, and hears what is new when it is let in again",
  async (kind) => {
    const { world, telegram, db, chat, leave, comeBack, start } = await follower(kind);
    await using _ = world;
    await look(db, 1, wishes("ba"));
    leave();
    await telegram.idle();
    expect(await outboxOf(db)).toMatchObject([{ state: "skipped", error: "the bot is kicked" }]);
    await look(db, 1, wishes("cba"));
    const sender = start();
    comeBack();
    await telegram.idle();
    expect(await chatState(db, chat.id)).toMatchObject({ active: true, trackings: 1 });
    // Nobody watched meanwhile: the first look is a baseline.
    await look(db, 1, wishes("dcba"));
    await look(db, 1, wishes("edcba"));
    sender.bell.ring();
    await sender.until((reports) => reports.length > 0);
    await sender.stop();
    expect(sender.reports).toMatchObject([{ outcome: "sent", chatId: chat.id }]);
    expect(sends(telegram, chat).filter(({ code }) => code !== 200)).toEqual([]);
    expect(fromBot(telegram, chat).at(-1)?.text).toContain("Item e");
    expect(await stateOf(db)).toBe("skipped sent");
    expect(world.failures).toEqual([]);
  },
);

test("a chat that leaves while its message is on the way is sent nothing more", async () => {
  const { world, telegram, db, chat, leave, start } = await follower("person");
  await using _ = world;
  await tracked(db, chat.id, "bao", wishes("a"));
  await look(db, 1, wishes("ba"));
  await look(db, 2, wishes("ba"));
  const remove = telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "delay", ms: 200 } });
  const sender = start();
  await new Promise<void>((resolve) => {
    telegram.onChange((change) => {
      if (change.kind === "call" && change.call.method === "sendMessage") resolve();
    });
  });
  leave();
  await telegram.idle();
  remove();
  await sender.until((reports) => reports.length === 1);
  await sender.stop();
  expect(await stateOf(db)).toBe("skipped skipped");
  expect(await chatState(db, chat.id)).toMatchObject({ active: false, trackings: 2 });
});
