import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isNothing,
  MOST_WORDS,
  readDuration,
  readHours,
  readPercent,
  readPrice,
  readTime,
  readWords,
} from "../../src/bot/typed.ts";

const HOUR_MS = 3_600_000;

test.each([
  ["1500", 150_000],
  ["1 500", 150_000],
  ["1\u00a0500 ₽", 150_000],
  ["1500р.", 150_000],
  ["1500 руб", 150_000],
  ["1500 рублей", 150_000],
  ["₽1500", 150_000],
  ["1.5к", 150_000],
  ["1,5 К", 150_000],
  ["2 тыс.", 200_000],
  ["2k", 200_000],
  ["99.90", 9_990],
  ["99,9", 9_990],
  ["1,500", 150_000],
  ["1.234.567", 123_456_700],
  ["1,234.50", 123_450],
  ["0,01", 1],
])("the price %j is %d kopecks", (text, minor) => {
  expect(readPrice(text)).toBe(minor);
});

test.each([
  "",
  "дорого",
  "-5",
  "1e9",
  "12 34 руб за штуку",
  "1.2.3",
  "0",
  "0,001",
  "100000001",
  "999999999к",
  "$5",
  "½",
  "१२",
])("the price %j is not understood", (text) => {
  expect(readPrice(text)).toBeUndefined();
});

test.each([
  ["23:30-8:15", { from: 1_410, to: 495 }],
  ["с 23:30 до 8.15", { from: 1_410, to: 495 }],
  ["from 22 to 7", { from: 1_320, to: 420 }],
  ["22 – 7", { from: 1_320, to: 420 }],
  ["22 7", { from: 1_320, to: 420 }],
  ["0-10", { from: 0, to: 600 }],
  ["22:00—24:00", { from: 1_320, to: 0 }],
])("the hours %j are understood", (text, hours) => {
  expect(readHours(text)).toEqual(hours);
});

test.each(["", "ночью", "22", "25-8", "22:60-8", "8-8", "0-24", "22:5-8", "-8-10", "1-2-3"])(
  "the hours %j are not understood",
  (text) => {
    expect(readHours(text)).toBeUndefined();
  },
);

test("a time of day is read with and without minutes", () => {
  expect(["9", "9:30", "21.15", "в 9:00", "at 0:05", "24"].map(readTime)).toEqual([540, 570, 1_275, 540, 5, 0]);
  expect(["", "поздно", "9:5", "25", "24:01", "-1", "9:30:00"].map(readTime)).toEqual(Array(7).fill(undefined));
});

test("a percentage is whole and between 1 and 90", () => {
  expect(["15", " 15 % ", "1%", "90"].map(readPercent)).toEqual([15, 15, 1, 90]);
  expect(["", "0", "91", "1.5", "-5", "много"].map(readPercent)).toEqual(Array(6).fill(undefined));
});

test("words come between commas or on lines, each once whatever its case, and not too many or too long", () => {
  expect(readWords(" Мышь,клавиатура ;мышь\nигровой   стул,, Ёлка, елка")).toEqual([
    "мышь",
    "клавиатура",
    "игровой стул",
    "ёлка",
  ]);
  expect(["", " , ;\n", "…, !"].map(readWords)).toEqual(Array(3).fill(undefined));
  const many = (count: number) => Array.from({ length: count }, (_, n) => `word${n}`).join(",");
  expect(readWords(many(MOST_WORDS))).toHaveLength(MOST_WORDS);
  expect(readWords(many(MOST_WORDS + 1))).toBe("too-many");
  expect(readWords("a".repeat(50))).toEqual(["a".repeat(50)]);
  expect(readWords("a".repeat(51))).toBe("too-long");
});

test("a duration is hours, days, weeks, or for good", () => {
  expect(["24h", "24", "1 час", "7d", "7д", "3 дня", "2w", "1 день"].map(readDuration)).toEqual(
    [24, 24, 1, 168, 168, 72, 336, 24].map((hours) => hours * HOUR_MS),
  );
  expect(["forever", "НАВСЕГДА"].map(readDuration)).toEqual([Infinity, Infinity]);
  expect(["", "0h", "вечность", "-1d", "9999d", "1.5h", "24 24", "d"].map(readDuration)).toEqual(
    Array(8).fill(undefined),
  );
});

test("a dash takes things back, in all the ways that keyboards write it", () => {
  expect(["-", " – ", "—", "−", "0", "Нет", "off"].every(isNothing)).toBe(true);
  expect(["", "--", "мышь", "10"].some(isNothing)).toBe(false);
});

test("whatever is typed is either understood within its limits or not at all", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "grapheme", maxLength: 60 })),
      (text) => {
        const price = readPrice(text);
        if (price !== undefined) expect(Number.isSafeInteger(price) && price > 0).toBe(true);
        for (const minutes of [readTime(text), readHours(text)?.from, readHours(text)?.to]) {
          if (minutes !== undefined) expect(minutes >= 0 && minutes < 1_440).toBe(true);
        }
        const words = readWords(text);
        if (Array.isArray(words)) expect(words.every((word) => word.length <= 50 && word.isWellFormed())).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
