import fc from "fast-check";
import { expect, test } from "vitest";
import { fetta } from "../../../src/checker/sources/fetta.ts";
import { sources } from "../../../src/checker/sources/index.ts";
import { knownSites, parseAddress } from "../../../src/checker/sources/known-sites.ts";

const ann = { source: "fetta", nickname: "Ann_1", key: "ann_1" };

test.each([
  "https://fetta.app/u/Ann_1",
  "http://fetta.app/u/Ann_1",
  "HTTPS://Fetta.App/u/Ann_1",
  "https://www.fetta.app/u/Ann_1",
  "fetta.app/u/Ann_1",
  "www.fetta.app/u/Ann_1",
  "fetta.app/U/Ann_1/",
  "fetta.app./u/Ann_1",
  "https:/fetta.app/u/Ann_1",
  "https://fetta.app//u//Ann_1",
  "https://fetta.app/u/Ann_1/gifts/5",
  "https://fetta.app/u/Ann_1?utm_source=tg&x=/u/bob",
  "https://fetta.app/u/Ann_1#wish",
  "https://fetta.app/u/@Ann_1",
  "https://fetta.app/u/%41nn_1",
  "https://fetta.app/u/%E2%80%8BAnn_1",
  "fetta.app/u/Ann_1?",
  "/u/Ann_1",
  "u/Ann_1",
  "@Ann_1",
  "＠Ann_1",
  "Ann_1",
  "Ann_1/",
  "  Ann_1\n",
  "\ufeff\u200bAnn\u00ad_1\u2060\u00a0",
  "\u202ahttps://fetta.app/u/Ann_1\u202c",
  "<https://fetta.app/u/Ann_1>",
  "(fetta.app/u/Ann_1)",
  "«fetta.app/u/Ann_1»,",
  "https://fetta.app/u/Ann_1.",
  "https://fetta.app/u/Ann_1)!",
  '"@Ann_1"',
  "*Ann_1*",
])("%j is a streamer of fetta", (text) => {
  expect(fetta.parseAddress(text)).toEqual(ann);
  expect(parseAddress(text)).toEqual(ann);
});

test("the address of every source is known", () => {
  expect(Object.entries(knownSites)).toEqual(
    sources.map(({ name, home, parseAddress }) => [name, { name, home, parseAddress }]),
  );
});

test("nicknames keep their dots, dashes and case, and fold to one key", () => {
  expect(fetta.parseAddress("https://fetta.app/u/A.b-C")).toMatchObject({ nickname: "A.b-C", key: "a.b-c" });
  expect(fetta.parseAddress("a.b-c")).toMatchObject({ key: "a.b-c" });
  expect(fetta.parseAddress("@live.tv")).toMatchObject({ nickname: "live.tv" });
  expect(fetta.parseAddress("https://fetta.app/u/live.tv")).toMatchObject({ nickname: "live.tv" });
});

test.each([
  "",
  " ",
  "a",
  "a".repeat(33),
  "two words",
  "Аня",
  "..",
  "https://fetta.app/u/..",
  "https://fetta.app/u/%2e%2e",
  "https://fetta.app/u/a%2Fb",
  "https://fetta.app/u/%",
  "fetta.app",
  "https://fetta.app/",
  "https://fetta.app/login",
  "https://fetta.app/u",
  "https://fetta.app/u/",
  "https://fetta.app/ann",
  "https://fetta.app/?u=/u/ann",
  "/list",
  "@",
  "@@",
  "ann@example",
  "tg://resolve?domain=ann",
  "javascript:alert(1)",
])("%j is no address, and no link elsewhere", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  "https://throne.com/ann",
  "throne.com/u/ann",
  "twitch.tv",
  "www.twitch.tv",
  "youtube.com/@ann",
  "https://fetta.app.evil.example/u/ann",
  "https://evil.example/fetta.app/u/ann",
  "https://fetta.app@evil.example/u/ann",
  "fetta.app@evil.example/u/ann",
  "https://notfetta.app/u/ann",
  "https://fetta.apps/u/ann",
  "https://fеtta.app/u/ann",
  "https://localhost/u/ann",
  "http://127.0.0.1/u/ann",
  "<https://t.me/ann>",
  "вишлист.рф",
])("%j is a link to a site that is not read", (text) => {
  expect(fetta.parseAddress(text)).toBeUndefined();
  expect(parseAddress(text)).toBe("unsupported");
});

const nickname = fc.stringMatching(/^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,30})[A-Za-z0-9_]$/);
const nothing = fc.string({ unit: fc.constantFrom(..."\u200b\u200d\u200f\u202a\u202e\u2060\u2066\ufeff\u00ad\ufe0f") });
const space = fc.string({ unit: fc.constantFrom(..." \t\n\u00a0\u3000") });
const link = fc
  .record({
    scheme: fc.constantFrom("", "http://", "https://", "HTTPS://"),
    host: fc.constantFrom("fetta.app", "www.fetta.app", "FETTA.APP"),
    tail: fc.constantFrom("", "/", "/?", "?a=b", "#c", "/wish/5?x=%2F#y", "?redirect=https://t.me/x"),
  })
  .map(
    ({ scheme, host, tail }) =>
      (nick: string) =>
        `${scheme}${host}/u/${nick}${tail}`,
  );
const spelling = fc.oneof(
  fc.constantFrom(
    (nick: string) => nick,
    (nick: string) => `@${nick}`,
    (nick: string) => nick.toUpperCase(),
    (nick: string) => nick.replace(/./g, (char) => String.fromCodePoint(char.charCodeAt(0) + 0xfee0)),
  ),
  link,
);

test("however a nickname is spelled and decorated, its key is the same", () => {
  const quotes = fc.constantFrom(["", ""], ["<", ">"], ["(", ")"], ["«", "»"], ['"', '".'], ["", ","]);
  fc.assert(
    fc.property(nickname, spelling, quotes, nothing, space, (nick, spell, [open, close], invisible, blank) => {
      const text = `${blank}${open}${invisible}${spell(nick)}${invisible}${close}${blank}`;
      expect(parseAddress(text)).toMatchObject({ source: "fetta", key: nick.toLowerCase() });
    }),
    { numRuns: 1_000 },
  );
});

test("no text makes it throw, and what it gives can be put into a path", () => {
  const pieces = fc.constantFrom(
    "https://",
    "fetta.app",
    "/u/",
    "@",
    "%",
    "%2F",
    "..",
    "\\",
    ":",
    "[",
    "\ud800",
    "＠",
    "ann",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl(),
    fc.array(fc.oneof(pieces, fc.string()), { maxLength: 6 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (text) => {
      const address = parseAddress(text);
      if (typeof address !== "object") return;
      const { pathname, host } = new URL(`/u/${address.nickname}`, "https://fetta.app");
      expect([host, pathname]).toEqual(["fetta.app", `/u/${address.nickname}`]);
    }),
    { numRuns: 3_000 },
  );
});

test("a long text is read in no time", () => {
  const startedAt = performance.now();
  for (const text of [
    `${")".repeat(100_000)}x`,
    "a.".repeat(100_000),
    " ".repeat(100_000),
    `@${"a".repeat(100_000)}`,
  ]) {
    parseAddress(text);
  }
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
