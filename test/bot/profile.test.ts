import { Api } from "grammy";
import { expect, test } from "vitest";
import { startTelegram } from "../../sandbox/telegram/telegram.ts";
import { publishProfile } from "../../src/bot/profile.ts";
import type { Texts } from "../../src/bot/texts.ts";
import { testDb } from "../db/test-db.ts";
import { leadWith, texts } from "./world.ts";

async function world() {
  const telegram = await startTelegram();
  const db = await testDb();
  const failures: unknown[] = [];
  const published = () => telegram.calls.filter(({ method }) => method.startsWith("setMy"));
  /** What one leader tells Telegram in its term. */
  async function publish({ adminIds = [] as number[], said = texts }: { adminIds?: number[]; said?: Texts } = {}) {
    const before = published().length;
    const api = new Api(telegram.token, { apiRoot: telegram.url });
    const options = { api, orm: db.for, texts: said, adminIds, failed: (error: unknown) => void failures.push(error) };
    const done = Promise.withResolvers<void>();
    await using _ = await leadWith(db, async (leader) => {
      await publishProfile(options, leader);
      done.resolve();
    });
    await done.promise;
    return published().slice(before);
  }
  return {
    ...{ telegram, publish, failures },
    async [Symbol.asyncDispose]() {
      await telegram.close();
      await db[Symbol.asyncDispose]();
    },
  };
}

test("commands are published for each language and scope, and a member of a group is offered fewer", async () => {
  await using made = await world();
  const { telegram, publish, failures } = made;
  await publish();
  const [olya, mia] = [telegram.person({ languageCode: "ru" }), telegram.person({ languageCode: "de" })];
  const group = telegram.group({ administrators: [olya], members: [mia] });
  const names = (chat: { id: number }, person: typeof mia) => telegram.menu(chat, person).map(({ command }) => command);
  expect(names(mia, mia)).toContain("track");
  expect(names(mia, mia)).not.toContain("priority");
  expect(names(group, mia)).toEqual(["list", "wishlist", "new", "help"]);
  expect(names(group, olya)).toContain("track");
  expect(telegram.menu(olya, olya)[0]?.description).toMatch(/^следить/);
  expect(telegram.menu(mia, mia)[0]?.description).toMatch(/^follow/);
  expect(telegram.descriptions.ru).toMatch(/^🔔 Слежу за вишлистами/);
  expect(telegram.shortDescriptions[""]).toMatch(/^🔔 I write/);
  expect(failures).toEqual([]);
});

test("what has not changed is not published again, and what has is, alone", async () => {
  await using made = await world();
  const { publish } = made;
  expect((await publish()).length).toBe(10);
  expect(await publish()).toEqual([]);
  const changed: Texts = (language, key, variables) =>
    key === "profile-about" && language === "ru" ? "Иначе" : texts(language, key, variables);
  const again = await publish({ said: changed });
  expect(again.map(({ method, params }) => [method, params.language_code])).toEqual([["setMyShortDescription", "ru"]]);
});

test("an operator is offered the operators' commands once there is a chat, and stops nothing before", async () => {
  await using made = await world();
  const { telegram, publish, failures } = made;
  await publish({ adminIds: [77] });
  const boss = telegram.person({ id: 77 });
  telegram.say("/start", { from: boss });
  await publish({ adminIds: [77] });
  expect(telegram.menu(boss, boss).map(({ command }) => command)).toContain("priority");
  expect(failures).toEqual([]);
});

test("what Telegram does not take now is published by the next leader", async () => {
  await using made = await world();
  const { telegram, publish, failures } = made;
  telegram.fault({
    when: ({ method }) => method === "setMyDescription",
    times: 1,
    do: {
      kind: "error",
      code: 429,
      description: "Too Many Requests: retry after 900",
      parameters: { retry_after: 900 },
    },
  });
  await publish();
  expect(failures).toHaveLength(1);
  await publish();
  expect(Object.keys(telegram.descriptions)).toHaveLength(2);
});
