import fc from "fast-check";
import { expect, test } from "vitest";
import { parseHtml } from "../../sandbox/telegram/html.ts";
import { tidyText } from "../../sandbox/telegram/text.ts";
import { type NewsToTell, renderNews } from "../../src/bot/notification.ts";
import { loadTexts } from "../../src/bot/texts.ts";

const texts = loadTexts();

function news(names: string[], more: Partial<NewsToTell> = {}): NewsToTell {
  const items = names.map((name) => ({
    name,
    price: 97_200,
    currency: "RUB",
    productUrl: "https://www.ozon.ru/product/1",
    imageUrl: "https://img.example/1.png",
  }));
  const streamer = { streamerName: "Mila", streamerUrl: "https://fetta.app/u/mila" };
  return { language: "en", ...streamer, items, total: items.length, ...more };
}

/** What Telegram makes of the news; throws when it refuses them. */
function shown(told: NewsToTell) {
  const message = renderNews(texts, told);
  if (message === undefined) throw new Error("nothing to tell");
  const { text, entities } = tidyText(parseHtml(message.html, () => false));
  return { ...message, text, entities };
}

test("a single item is told with its price, its link and its picture", () => {
  const { text, entities, previewUrl } = shown(news(['USB <-> HDMI & "co"']));
  expect(text).toBe('🎁 Mila wishes for something new:\n• USB <-> HDMI & "co" – RUB 972'.replace("RUB ", "RUB\u00a0"));
  expect(previewUrl).toBe("https://img.example/1.png");
  const links = entities.filter(({ type }) => type === "text_link");
  expect(links).toMatchObject([{ url: "https://fetta.app/u/mila" }, { url: "https://www.ozon.ru/product/1" }]);
});

test("several items are told without a picture; ten are named and the rest counted, in the chat's language", () => {
  const names = Array.from({ length: 12 }, (_, n) => `Item ${n}`);
  const { text, previewUrl } = shown(news(names, { language: "ru", total: 1_234 }));
  expect(text).toMatch(/^🎁 У Mila 1\s?234 новых желания:\n• Item 0 – 972\s₽\n/);
  expect(text).toMatch(/• Item 9 .*\n…и ещё 1\s?224$/);
  expect(text).not.toContain("Item 10");
  expect(previewUrl).toBeUndefined();
});

test("a name is cut where a message of ten would grow too long, and never in the middle of a character", () => {
  const { text } = shown(news([...Array<string>(9).fill("x".repeat(4_000)), "😀".repeat(200)]));
  const [, first = "", ...others] = text.split("\n");
  expect(first).toMatch(/^• x{199}… – /);
  expect(others.at(-1)).toMatch(/^• (😀){99}… – /u);
  expect(text.length).toBeLessThan(4_096);
});

test("without items there is nothing to tell", () => {
  expect(renderNews(texts, news([]))).toBeUndefined();
});

test("a link arrives as it is, whatever its parts look like in HTML", () => {
  const url = "https://shop.example/?a=1&lt=2&amp;=3&quot=%22";
  const item = { name: "Lamp", price: null, currency: null, productUrl: url, imageUrl: null };
  const { entities } = shown(news([], { items: [item], total: 1 }));
  expect(entities).toContainEqual(expect.objectContaining({ type: "text_link", url }));
});

test("what is not known of an item is left out", () => {
  const bare = { name: "Lamp", price: null, currency: null, productUrl: null, imageUrl: null };
  const { text, entities, previewUrl } = shown(news([], { items: [bare], total: 1 }));
  expect(text).toMatch(/\n• Lamp$/);
  expect(entities.filter(({ type }) => type === "text_link")).toHaveLength(1);
  expect(previewUrl).toBeUndefined();
});

test("the plain text says the same as the message shows", () => {
  const { text, plain } = shown(news(["<b>&amp;</b>", "a < b > c"]));
  expect(plain).toBe(text);
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
  const item = { name: "Lamp", price: null, currency: null, productUrl: url, imageUrl: url };
  const { entities, previewUrl } = shown(news([], { items: [item], total: 1 }));
  expect(entities.filter(({ type }) => type === "text_link")).toHaveLength(1);
  expect(previewUrl).toBeUndefined();
});

test.each(["", "RUBLES", "₽", "r1b"])("a price in no currency is left out: %s", (currency) => {
  const item = { name: "Lamp", price: 100, currency, productUrl: null, imageUrl: null };
  expect(shown(news([], { items: [item], total: 1 })).text).toMatch(/\n• Lamp$/);
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
const anyItem = fc.record({
  name: anyName,
  price: fc.option(fc.maxSafeNat(), { nil: null }),
  currency: fc.option(fc.oneof(fc.constantFrom("RUB", "USD", "JPY", "KWD"), anyName), { nil: null }),
  productUrl: anyUrl,
  imageUrl: anyUrl,
});
const anyNews = fc.record({
  language: fc.constantFrom("ru", "en", "de"),
  streamerName: anyName,
  streamerUrl: fc.oneof(fc.webUrl(), anyName),
  items: fc.array(anyItem, { minLength: 1, maxLength: 10 }),
  total: fc.integer({ min: 10, max: 1_000_000 }),
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

test("whatever a site calls its streamers and things, Telegram takes the message and shows the names", () => {
  fc.assert(
    fc.property(anyNews, (told) => {
      const { html, plain, text, previewUrl } = shown(told);
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(plain.length).toBeLessThanOrEqual(4096);
      expect(Buffer.byteLength(html)).toBeLessThan(32_768);
      expect(previewUrl === undefined || /^https?:/.test(previewUrl)).toBe(true);
      const [title, ...lines] = text.split("\n");
      expect(title).toContain(visible(told.streamerName) ?? visible(told.streamerUrl) ?? "…");
      expect(lines).toHaveLength(told.items.length + (told.total > told.items.length ? 1 : 0));
      for (const [n, { name }] of told.items.entries()) {
        const start = `• ${visible(name) ?? "…"}`.trimEnd();
        expect(lines[n]?.slice(0, start.length)).toBe(start);
      }
    }),
    { numRuns: 300 },
  );
});
