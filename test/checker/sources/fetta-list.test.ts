import fc from "fast-check";
import { expect, test } from "vitest";
import type { Item } from "../../../src/checker/source.ts";
import { type ReadPage, readList } from "../../../src/checker/sources/fetta-list.ts";

const item = (productId: string): Item => ({ productId, name: productId, isPinned: false, isUnavailable: false });

/** A site with two items on a page, numbered from 1 as fetta's are; `answers` are the ids on p=0, p=1, … */
function pages(answers: Record<number, string>, totalPages: number | undefined) {
  const asked: number[] = [];
  const readPage: ReadPage = async (page) => {
    asked.push(page);
    return { items: [...(answers[page] ?? "")].map(item), totalPages };
  };
  return { asked, readPage };
}

const ids = (look: Awaited<ReturnType<typeof readList>>) =>
  "items" in look ? look.items.map((item) => item.productId).join("") : look.outcome;

test.each<[string, Record<number, string>, number | undefined, boolean, string, number[]]>([
  ["one page", { 0: "ab" }, 1, true, "ab", [0]],
  ["two pages", { 0: "ab", 2: "cd" }, 2, false, "abcd", [0, 2]],
  ["two pages, confirmed", { 0: "ab", 1: "ab", 2: "cd" }, 2, true, "abcd", [0, 1, 2]],
  ["pages from 0, confirmed", { 0: "ab", 1: "cd", 2: "e" }, 3, true, "abcde", [0, 1, 2, 3]],
  ["pages from 0, noticed at the end", { 0: "ab", 1: "cd", 2: "e" }, 3, false, "abcde", [0, 2, 3, 1]],
  ["pages from 0, the last repeated behind the end", { 0: "ab", 1: "cd", 2: "cd" }, 2, false, "abcd", [0, 2]],
  [
    "pages from 0, confirmed, the last repeated behind the end",
    { 0: "ab", 1: "cd", 2: "cd" },
    2,
    true,
    "abcd",
    [0, 1, 2, 0, 1, 2],
  ],
  ["pages from 0 to the total", { 0: "ab", 1: "cd", 2: "ef" }, 2, true, "abcdef", [0, 1, 2, 0, 1, 2]],
  ["no total", { 0: "ab", 1: "ab", 2: "c" }, undefined, false, "abc", [0, 1, 2, 3]],
  ["no total, one page", { 0: "ab", 1: "ab" }, undefined, false, "ab", [0, 1, 2]],
  ["no total, pages from 0", { 0: "ab", 1: "c" }, undefined, false, "abc", [0, 1, 2]],
  ["no total, one page from 0", { 0: "ab" }, undefined, false, "ab", [0, 1]],
  [
    "no total, the last page again and again",
    { 0: "ab", 1: "ab", 2: "c", 3: "c", 4: "c" },
    undefined,
    false,
    "abc",
    [0, 1, 2, 3],
  ],
  ["nothing", {}, 0, true, "", [0]],
  ["nothing on its one page", {}, 1, true, "", [0]],
  ["nothing, and no total", {}, undefined, true, "", [0]],
  ["nothing on the first of two pages", { 2: "cd" }, 2, true, "partial", [0]],
  ["a hole in the middle", { 0: "ab", 2: "", 3: "ef" }, 3, false, "partial", [0, 2]],
  ["the last page missing", { 0: "ab", 1: "ab", 2: "cd" }, 3, false, "partial", [0, 2, 3, 1]],
  ["the last page missing, confirmed", { 0: "ab", 1: "ab", 2: "cd" }, 3, true, "partial", [0, 1, 2, 3]],
  ["the second page missing, confirmed", { 0: "ab", 2: "cd" }, 2, true, "partial", [0, 1]],
  ["the page number ignored", { 0: "ab", 1: "ab", 2: "ab", 3: "ab" }, 3, false, "partial", [0, 2]],
  ["the page number ignored, on two pages", { 0: "ab", 1: "ab", 2: "ab" }, 2, false, "partial", [0, 2, 1]],
  ["an item always repeated", { 0: "ab", 2: "bc" }, 2, false, "abc", [0, 2, 0, 2]],
])("%s", async (_, answers, totalPages, first, list, requests) => {
  const { asked, readPage } = pages(answers, totalPages);
  expect([ids(await readList(readPage, { confirm: first })), asked]).toEqual([list, requests]);
});

test("a total that grows while the list is read is followed; one that shrinks is held to its promise", async () => {
  const growing: ReadPage = async (page) => ({ items: [item(`${page}`)], totalPages: page === 0 ? 2 : 3 });
  expect(ids(await readList(growing, { confirm: false }))).toBe("023");
  const shrinking: ReadPage = async (page) => ({
    items: page > 2 ? [] : [item(`${page}`)],
    totalPages: page === 0 ? 4 : 2,
  });
  expect(ids(await readList(shrinking, { confirm: false }))).toBe("partial");
});

test("a list without an end is given up after 500 pages or 20,000 items", async () => {
  let asked = 0;
  const endless =
    (perPage: number): ReadPage =>
    async (page) => {
      asked++;
      return { items: Array.from({ length: perPage }, (_, n) => item(`${page}.${n}`)), totalPages: undefined };
    };
  expect(await readList(endless(1), { confirm: false })).toEqual({
    outcome: "too_long",
    reason: "more than 500 pages or 20000 items",
  });
  expect(asked).toBe(501);
  asked = 0;
  expect(ids(await readList(endless(5_000), { confirm: false }))).toBe("too_long");
  expect(asked).toBe(5);
});

test("a site whose pages promise ever more pages comes to an end", async () => {
  const promising: ReadPage = async (page) => ({ items: [item(`${page}`)], totalPages: page + 2 });
  expect(ids(await readList(promising, { confirm: false }))).toBe("too_long");
});

test("while items are added and moved to the top, a whole look misses none that was there all the time", async () => {
  const change = fc.record({ before: fc.nat({ max: 14 }), move: fc.nat({ max: 30 }), add: fc.boolean() });
  let [whole, partial] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(change, { maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (length, pageSize, changes, zeroBased, first) => {
        let list = Array.from({ length }, (_, n) => `old${n}`);
        const atStart = [...list];
        let requests = 0;
        const readPage: ReadPage = async (page) => {
          for (const { before, move, add } of changes) {
            if (before !== requests) continue;
            if (add) list = [`new${requests}-${list.length}`, ...list];
            const [moved] = list.splice(move, 1);
            if (moved !== undefined) list.unshift(moved);
          }
          requests++;
          const start = (zeroBased ? page : Math.max(page, 1) - 1) * pageSize;
          const items = list.slice(start, start + pageSize).map(item);
          return { items, totalPages: Math.ceil(list.length / pageSize) };
        };
        // A site that numbers from 0 is read out of order unless p=1 is asked in its turn, and then a move can hide.
        const look = await readList(readPage, { confirm: first || zeroBased });
        if (!("items" in look)) {
          expect(look.outcome).toBe("partial");
          partial++;
          return;
        }
        whole++;
        const read = new Set(look.items.map(({ productId }) => productId));
        expect(atStart.filter((id) => !read.has(id))).toEqual([]);
      },
    ),
    { numRuns: 3_000 },
  );
  // Most lists are read in spite of it, and some are not: both ways were walked.
  expect(whole).toBeGreaterThan(partial);
  expect(partial).toBeGreaterThan(10);
});

test.each<[string, Record<number, string>, number, boolean, "unchanged" | string, number[]]>([
  ["one page", { 0: "ab" }, 1, false, "unchanged", [0]],
  ["three pages", { 0: "ab", 2: "cd", 3: "ef" }, 3, false, "unchanged", [0, 3]],
  ["three pages, swept", { 0: "ab", 2: "cd", 3: "ef" }, 3, true, "abcdef", [0, 3, 2]],
  ["two pages, swept", { 0: "ab", 2: "cd" }, 2, true, "unchanged", [0, 2]],
])(
  "an unchanged list of %s costs its first and last page unless it is swept",
  async (_, answers, total, sweep, outcome, asked) => {
    const before = await readList(pages(answers, total).readPage, { confirm: false });
    const known = "fingerprint" in before ? before.fingerprint : undefined;
    expect(known).toBeDefined();
    const now = pages(answers, total);
    const look = await readList(now.readPage, { confirm: false, known, sweep });
    expect([look.outcome === "unchanged" ? look.outcome : ids(look), now.asked]).toEqual([outcome, asked]);
  },
);

test.each<[string, Record<number, string>, number]>([
  ["added on top", { 0: "xa", 2: "bc", 3: "de", 4: "f" }, 4],
  ["added in the middle", { 0: "ab", 2: "xc", 3: "de", 4: "f" }, 4],
  ["removed from the middle", { 0: "ab", 2: "de", 3: "f" }, 3],
])("a list with an item %s is read whole, each page once", async (_, answers, total) => {
  const before = await readList(pages({ 0: "ab", 2: "cd", 3: "ef" }, 3).readPage, { confirm: false });
  const now = pages(answers, total);
  const look = await readList(now.readPage, {
    confirm: false,
    known: "fingerprint" in before ? before.fingerprint : undefined,
  });
  expect(look.outcome).toBe("complete");
  expect([...now.asked].sort()).toEqual(Object.keys(answers).map(Number));
});
