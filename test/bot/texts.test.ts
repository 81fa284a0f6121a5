import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FluentResource } from "@fluent/bundle";
import { expect, test } from "vitest";
import { parseHtml } from "../../sandbox/telegram/html.ts";
import { languageOf, plainText, shorten } from "../../src/bot/texts.ts";
import { texts } from "./world.ts";

const LANGUAGES = ["ru", "en"] as const;
const NUMBERS = [0, 1, 2, 5, 21, 22, 25, 111, 1234];
/** A name that is markup to Telegram, unless it is escaped. */
const HOSTILE = '<b>Mila</b> & "co" <3';
const NUMERIC = new Set(["items", "count", "number", "max"]);
/** Shown above a message for a moment: plain text of at most 200 characters. */
const TOASTS = [
  ...[
    "failed",
    "page-outdated",
    "button-outdated",
    "only-admins",
    "untrack-gone",
    "track-full",
    "undo-late",
    "undo-back",
  ],
  ...["mute-day-done", "mute-ended", "topic-done", "settings-ask-in-private", "settings-outdated"],
];

test("both languages have the same messages with the same variables", async () => {
  const [ru, en] = [await messages("ru"), await messages("en")];
  expect(en).toEqual(ru);
  expect(Object.keys(ru).length).toBeGreaterThan(30);
});

test("every message is used, and every message that is used is there", async () => {
  const there = Object.keys(await messages("en"));
  const sources = await sourceFiles();
  const unused = there.filter((key) => !sources.includes(`"${key}"`));
  expect(unused).toEqual([]);
  const prefixes = new Set(there.filter((key) => key.includes("-")).map((key) => key.replace(/-.*/, "")));
  const named = new RegExp(`"((?:${[...prefixes].join("|")})-[a-z-]+)"`, "g");
  const asked = /\btexts?\((?:language, |"en", )?"([a-z-]+)"/g;
  const used = [named, asked].flatMap((pattern) => Array.from(sources.matchAll(pattern), ([, key = ""]) => key));
  expect(used.filter((key) => !there.includes(key))).toEqual([]);
});

test("every message reads well in Telegram with any number, and shows names as they were written", async () => {
  for (const language of LANGUAGES) {
    for (const [key, names] of Object.entries(await messages(language))) {
      for (const number of NUMBERS) {
        const variables = names.map((name) => [name, NUMERIC.has(name) ? number : HOSTILE]);
        const { text } = parseHtml(texts(language, key, Object.fromEntries(variables)), () => false);
        const where = `${language} ${key} with ${number}: ${text}`;
        expect(text.length, where).toBeGreaterThan(0);
        expect(text, where).not.toMatch(/undefined|NaN|[{}]| {2}| \n|\n | $|^ |\n\n\n| [.,:!?]/);
        if (names.some((name) => !NUMERIC.has(name))) expect(text, where).toContain(HOSTILE);
      }
    }
  }
});

test("what appears as a toast is plain and short", () => {
  for (const language of LANGUAGES) {
    for (const key of TOASTS) {
      const text = texts(language, key, key === "track-full" ? { max: 1_000_000 } : {});
      expect(text.length).toBeLessThanOrEqual(200);
      expect(text).toBe(plainText(text));
      expect(text).not.toContain("\n");
    }
  }
});

test("Russian counts as Russians do", () => {
  const done = (items: number) => {
    const text = plainText(
      texts("ru", "track-done", { name: "Мила", url: "https://fetta.app/u/mila", items, top: "Чай" }),
    );
    return /в списке (.*?),/.exec(text)?.[1] ?? text;
  };
  expect([1, 2, 5, 11, 21, 22, 25, 111, 1234].map(done)).toEqual([
    "1 товар",
    "2 товара",
    "5 товаров",
    "11 товаров",
    "21 товар",
    "22 товара",
    "25 товаров",
    "111 товаров",
    "1\u00a0234 товара",
  ]);
  expect(done(0)).toBe("🔔 Слежу: Мила, вишлист пока пуст. Напишу, когда добавят что-то новое.");
  const following = (count: number) => texts("ru", "list-title", { count });
  expect([1, 2, 5, 11, 21, 22].map((count) => following(count).replace("Вы следите за ", ""))).toEqual([
    "1 стримером:",
    "2 стримерами:",
    "5 стримерами:",
    "11 стримерами:",
    "21 стримером:",
    "22 стримерами:",
  ]);
  const news = (count: number) =>
    plainText(texts("ru", "news-title", { name: "Мила", url: "https://fetta.app", count }));
  expect([1, 2, 5, 21].map(news)).toEqual([
    "🎁 Мила: новое желание",
    "🎁 Мила: 2 новых желания",
    "🎁 Мила: 5 новых желаний",
    "🎁 Мила: 21 новое желание",
  ]);
});

test("English counts as the English do", () => {
  const done = (items: number) =>
    plainText(texts("en", "track-done", { name: "Mila", url: "https://fetta.app/u/mila", items, top: "Tea, Mug" }));
  expect(done(0)).toBe("🔔 Tracking Mila: the list is empty so far. I will write when something is added.");
  expect(done(1)).toBe("🔔 Tracking Mila: 1 item, on top: Tea, Mug. I will write when something is added.");
  expect(done(21)).toContain("21 items,");
  expect(done(1234)).toContain("1,234 items,");
});

test("the greeting is one screen: three lines that begin with who we are", () => {
  for (const language of LANGUAGES) {
    const { text, entities } = parseHtml(texts(language, "start"), () => false);
    expect(text.split("\n")).toHaveLength(3);
    expect(text).toMatch(/^🔔 Wishbell /);
    expect(entities.map(({ type }) => type)).toEqual(["bold"]);
    const help = plainText(texts(language, "help")).split("\n");
    expect(help.length).toBeLessThan(13);
    expect(help.filter((line) => line === "")).toHaveLength(2);
    for (const command of ["/track", "/untrack", "/list"]) expect(help.join("\n")).toContain(`\n${command} `);
  }
});

test("people are answered in Russian or English, by what Telegram knows of them", () => {
  expect(["ru", "ru-RU", "RU", undefined].map((tag) => languageOf(tag))).toEqual(["ru", "ru", "ru", "ru"]);
  expect(["en", "en-GB", "de", "rup", "uk", ""].map((tag) => languageOf(tag))).toEqual(Array(6).fill("en"));
});

test("a shortened name is never longer than asked for, and ends with no half of a character", () => {
  expect(shorten("short", 5)).toBe("short");
  expect(shorten("longer", 5)).toBe("long…");
  expect(shorten("🎁🎁🎁", 4)).toBe("🎁…");
});

const localesPath = (language: string) => join(import.meta.dirname, "../../src/bot/locales", language);

/** The variables of each message; fails when a line of the file is not understood. */
async function messages(language: string): Promise<Record<string, string[]>> {
  const files = await readdir(localesPath(language));
  const source = (await Promise.all(files.map((name) => readFile(join(localesPath(language), name), "utf8")))).join(
    "\n",
  );
  const { body } = new FluentResource(source);
  // What it cannot parse it leaves out.
  expect(body.map(({ id }) => id)).toEqual(Array.from(source.matchAll(/^([a-z-]+) =/gm), ([, id]) => id));
  expect(new Set(body.map(({ id }) => id)).size, "each is there once").toBe(body.length);
  return Object.fromEntries(body.map(({ id, value }) => [id, [...new Set(variables(value))].sort()]));
}

function variables(pattern: unknown): string[] {
  if (typeof pattern !== "object" || pattern === null) return [];
  if ("type" in pattern && pattern.type === "var" && "name" in pattern) return [String(pattern.name)];
  return Object.values(pattern).flatMap(variables);
}

async function sourceFiles(): Promise<string> {
  const src = join(import.meta.dirname, "../../src");
  const names = (await readdir(src, { recursive: true })).filter((name) => name.endsWith(".ts"));
  return (await Promise.all(names.map((name) => readFile(join(src, name), "utf8")))).join("\n");
}
