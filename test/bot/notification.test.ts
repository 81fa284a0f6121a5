import fc from "fast-check";
import { expect, test } from "vitest";
import { parseHtml } from "../../sandbox/telegram/html.ts";
import { checkMarkup, readMarkup } from "../../sandbox/telegram/markup.ts";
import { tidyText } from "../../sandbox/telegram/text.ts";
import { renderDigest } from "../../src/bot/digest.ts";
import { type NewsToTell, renderNews } from "../../src/bot/notification.ts";
import { loadTexts } from "../../src/bot/texts.ts";

const texts = loadTexts();

type ToldItem = NewsToTell["items"][number];

function item(name: string, more: Partial<ToldItem> = {}): ToldItem {
  return {
    ...{ kind: "added", name, price: 97_200, previousPrice: null, currency: "RUB", state: "listed" },
    ...{ productUrl: "https://www.ozon.ru/product/1", imageUrl: "https://img.example/1.png" },
    ...more,
  };
}

function news(items: (string | ToldItem)[], more: Partial<NewsToTell> = {}): NewsToTell {
  return {
    ...{ language: "en", chatType: "private", streamerId: 7, isMuted: false },
    ...{ streamerName: "Mila", streamerUrl: "https://fetta.app/u/mila" },
    items: items.map((one) => (typeof one === "string" ? item(one) : one)),
    ...more,
  };
}

/** What Telegram makes of a message; throws when it refuses it. */
function accepted(message: ReturnType<typeof renderNews>) {
  if (message === undefined) throw new Error("nothing to tell");
  const { text, entities } = tidyText(parseHtml(message.html, () => false));
  expect(text.length).toBeLessThanOrEqual(4096);
  expect(message.plain.length).toBeLessThanOrEqual(4096);
  expect(Buffer.byteLength(message.html)).toBeLessThan(32_768);
  // What looks like a hashtag or an address is marked by Telegram itself, if there is room.
  const ours = ["bold", "text_link", "strikethrough", "expandable_blockquote"];
  expect(entities.filter(({ type }) => ours.includes(type)).length).toBeLessThanOrEqual(100);
  checkMarkup(readMarkup({ reply_markup: JSON.stringify(message.keyboard) }));
  const part = (type: string) =>
    entities.filter((entity) => entity.type === type).map(({ offset, length }) => text.slice(offset, offset + length));
  return {
    ...message,
    // Prices are written with spaces that do not break.
    text: text.replaceAll("\u00a0", " "),
    entities,
    links: entities.flatMap((entity) => (entity.type === "text_link" ? [entity.url] : [])),
    struck: part("strikethrough").map((words) => words.replaceAll("\u00a0", " ")),
    folded: part("expandable_blockquote")[0]?.split("\n") ?? [],
    buttons: message.keyboard.inline_keyboard.flat().map((button) => ("url" in button ? button.url : button.text)),
  };
}

const shown = (told: NewsToTell) => accepted(renderNews(texts, told));

test("a single item is told with its price, its link and its picture", () => {
  const { text, links, previewUrl } = shown(news(['USB <-> HDMI & "co"']));
  expect(text).toBe('🎁 Mila wishes for something new:\n• USB <-> HDMI & "co" – RUB 972');
  expect(previewUrl).toBe("https://img.example/1.png");
  expect(links).toEqual(["https://fetta.app/u/mila", "https://www.ozon.ru/product/1"]);
});

test("several items are told without a picture, in the chat's language", () => {
  const { text, previewUrl } = shown(news(["Чай", "Плед"], { language: "ru" }));
  expect(text).toBe("🎁 Mila: 2 новых желания\n• Чай – 972 ₽\n• Плед – 972 ₽");
  expect(previewUrl).toBeUndefined();
});

test("ten items are told in full, the names of the rest are folded up below", () => {
  const { text, folded } = shown(news(Array.from({ length: 12 }, (_, n) => `Item ${n}`)));
  expect(text.split("\n").slice(0, 12)).toEqual([
    "🎁 Mila added 12 wishes:",
    ...Array.from({ length: 10 }, (_, n) => `• Item ${n} – RUB 972`),
    "• Item 10",
  ]);
  expect(folded).toEqual(["• Item 10", "• Item 11"]);
});

test("what has no room in the fold either is counted", () => {
  const names = Array.from({ length: 300 }, (_, n) => `Item ${n} ${"x".repeat(60)}`);
  const { text, folded } = shown(news(names, { language: "ru" }));
  const named = folded.length - 1;
  expect(named).toBeGreaterThan(20);
  expect(folded.at(-1)).toBe(`…и ещё ${300 - 10 - named}`);
  expect(text.endsWith(`…и ещё ${300 - 10 - named}`)).toBe(true);
  const short = shown(news(Array.from({ length: 300 }, () => "a")));
  expect(short.folded.at(-1)).toBe(`…and ${300 - 10 - (short.folded.length - 1)} more`);
});

test("names that take much markup leave room for fewer of them", () => {
  const url = `https://a.example/${"&".repeat(290)}`;
  const dear = (sign: string) => Array.from({ length: 60 }, () => item(sign.repeat(200), { productUrl: url }));
  const [plain, marked] = ["x", '"'].map((sign) => shown(news(dear(sign), { streamerUrl: url })));
  expect(plain?.folded.length).toBeGreaterThan(15);
  expect(marked?.folded.length).toBeLessThan(12);
  expect(marked?.folded.at(-1)).toBe(`…and ${50 - ((marked?.folded.length ?? 0) - 1)} more`);
});

test("what became cheaper is told with what it was", () => {
  const cup = item("Кружка", { kind: "cheaper", price: 150_000, previousPrice: 200_000 });
  const { text, previewUrl } = shown(news([cup], { language: "ru" }));
  expect(text).toBe("📉 Mila: подешевело\n• Кружка – было 2 000 ₽ → 1 500 ₽, −25 %");
  expect(previewUrl).toBe("https://img.example/1.png");
  expect(shown(news([cup])).text).toContain("was RUB 2,000 → RUB 1,500, −25%");
  const hardly = { ...cup, price: 199_990 };
  expect(shown(news([hardly])).text).toContain("was RUB 2,000 → RUB 1,999.90, < 1%");
});

test("what can be had again, and what cannot any more, has a title of its own", () => {
  const back = item("Чай", { kind: "available" });
  expect(shown(news([back], { language: "ru" })).text).toBe("✅ Mila: снова можно купить\n• Чай – 972 ₽");
  const lost = [item("Сок", { kind: "gone", state: "removed" }), item("Мяч", { kind: "gone", state: "sold_out" })];
  const { text, struck } = shown(news(lost, { language: "ru" }));
  expect(text).toBe("✖️ Mila: больше не купить\n• Сок – 972 ₽ · уже подарено или убрано\n• Мяч – 972 ₽ · нет в наличии");
  expect(struck).toEqual([]);
  expect(shown(news(lost.slice(0, 1))).previewUrl).toBeUndefined();
});

test("several kinds of news share a message: the new ones first, the others marked", () => {
  const all = [
    item("Лампа"),
    item("Кружка", { kind: "cheaper", price: 150_000, previousPrice: 200_000 }),
    item("Чай", { kind: "available" }),
    item("Сок", { kind: "gone", state: "removed" }),
  ];
  const { text, previewUrl } = shown(news(all, { language: "ru" }));
  expect(text.split("\n")).toEqual([
    "🎁 Mila: новое желание",
    "• Лампа – 972 ₽",
    "📉 Кружка – было 2 000 ₽ → 1 500 ₽, −25 %",
    "✅ Чай – 972 ₽ · снова можно купить",
    "✖️ Сок – 972 ₽ · уже подарено или убрано",
  ]);
  expect(previewUrl).toBeUndefined();
});

test("what is gone or sold out by now is struck through, and stays where it was", () => {
  const items = [item("Лампа", { state: "removed" }), item("Плед", { state: "sold_out" }), item("Чай")];
  const { text, struck, previewUrl } = shown(news(items, { language: "ru" }));
  expect(text).toBe(
    "🎁 Mila: 3 новых желания\n• Лампа – 972 ₽ · уже подарено или убрано\n• Плед – 972 ₽ · нет в наличии\n• Чай – 972 ₽",
  );
  expect(struck).toEqual(["Лампа – 972 ₽", "Плед – 972 ₽"]);
  expect(previewUrl).toBeUndefined();
  const folded = shown(news([...Array(10).fill("Item"), item("Лампа", { state: "removed" })]));
  expect(folded.struck).toEqual(["Лампа"]);
});

test("the buttons open the list, mute for a day and untrack; a channel's readers may only open", () => {
  const [open, mute, unmute, untrack] = [
    "https://fetta.app/u/mila",
    ...["button-mute-day", "button-unmute", "button-untrack"].map((key) => texts("en", key)),
  ];
  expect(shown(news(["a"])).buttons).toEqual([open, mute, untrack]);
  expect(shown(news(["a"], { isMuted: true })).buttons).toEqual([open, unmute, untrack]);
  expect(shown(news(["a"], { chatType: "supergroup" })).buttons).toHaveLength(3);
  expect(shown(news(["a"], { chatType: "channel" })).buttons).toEqual([open]);
  expect(shown(news([], { unreadable: "private" })).buttons).toHaveLength(3);
});

test("a name is cut where a message of ten would grow too long, and never in the middle of a character", () => {
  const { text } = shown(news([...Array<string>(9).fill("x".repeat(4_000)), "😀".repeat(200)]));
  const [, first = "", ...others] = text.split("\n");
  expect(first).toMatch(/^• x{199}… – /);
  expect(others.at(-1)).toMatch(/^• (😀){99}… – /u);
});

test("without items there is nothing to tell", () => {
  expect(renderNews(texts, news([]))).toBeUndefined();
});

test("a link arrives as it is, whatever its parts look like in HTML", () => {
  const url = "https://shop.example/?a=1&lt=2&amp;=3&quot=%22";
  expect(shown(news([item("Lamp", { productUrl: url })])).links).toContain(url);
});

test("what is not known of an item is left out", () => {
  const bare = item("Lamp", { price: null, currency: null, productUrl: null, imageUrl: null });
  const { text, links, previewUrl } = shown(news([bare]));
  expect(text).toMatch(/\n• Lamp$/);
  expect(links).toHaveLength(1);
  expect(previewUrl).toBeUndefined();
});

test("the plain text says the same as the message shows", () => {
  const { text, plain } = shown(news(["<b>&amp;</b>", item("a < b > c", { state: "removed" })]));
  expect(plain.replaceAll("\u00a0", " ")).toBe(text);
});

test("a name stays on its line, does not turn round what follows, and is never nothing", () => {
  const { text } = shown(news(["a\r\nb\u2028c", "\u202eevil\u2066", " \u200b ", "👩‍👩‍👧"]));
  expect(
    text
      .split("\n")
      .slice(1)
      .map((line) => line.split(" – ")[0]),
  ).toEqual(["• a b c", "• evil", "• …", "• 👩‍👩‍👧"]);
});

test("a streamer without a visible name is called by the address", () => {
  expect(shown(news(["a"], { streamerName: "\u2067 \u2069" })).text).toContain("https://fetta.app/u/mila wishes");
});

test.each([
  "javascript:alert(1)",
  "tg://user?id=1",
  "not a link",
  "http://localhost/x",
  `https://a.example/${"&".repeat(400)}`,
])("a link that Telegram would not take as one is none: %s", (url) => {
  const { links, previewUrl, buttons } = shown(
    news([item("Lamp", { productUrl: url, imageUrl: url })], { streamerUrl: url }),
  );
  expect(links).toEqual([]);
  expect(previewUrl).toBeUndefined();
  expect(buttons).toHaveLength(2);
});

test.each(["", "RUBLES", "₽", "r1b"])("a price in no currency is left out: %s", (currency) => {
  expect(shown(news([item("Lamp", { currency, productUrl: null })])).text).toMatch(/\n• Lamp$/);
});

/** Anything that a site, or who attacks one, may call a thing: markup, halves of characters, marks of direction, 300 of them. */
const anyName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
  fc.stringMatching(/^(<\/?(a|b|code|tg-emoji)( href="[^"]*")?>|&(amp|lt|#x3c|nbsp);?|["'&<>])*$/),
  fc.constantFrom(
    "\u0000",
    "\u200d",
    "\u202e",
    "\ud83d",
    "😀".repeat(150),
    "<".repeat(300),
    "&".repeat(300),
    "ﷺ".repeat(300),
  ),
);
const anyUrl = fc.option(fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), anyName), {
  nil: null,
});
const anyPrice = fc.option(fc.maxSafeNat(), { nil: null });
const anyItem = fc.record({
  kind: fc.constantFrom("added", "cheaper", "available", "gone"),
  name: anyName,
  price: anyPrice,
  previousPrice: anyPrice,
  currency: fc.option(fc.oneof(fc.constantFrom("RUB", "USD", "JPY", "KWD"), anyName), { nil: null }),
  productUrl: anyUrl,
  imageUrl: anyUrl,
  state: fc.constantFrom("listed", "sold_out", "removed"),
});
const anyNews = (most: number) =>
  fc.record({
    language: fc.constantFrom("ru", "en", "de"),
    chatType: fc.constantFrom("private", "supergroup", "channel"),
    streamerId: fc.nat(),
    isMuted: fc.boolean(),
    streamerName: anyName,
    streamerUrl: fc.oneof(fc.webUrl(), anyName),
    items: fc.array(anyItem, { minLength: 1, maxLength: most }),
  });

/**
 * A name as Telegram can show it: one line of whole characters, without marks that turn the writing round; as far as it
 * is surely not cut, and undefined when nothing of it could be seen.
 */
function visible(name: string): string | undefined {
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
  if (!/[^\p{Z}\p{Cf}\p{M}\u3164]/u.test(line)) return undefined;
  // Telegram drops these wherever they are.
  return (line.length > 200 ? line.slice(0, 190).replace(/[\ud800-\udbff]$/, "") : line).replace(
    /\u0333|\u033f|\u030a/g,
    "",
  );
}

const startOf = ({ name }: ToldItem) => visible(name) ?? "…";

test("whatever a site calls its streamers and things, Telegram takes the message and shows the names", () => {
  fc.assert(
    fc.property(anyNews(40), (told) => {
      const { text, previewUrl, folded } = shown(told as NewsToTell);
      expect(previewUrl === undefined || /^https?:/.test(previewUrl)).toBe(true);
      const [title, ...lines] = text.split("\n");
      const spaced = (name: string) => name.replaceAll("\u00a0", " ");
      expect(title).toContain(spaced(visible(told.streamerName) ?? visible(told.streamerUrl) ?? "…"));
      for (const [n, one] of told.items.slice(0, 10).entries()) {
        const line = lines[n]?.replace(/^(•|🎁|📉|✅|✖️) /u, "") ?? "";
        expect(`${line} `.startsWith(spaced(startOf(one as ToldItem)).trimEnd())).toBe(true);
      }
      const rest = told.items.length - 10;
      const counted = Number(/(\d+)(?: more)?$/.exec(lines.at(-1) ?? "")?.[1] ?? 0);
      const isCounted = lines.length > 10 && /^…(и ещё|and)/.test(lines.at(-1) ?? "");
      expect(Math.max(rest, 0)).toBe(folded.length + (isCounted ? counted - (folded.length > 0 ? 1 : 0) : 0));
    }),
    { numRuns: 300, endOnFailure: true },
  );
});

const digest = (told: NewsToTell[]) => accepted(renderDigest(texts, told));

test("a digest tells of each streamer in turn, and leads to the list of all that is new", () => {
  const bao = { streamerName: "Bao", streamerUrl: "https://fetta.app/u/bao" };
  const cheap = item("Кружка", { kind: "cheaper", price: 150_000, previousPrice: 200_000 });
  const { text, buttons, links, previewUrl } = digest([
    news(["Лампа", cheap], { language: "ru" }),
    news([item("Плед", { state: "sold_out" })], { language: "ru", ...bao }),
    news([], { language: "ru", unreadable: "private", streamerName: "Кот" }),
  ]);
  expect(text).toBe(
    [
      "📬 Что нового в вишлистах",
      "Mila\n• Лампа – 972 ₽\n📉 Кружка – было 2 000 ₽ → 1 500 ₽, −25 %",
      "Bao\n• Плед – 972 ₽ · нет в наличии",
      "🔒 Кот: вишлист скрыт уже три дня. Продолжаю заглядывать.",
    ].join("\n\n"),
  );
  expect(buttons).toEqual([texts("ru", "digest-open")]);
  expect(links[0]).toBe("https://fetta.app/u/mila");
  expect(previewUrl).toBeUndefined();
  expect(digest([news(["a"], { chatType: "channel" }), news(["b"])]).buttons).toEqual([]);
});

test("a digest tells as much of each streamer as all leave room for; what has none is counted", () => {
  const items = (n: number) => Array.from({ length: n }, (_, m) => `Item ${m}`);
  const some = digest(Array.from({ length: 3 }, () => news(items(15))));
  expect(some.text.split("\n\n")[1]?.split("\n")).toHaveLength(12);
  expect(some.text.match(/…and 5 more/g)).toHaveLength(3);
  const many = digest(Array.from({ length: 20 }, () => news(items(8))));
  expect(many.text.match(/…and 6 more/g)).toHaveLength(20);
  const crowd = digest(Array.from({ length: 100 }, () => news(items(2))));
  const told = crowd.text.match(/^Mila$/gm)?.length ?? 0;
  expect(told).toBeGreaterThan(20);
  expect(crowd.text.endsWith(`\n\n…and ${100 - told} more streamers`)).toBe(true);
});

test("a digest of long names tells of fewer items", () => {
  const long = Array.from({ length: 10 }, () => item("x".repeat(80), { productUrl: null }));
  const { text } = digest(Array.from({ length: 8 }, () => news(long)));
  expect(text.match(/…and 5 more/g)).toHaveLength(8);
});

test("nothing is no digest", () => {
  expect(renderDigest(texts, [])).toBeUndefined();
});

test("whatever is in a digest, Telegram takes it", () => {
  fc.assert(
    fc.property(fc.array(anyNews(12), { minLength: 1, maxLength: 60 }), (told) => {
      const { text } = digest(told as NewsToTell[]);
      const name = visible(told[0]?.streamerName ?? "")?.replaceAll("\u00a0", " ") ?? "…";
      expect(text).toContain(
        name
          .slice(0, 60)
          .replace(/[\ud800-\udbff]$/, "")
          .trimEnd(),
      );
    }),
    { numRuns: 100, endOnFailure: true },
  );
});
