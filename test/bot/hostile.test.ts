import { expect, test } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { tracked, wish } from "../db/story.ts";
import { type BotWorld, type Person, startBotWorld } from "./world.ts";

/** What somebody may call a group, a streamer, a wish or oneself. */
const NAMES = [
  `<b>fat</b> <a href="https://evil.example">you have won</a>`,
  "</a></b></blockquote><pre>",
  "&lt;i&gt; &amp;amp; &#60;b&#62; &copy;",
  "{ $name } %s {{name}} \\u0041",
  "\u202eesrever\u202c \u2066\u200b\u200f\ufeff",
  "null'; DROP TABLE users; --",
  "__proto__",
  `${"&".repeat(150)}\u{1f469}\u200d\u{1f680}`,
];
/** Where a wish may say that it leads. */
const LINKS = [
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "tg://user?id=1",
  "tg://resolve?domain=evil",
  'https://evil.example/"><b>x',
  "https://user:pass@evil.example/",
  "file:///etc/passwd",
  "//evil.example",
  "not a link",
];
const OPERATOR = 777;

/** Mia follows a streamer for each name, whose wishes have each name and each link, and manages a group of each name. */
async function furnish(world: BotWorld, mia: Person) {
  const { db, telegram } = world;
  const orm = db.for("test");
  for (const [n, name] of NAMES.entries()) {
    const items = LINKS.map((productUrl, i) =>
      wish(`${n}-${i}`, { name: NAMES[(n + i) % NAMES.length] ?? "", productUrl, imageUrl: productUrl }),
    );
    const id = await tracked(db, mia.id, `streamer${n}`, items);
    await orm.run(sql`UPDATE streamers SET name = ${name}, description = ${name} WHERE id = ${id}`);
    const group = telegram.group({ title: name, administrators: [mia], bot: "left" });
    telegram.add(group, mia);
    await telegram.idle();
  }
}

/** Goes every way of so many presses that begins with a command. */
async function goEverywhere(world: BotWorld, command: string, from: Person, presses: number, way: number[] = []) {
  let [shown] = await world.ask(command, { from });
  for (const n of way) {
    const data = shown?.buttons.flat()[n]?.data;
    if (shown === undefined || data === undefined || HARMFUL.test(data)) return;
    shown = (await world.press(shown, { data }, from)).shows;
  }
  if (way.length === presses) return;
  const { length } = shown?.buttons.flat() ?? [];
  for (let n = 0; n < length; n++) await goEverywhere(world, command, from, presses, [...way, n]);
}

/** Ends a tracking or the group's place on the list, which other ways need. */
const HARMFUL = /^v1:(d|u|cu|g@-?\d+:-1$)/;

test("whatever streamers, wishes and groups are called, every screen shows it as a name, and leads only to pages", {
  timeout: 60_000,
}, async () => {
  await using world = await startBotWorld({ adminIds: [OPERATOR] });
  const { telegram } = world;
  const mia = telegram.person({ id: OPERATOR, languageCode: "en", firstName: NAMES[0] ?? "", username: "mia_test" });
  await world.ask("/start", { from: mia });
  await furnish(world, mia);
  const says = ["/list", "/untrack", "/wishlist", "/wishlist streamer0", "/wishlist streamer1", "/new", "/settings"];
  const more = ["/groups", "/mute streamer2 1d", "/mute", "/export", "/status", "/priority streamer3 high"];
  const typed = NAMES.flatMap((name) => [
    name,
    `/track ${name}`,
    `/import ${name}`,
    `/recheck ${name}`,
    `/start ${name}`,
  ]);
  for (const text of [...says, ...more, "/recheck streamer4", ...typed]) {
    const answers = await world.ask(text, { from: mia });
    expect(answers, text).not.toEqual([]);
  }
  await goEverywhere(world, "/list", mia, 2);
  await goEverywhere(world, "/groups", mia, 2);
  for (const command of ["/wishlist streamer0", "/wishlist streamer1", "/wishlist", "/new", "/untrack"]) {
    await goEverywhere(world, command, mia, 1);
  }
  expect(world.failures).toEqual([]);
  // An edit that changes nothing is refused, and no harm.
  const refused = telegram.calls.filter(({ method, code }) => code !== 200 && method.startsWith("send"));
  expect(refused).toEqual([]);

  // Every version of every message, as it went out.
  const outgoing = telegram.calls.filter(({ method }) => /^(send|edit)Message/.test(method));
  expect(outgoing.length).toBeGreaterThan(80);
  const urls = outgoing.flatMap(({ params }) => {
    const keyboard = JSON.stringify(params.reply_markup ?? "");
    const preview = (params.link_preview_options as { url?: string } | undefined)?.url;
    const html = params.parse_mode === "HTML" ? String(params.text) : "";
    return [
      ...Array.from(html.matchAll(/<a href="([^"]*)"/g), ([, url = ""]) => url),
      ...Array.from(keyboard.matchAll(/"url":"([^"]*)"/g), ([, url = ""]) => url),
      ...(preview === undefined ? [] : [preview]),
    ];
  });
  expect([...new Set(urls)].filter((url) => !/^https:\/\//.test(url))).toEqual([]);
  const tags = outgoing.flatMap(({ params }) => String(params.text).match(/<\/?[a-z]+/gi) ?? []);
  expect(new Set(tags.map((tag) => tag.replace("/", "")))).toEqual(new Set(["<b", "<a"]));
  const text = outgoing.map(({ params }) => String(params.text)).join("\n");
  expect(text.match(/What shall we do/g)?.length, "groups' screens were seen").toBeGreaterThan(NAMES.length);
  expect(text).not.toContain("<b>fat");
  expect(text).not.toContain('<a href="https://evil.example">');
  expect(text.split("\n").filter((line) => /[\u202a-\u202e\u2066-\u2069]/.test(line))).toEqual([]);
  expect(await world.db.client.execute("SELECT COUNT(*) AS n FROM users")).toMatchObject({ rows: [{ n: 9 }] });
});

test("a list to import may be as odd as it likes", async () => {
  await using world = await startBotWorld();
  const mia = world.telegram.person({ languageCode: "en" });
  await tracked(world.db, 1, "ann", [wish("a")]);
  const deep = `{"trackings":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const files = [
    deep,
    "[".repeat(250_000),
    `{"trackings":[{"url":"${"a/".repeat(100_000)}"}]}`,
    '{"__proto__":{"polluted":1},"trackings":[{"__proto__":{"url":"ann"}},{"constructor":{"prototype":{"polluted":1}}},null,7,"x"]}',
    `${"@".repeat(200_000)}`,
    `${"https://fetta.app/u/".repeat(10_000)}`,
    `${"%".repeat(200_000)}\u0000\u202e`,
    `${"a.".repeat(100_000)}`,
    `${"((((".repeat(50_000)}`,
    Array.from({ length: 30_000 }, (_, n) => `nick${n}`).join(","),
    "\ud800\udfff<b>ann</b>",
  ];
  for (const text of files) {
    const began = performance.now();
    const document = { fileName: "list.json", text };
    expect((await world.ask("", { from: mia, document })).length, text.slice(0, 40)).toBeGreaterThan(0);
    expect(performance.now() - began, text.slice(0, 40)).toBeLessThan(3_000);
  }
  expect(world.failures).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
