import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Person } from "../../sandbox/telegram/types.ts";
import { type Instance, type LogLine, root } from "./instance.ts";
import { PATIENCE_MS, startWorld, type World } from "./world.ts";

const OPERATOR = 777;
const SECRET = "A-webhook-secret_of-our-own";
/** In every text, name, title and wish of this story, and in nothing that is ours. */
const MARK = /zq/i;

const manual = readFileSync(join(root, "docs/operating.md"), "utf8");
const tableUnder = (head: string) =>
  (manual.split(head)[1] ?? "")
    .split("\n\n")[0]
    ?.split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim())) ?? [];
const quoted = (cell = "") => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);

/** The types of the fields, by name, as the manual has them. */
const FIELDS = new Map(
  tableUnder("| field | type | what it is |").flatMap(([, names, types = ""]) => {
    const kinds = types.split(", ");
    return quoted(names).map((name, n) => [name, kinds[n] ?? kinds[0] ?? ""] as const);
  }),
);
/** What `msg` may be: `…` stands for the rest of it. */
const MESSAGES = tableUnder("| `msg` | meaning, and what to do |").flatMap(([, names]) => quoted(names));
const isDocumented = (msg: string) =>
  MESSAGES.some((known) => (known.endsWith("…") ? msg.startsWith(known.slice(0, -1)) : msg === known));

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "whole number" : "number";
  return typeof value === "string" ? "text" : typeof value;
}

const isOfType = (value: unknown, type = "") =>
  typeOf(value) === type || (type === "number" && typeOf(value) === "whole number");

test(
  "whatever happens, the log is JSON with the documented fields, and holds neither secrets nor what people wrote or wish",
  async () => {
    const port = await freePort();
    const webhook = `http://127.0.0.1:${port}`;
    await using world = await startWorld({
      ...{ LOG_LEVEL: "trace", ADMIN_IDS: String(OPERATOR), PORT: String(port) },
      ...{ WEBHOOK_URL: webhook, WEBHOOK_SECRET: SECRET },
    });
    const bot = await world.start();
    await bot.line("ready");
    await bot.line("lock acquired");
    await live(world, bot, webhook);
    expect(await bot.stop()).toBe(0);

    const { lines } = bot;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`);
    expect(text.filter((line) => MARK.test(line))).toEqual([]);
    for (const secret of [SECRET, world.telegram.token, world.telegram.token.split(":")[1] ?? ""]) {
      expect(text.filter((line) => line.includes(secret))).toEqual([]);
    }
    const odd = lines.flatMap((line) =>
      Object.entries(line).flatMap(([name, value]) =>
        isOfType(value, FIELDS.get(name)) ? [] : [`${name} is a ${typeOf(value)} in: ${line.msg}`],
      ),
    );
    expect([...new Set(odd)]).toEqual([]);
    expect([...new Set(lines.map(({ msg }) => msg).filter((msg) => !isDocumented(msg)))]).toEqual([]);

    // And yet it tells what happened.
    const some = (match: Partial<LogLine>) => {
      const fits = expect.objectContaining(match);
      expect(lines.filter((line) => fits.asymmetricMatch(line)).length, JSON.stringify(match)).toBeGreaterThan(0);
    };
    const number = expect.any(Number) as number;
    const both = { chat_id: number, duration_ms: number };
    some({ level: "info", msg: "update handled", update_id: number, kind: "message", outcome: "answered", ...both });
    some({ level: "info", msg: "update handled", kind: "callback_query", outcome: "answered", ...both });
    some({ level: "info", msg: "update handled", kind: "my_chat_member" });
    some({ level: "debug", msg: "update handled", kind: "message", outcome: "silent" });
    some({ level: "error", msg: "update failed", update_id: number, outcome: "failed", ...both });
    some({ level: "info", msg: "looked up", source: "fetta", streamer: number, outcome: "tracking", term: 1 });
    some({ level: "info", msg: "looked up", source: "fetta", outcome: "not_found", term: 1 });
    some({ level: "info", msg: "checked", source: "fetta", streamer: number, added: 1, duration_ms: number, term: 1 });
    some({ level: "debug", msg: "checked", outcome: "unchanged", added: 0 });
    some({ level: "warn", msg: "check failed", outcome: "unreachable", reason: expect.any(String) });
    some({ level: "info", msg: "notified", streamer: number, message_id: number, outcome: "sent", term: 1, ...both });
    some({ level: "warn", msg: "notification not delivered yet", outcome: "refused", chat_id: number });
    some({ level: "info", msg: "answer shown", chat_id: number, outcome: "shown", term: 1 });
    some({ level: "info", msg: "lock acquired", term: 1 });
    some({ level: "info", msg: "lock released", term: 1 });
  },
  PATIENCE_MS * 2,
);

test("each message that the code logs is in the manual", () => {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
  const said = files.flatMap((file) => {
    const source = readFileSync(join(root, "src", file), "utf8");
    // log.info("…"), log.info({ … }, "…"), failed("…"), call(method, "…", "…")
    const calls = source.matchAll(
      /\blog[^;]*?(?:\}|event|fields|log\.\w+\(),?\s*"([^"]+)",?\s*\)|\bfailed\("([^"]+)"\)|\bcall\("\w+", "([^"]+)", "([^"]+)"\)/g,
    );
    return Array.from(calls, ([, ...words]) => words.filter((word) => word !== undefined)).flat();
  });
  expect(said.length).toBeGreaterThan(35);
  expect(said.filter((msg) => !isDocumented(msg))).toEqual([]);
});

/** What people, the site, strangers and bad luck do to the bot, marked wherever somebody chose the words. */
async function live(world: World, bot: Instance, webhook: string): Promise<void> {
  const { telegram, fetta } = world;
  const say = (text: string, from: Person) => telegram.say(text, { from });
  const hears = (person: Person, text: RegExp) => telegram.until(person, text, 15_000);
  const operator = telegram.person({ id: OPERATOR, firstName: "Zqoperator", languageCode: "en" });
  const mia = telegram.person({ firstName: "Zqmia", username: "zqmia_user", languageCode: "en" });
  const bob = telegram.person({ firstName: "Zqbob", username: "zqbob_user", languageCode: "en" });
  const mila = fetta.streamer("ZqMila", { name: "Zqname <b>", description: "Zqabout", items: [{ name: "Zqmug" }] });

  say("/start zqpayload", mia);
  await hears(mia, /Wishbell/);
  say("zqhello, are you there?", mia);
  await hears(mia, /I know wishlist/);
  say("/track https://fetta.app/u/ZqMila", mia);
  await hears(mia, /Tracking Zqname/);
  say("/track ZqNobody", mia);
  await hears(mia, /There is no “ZqNobody”/);
  mila.add({ name: "Zqlamp" });
  const news = await hears(mia, /Zqlamp/);
  await bot.line(({ msg, outcome }) => msg === "checked" && outcome === "unchanged");
  await telegram.idle();

  // The card, the history and the settings with words of one's own.
  say("/list", mia);
  const list = await hears(mia, /You follow/);
  telegram.press(list, "1", mia);
  await telegram.idle();
  telegram.press(news, { data: "zq:forged:data" }, mia);
  telegram.press(list, { data: "v1:zqforged" }, mia);
  say("/settings", mia);
  say("/export", mia);
  await telegram.idle();
  telegram.say("", { from: mia, document: { fileName: "zq.txt", text: "ZqOther zq! https://zq.example/zq" } });
  await telegram.idle();

  // A group, whose talk the bot hears as an administrator.
  const group = telegram.group({ title: "Zqclub", administrators: [mia], members: [bob], bot: "left" });
  telegram.add(group, mia);
  telegram.promote(group);
  telegram.say("zqtalk among ourselves", { from: bob, chat: group });
  telegram.say("/track ZqMila", { from: bob, chat: group });
  telegram.say("/track ZqMila", { from: mia, chat: group });
  telegram.say("/settings", { from: mia, chat: group });
  await telegram.idle();

  // Strangers at the webhook, and a Telegram that sends what nobody would.
  const body = { update_id: 5, message: { message_id: 1, text: "zqstranger", chat: { id: 5, title: "Zq" } } };
  expect(await post(webhook, body)).toBe(401);
  expect(await post(webhook, body, "zqwrong")).toBe(401);
  expect(await post(webhook, "zqnonsense", SECRET)).toBe(400);
  await post(webhook, { update_id: 6, message: "zqmessage", zqkey: 1 }, SECRET);
  await post(webhook, { update_id: 7, message: { chat: { id: "zqid" }, text: "/zqcommand", entities: "zq" } }, SECRET);
  await fetch(`${webhook}/zqpath?zq`);

  // The site fails, for a look and for a first look.
  const recover = fetta.misbehave("down");
  say("/track ZqSecond", mia);
  await hears(mia, /does not answer.*ZqSecond/);
  await bot.line("check failed");
  recover();

  // Telegram refuses, and quotes what it refuses.
  const quote = "Bad Request: inline keyboard button URL 'https://fetta.app/u/ZqMila' is invalid: Wrong \"zqtag\"";
  const accept = telegram.fault({
    when: ({ method, params }) => method === "sendMessage" && `${params.text}`.includes("Zqbooks"),
    times: 1,
    do: { kind: "error", code: 400, description: quote },
  });
  mila.add({ name: "Zqbooks" });
  await hears(mia, /Zqbooks/);
  accept();
  telegram.fault({
    when: ({ method, params }) => method === "sendMessage" && params.chat_id === OPERATOR,
    times: 1,
    do: { kind: "error", code: 400, description: quote },
  });
  say("/status zq", operator);
  await telegram.idle();

  // The database fails, with what was to be written in its hands.
  const { client } = await world.database();
  await client.execute("ALTER TABLE broadcasts RENAME TO hidden");
  say("/broadcast zqannouncement", operator);
  await bot.line((line) => line.msg === "update failed" && JSON.stringify(line.err).includes("no such table"));
  await client.execute("ALTER TABLE hidden RENAME TO broadcasts");
  say("/broadcast zqannouncement", operator);
  await telegram.idle();

  say("/untrack ZqMila", mia);
  say("/delete_me", mia);
  await telegram.idle();
  telegram.block(mia);
  telegram.kick(group);
  await telegram.idle();
}

async function post(url: string, body: unknown, secret?: string): Promise<number> {
  const headers = { "content-type": "application/json", ...(secret && { "x-telegram-bot-api-secret-token": secret }) };
  return (await fetch(`${url}/webhook`, { method: "POST", headers, body: JSON.stringify(body) })).status;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
