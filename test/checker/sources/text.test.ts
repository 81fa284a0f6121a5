import fc from "fast-check";
import { expect, test } from "vitest";
import { tidyText, webUrl } from "../../../src/checker/sources/text.ts";

test.each([
  ["  Nitki \n\t blue\u00a0 ", "Nitki blue"],
  ["a\u0000b\u0007c", "a b c"],
  ["\u202eevil\u202c \u2066x\u2069", "evil x"],
  ["ze\u200bro\u200d\ufeff \u00adwidth\u2060", "zero width"],
  ["line\u2028and\u2029paragraph", "line and paragraph"],
  ["🎁 <b>&amp;</b>", "🎁 <b>&amp;</b>"],
  ["half a pair \ud83c", "half a pair \ufffd"],
  ["\u200b\u200b", ""],
])("%j is tidied to %j", (text, tidy) => {
  expect(tidyText(text, 100)).toBe(tidy);
});

test("a long text is cut between characters, without a space at its end", () => {
  expect(tidyText("x".repeat(101), 100)).toBe("x".repeat(100));
  expect(tidyText(`${"x".repeat(99)}🎁`, 100)).toBe("x".repeat(99));
  expect(tidyText(`${"x".repeat(99)} y`, 100)).toBe("x".repeat(99));
  expect(tidyText("🎁".repeat(60), 100)).toBe("🎁".repeat(50));
});

test("whatever a text holds, it becomes one clean line of at most the length asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (text, length) => {
      const tidy = tidyText(text, length);
      expect(tidy.length).toBeLessThanOrEqual(length);
      expect(tidy).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\s\s|^\s|\s$/u);
      expect(tidyText(tidy, length)).toBe(tidy);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["https://cdn1.ozone.ru/1.jpg?w=400&h=300", "https://cdn1.ozone.ru/1.jpg?w=400&h=300"],
  ["//cdn1.ozone.ru/1.jpg", "https://cdn1.ozone.ru/1.jpg"],
  ["/_next/image?url=x", "https://fetta.app/_next/image?url=x"],
  ['https://cdn1.ozone.ru/a b\u0000"<>.jpg', "https://cdn1.ozone.ru/a%20b%00%22%3C%3E.jpg"],
  ["javascript:alert(1)", undefined],
  ["data:image/png;base64,AAAA", undefined],
  ["file:///etc/passwd", undefined],
  ["https://", undefined],
  [`https://cdn1.ozone.ru/${"x".repeat(3_000)}`, undefined],
  ["", undefined],
  [undefined, undefined],
  [{ url: "https://cdn1.ozone.ru/1.jpg" }, undefined],
])("of the address %j remains %j", (address, url) => {
  expect(webUrl(address, "https://fetta.app")).toBe(url);
});
