import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, type World } from "../../sandbox/demo/world.ts";
import { type Page, startPage } from "../../sandbox/web/server.ts";
import type { MessageView, viewOf } from "../../sandbox/web/view.ts";
import { ask } from "./telegram-helpers.ts";

type View = ReturnType<typeof viewOf>;
type PageEvent =
  | { kind: "hello"; view: View; messages: MessageView[] }
  | View
  | MessageView
  | { kind: "answer"; from: number; text?: string }
  | { kind: "log"; line: string };

const PATIENCE_MS = 15_000;
let world: World;
let page: Page;
let reader: ReturnType<typeof read>;

beforeAll(async () => {
  world = await startWorld();
  page = await startPage(world);
  reader = read(`${page.url}/events`);
});
afterAll(async () => {
  reader.stop();
  await page[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** What the server tells a page. */
function read(url: string) {
  const events: PageEvent[] = [];
  const looks = new Set<() => void>();
  const stop = new AbortController();
  async function run() {
    const response = await fetch(url, { signal: stop.signal });
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) events.push(JSON.parse(block.replace(/^data: /, "")));
      for (const look of looks) look();
    }
  }
  run().catch(() => undefined);
  return {
    stop: () => stop.abort(),
    /** The first event, past or to come, that fits. */
    async until<T extends PageEvent>(what: string, fits: (event: PageEvent) => event is T): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const look = () => {
        const found = events.find(fits);
        if (found !== undefined) resolve(found);
      };
      const last = () => events.slice(-4).map((event) => JSON.stringify(event).slice(0, 300));
      const timer = setTimeout(() => reject(new Error(`Not told: ${what}\n${last().join("\n")}`)), PATIENCE_MS);
      looks.add(look);
      look();
      return await promise.finally(() => {
        clearTimeout(timer);
        looks.delete(look);
      });
    },
  };
}

type Answer = { error?: string; id: number; isTold?: boolean };

async function post(action: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${page.url}/do/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

async function act(action: string, body: object) {
  const { status, answer } = await post(action, body);
  expect(answer.error).toBeUndefined();
  expect(status).toBe(200);
  return answer;
}

/** Somebody new, in the private chat with the bot. */
async function somebody(name: string, language = "en") {
  const { id } = await act("person", { name, language });
  const place = { person: id, chat: id };
  return { id, place, say: (text: string) => act("say", { ...place, text }) };
}

function told(chatId: number, kind: "message" | "edit", text: string | RegExp) {
  const isIt = (event: PageEvent): event is MessageView =>
    event.kind === kind && event.chatId === chatId && event.fromBot && event.text.search(text) >= 0;
  return reader.until(`${kind} with ${text}`, isIt);
}

function view(what: string, fits: (view: View) => boolean): Promise<View> {
  return reader.until(what, (event): event is View => event.kind === "view" && fits(event));
}

const streamerOf = (nickname: string) => world.streamers.find(({ list }) => list.nickname === nickname)?.list.ownerId;

test("the main job on the page: follow, see the answer edited, add a wish, get the news with its picture", async () => {
  const { id, say } = await somebody("Ann");
  await say("/track pixelfox");
  await told(id, "message", "Looking for pixelfox");
  const answer = await told(id, "edit", "Tracking PixelFox");
  expect(answer.editedAt).toBeGreaterThan(0);
  await act("add", { streamer: streamerOf("pixelfox"), name: "Lamp <3 & co", price: 1000 });
  const news = await told(id, "message", "Lamp <3 & co");
  const url = news.linkPreview?.url ?? "";
  const picture = await fetch(`${page.url}/picture?of=${encodeURIComponent(url)}`);
  expect(picture.headers.get("content-type")).toBe("image/svg+xml");
  expect(await picture.text()).toContain("💡");
});

test("a button is pressed by its place, and what the bot says to that is told to who pressed", async () => {
  const { id, place, say } = await somebody("Ben");
  await say("/track lesnaya_sova");
  await told(id, "edit", "Tracking");
  await say("/untrack");
  const choice = await told(id, "message", "stop following");
  await act("press", { ...place, message: choice.id, row: 0, column: 0 });
  const undone = await told(id, "edit", "No longer tracking");
  expect(undone.id).toBe(choice.id);
  const pressed = (event: PageEvent): event is PageEvent & { kind: "answer" } =>
    event.kind === "answer" && event.from === id;
  await reader.until("the press is answered", pressed);
  const { status, answer } = await post("press", { ...place, message: choice.id, row: 7, column: 0 });
  expect([status, answer.error]).toEqual([400, "The message does not have this button any more"]);
});

test("only administrators move the bot; members are heard as privacy mode wants it; a topic keeps its answers", async () => {
  const [ann, ben] = [await somebody("Lead"), await somebody("Guest")];
  const { id: chat } = await act("group", { person: ann.id, title: "Fans", kind: "forum" });
  const asAnn = { person: ann.id, chat };
  expect((await post("invite", { person: ben.id, chat })).answer.error).toBe("Guest is no administrator of this chat");
  await act("invite", asAnn);
  await told(chat, "message", "Hello");
  expect(await act("say", { ...asAnn, text: "nice weather" })).toEqual({ isTold: false });
  const { id: thread } = await act("topic", { ...asAnn, name: "News" });
  await act("say", { ...asAnn, thread, text: "/track new_in_town" });
  expect(await told(chat, "edit", "New in town")).toMatchObject({ threadId: thread });
  await act("promote", { ...asAnn, value: true });
  expect(await act("say", { ...asAnn, text: "nice weather" })).toEqual({ isTold: true });
  const isIn = ({ chats }: View) => chats.some(({ id, botIsAdministrator }) => id === chat && botIsAdministrator);
  await view("the bot is administrator", isIn);
  await act("kick", asAnn);
  await view("the bot is out", ({ chats }) => chats.some(({ id, access }) => id === chat && access === "left"));

  const stranger = await somebody("Stranger");
  const { answer } = await post("say", { person: stranger.id, chat, text: "hello?" });
  expect(answer.error).toBe("Stranger is not in this chat");
});

test("a channel speaks through its administrators, and a group link starts the bot there with its payload", async () => {
  const [ann, ben] = [await somebody("Editor"), await somebody("Reader")];
  const { id: channel } = await act("group", { person: ann.id, title: "Daily", kind: "channel" });
  const { status } = await post("say", { person: ben.id, chat: channel, text: "hi" });
  expect(status).toBe(400);
  await act("invite", { person: ann.id, chat: channel });
  await act("say", { person: ann.id, chat: channel, text: "/track Borodach_Live" });
  await told(channel, "edit", "Бородач Live");
  const { id: group } = await act("group", { person: ann.id, title: "Club", kind: "group" });
  await act("invite", { person: ann.id, chat: group, payload: "t_1" });
  const said = world.telegram.messages({ id: group }).map(({ text }) => text);
  expect(said).toContain(`/start@${world.telegram.username} t_1`);
});

test("menus and descriptions are shown in the language and for the place of each person", async () => {
  const [ann, lada] = [await somebody("Menu"), await somebody("Меню", "ru")];
  const { id: chat } = await act("group", { person: ann.id, title: "Menus", kind: "group" });
  await act("invite", { person: ann.id, chat });
  const publish = (description: string, more: object) =>
    ask(world.telegram, "setMyCommands", { commands: [{ command: "track", description }], ...more });
  await publish("for administrators", { scope: { type: "chat_administrators", chat_id: chat } });
  await publish("for Russians in private", { scope: { type: "all_private_chats" }, language_code: "ru" });
  await publish("in private", { scope: { type: "all_private_chats" } });
  await publish("in groups", { scope: { type: "all_group_chats" } });
  await ask(world.telegram, "setMyDescription", { description: "Rings." });
  const { menus, descriptions } = await view("the description", ({ descriptions }) => descriptions[""] === "Rings.");
  const menu = (person: number, chat: number) =>
    menus.find((one) => one.person === person && one.chat === chat)?.commands[0]?.description;
  expect(menu(ann.id, ann.id)).toBe("in private");
  expect(menu(lada.id, lada.id)).toBe("for Russians in private");
  expect(menu(ann.id, chat)).toBe("for administrators");
  expect(menu(world.people[0]?.id ?? 0, chat)).toBe("in groups");
  expect(descriptions).toMatchObject({ "": "Rings." });
});

test("a question that wants an answer says so to the page, as it was asked", async () => {
  const { id, say } = await somebody("Asked");
  await say("/start");
  const reply_markup = { force_reply: true, selective: true, input_field_placeholder: "500" };
  await ask(world.telegram, "sendMessage", { chat_id: id, text: "How much?", reply_markup });
  expect(await told(id, "message", "How much")).toMatchObject({ forceReply: { placeholder: "500", selective: true } });
});

test("a broken site, a hidden list and a new nickname are what the bot meets", async () => {
  const { id, say } = await somebody("Cid");
  await act("streamer", { nickname: "shy_owl", name: "Shy Owl" });
  const streamer = streamerOf("shy_owl");
  await act("hide", { streamer, value: true });
  await say("/track shy_owl");
  await told(id, "edit", "hidden");
  await act("hide", { streamer, value: false });
  await act("rename", { streamer, nickname: "bold_owl" });
  await say("/track bold_owl");
  await told(id, "edit", "Tracking Shy Owl");
  await act("streamer", { nickname: "late_owl", name: "Late Owl" });
  await act("site", { trouble: "429" });
  await view("the site is broken", ({ site }) => site.trouble === "429");
  await say("/track late_owl");
  await told(id, "edit", "not letting me in");
  await act("site", { trouble: "" });
  const { answer } = await post("rename", { streamer, nickname: "<b>" });
  expect(answer.error).toContain("A nickname is made of");
});

test("the clock of this world goes ahead for the bot as well, and not back", async () => {
  const { id, say } = await somebody("Dora");
  const before = world.clock.now();
  await act("clock", { minutes: 60 * 24 });
  await say("/help");
  expect((await told(id, "message", "")).date).toBeGreaterThan(before + 24 * 3_600_000 - 1000);
  const isLater = (event: PageEvent): event is PageEvent & { kind: "log" } =>
    event.kind === "log" && Date.parse(JSON.parse(event.line).time) > before + 24 * 3_600_000 - 1000;
  await reader.until("a line of the log from tomorrow", isLater);
  expect((await post("clock", { minutes: -5 })).status).toBe(400);
});

test("what is written while the bot is down waits for it; one that ended by itself is started again", async () => {
  const { id, say } = await somebody("Eve");
  const { pid: first } = world.bot.state();
  process.kill(first ?? 0, "SIGTERM");
  const { bot } = await view("the bot has ended", ({ bot }) => bot.status === "stopped");
  expect(bot.lastWords).toContain("stopped");
  await say("/help");
  await view("an update waits", ({ bot }) => bot.pending > 0);
  await act("bot", { how: "restart" });
  await told(id, "message", "/track");
  expect(world.bot.state().pid).not.toBe(first);
});

test("nobody but the page itself may look or act, and what it shows runs no foreign script", async () => {
  const { status, answer } = await post("say", {}, { origin: "https://evil.example" });
  expect([status, answer.error]).toEqual([403, "This page answers to its own address only"]);
  expect((await post("say", {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect(await statusOf("/events", { host: "rebound.example" })).toBe(403);
  expect(await statusOf("/events", { host: `127.0.0.1:${Number(new URL(page.url).port) + 1}` })).toBe(403);
  // What a form of another site could send without asking first.
  expect((await post("say", {}, { "content-type": "text/plain" })).answer.error).toBe("JSON is expected");
  expect((await post("say", { text: "x".repeat(2_100_000) })).answer.error).toBe("That is too long");
  expect((await post("constructor", {})).answer.error).toBe("There is no action constructor");
  for (const path of ["/../server.ts", "/%2e%2e/server.ts", "/page/../../demo.ts", "/nothing.js"]) {
    expect(await statusOf(path)).toBe(404);
  }
  const { headers } = await fetch(page.url);
  expect(headers.get("content-security-policy")).toContain("script-src 'self'");
  const { list } = world.streamers[0] ?? {};
  const wish = list?.add({ name: "<script>alert(1)</script>" });
  const picture = await fetch(`${page.url}/picture?of=${encodeURIComponent(wish?.imageUrl ?? "")}`);
  expect(await picture.text()).not.toContain("script");
  expect(await statusOf(`/picture?of=${encodeURIComponent("https://cdn1.ozone.ru/other.jpg")}`)).toBe(404);
});

/** As fetch would not ask: with a path as it is, and any Host. */
function statusOf(path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const { hostname, port } = new URL(page.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers }, (response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    asked.on("error", reject).end();
  });
}
