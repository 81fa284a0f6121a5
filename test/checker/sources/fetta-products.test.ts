import fc from "fast-check";
import { expect, test } from "vitest";
import type { Item, Page } from "../../../src/checker/source.ts";
import { fetta } from "../../../src/checker/sources/fetta.ts";
import { FEE_PERCENT, priceWithFee, readProductsPage } from "../../../src/checker/sources/fetta-products.ts";

const page = (text: string, changes: Partial<Page> = {}): Page => ({
  status: 200,
  url: "https://fetta.app/api",
  type: "application/json",
  text,
  ...changes,
});
const read = (json: unknown, changes?: Partial<Page>) => readProductsPage(page(JSON.stringify(json), changes));
const items = (products: unknown[]) => {
  const answer = read({ products, totalPages: 1 });
  if ("outcome" in answer) throw new Error(answer.reason);
  return answer.items;
};
const item = (product: object) => items([{ id: "x", ...product }])[0];

test.each([
  [660, 71_300],
  [202, 21_900],
  [225, 24_300],
  [900, 97_200],
  [1, 200],
  [100, 10_800],
  ["660", 71_300],
  [" 660.00 ", 71_300],
  [99.99, 10_800],
  [100.01, 10_900],
  [0.01, 100],
  [83_398_580_925_399, 9_007_046_739_943_100],
])("a price of %j rubles is %j kopecks for a buyer", (rubles, kopecks) => {
  expect(priceWithFee(rubles)).toBe(kopecks);
});

test.each([
  0,
  -1,
  -0,
  0.001,
  Number.NaN,
  Infinity,
  2 ** 53,
  1e300,
  "",
  "free",
  "1 992",
  "-5",
  "1e3",
  "0",
  "٣",
  null,
  undefined,
  true,
  [660],
  {},
])("a price of %j is unknown", (price) => {
  expect(priceWithFee(price)).toBeUndefined();
});

test("the fee is exact for every price", () => {
  const oracle = (rubles: number) => Number((BigInt(rubles) * BigInt(100 + FEE_PERCENT) + 99n) / 100n) * 100;
  for (let rubles = 1; rubles <= 200_000; rubles++) {
    if (priceWithFee(rubles) !== oracle(rubles)) throw new Error(`${rubles}`);
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80_000_000_000_000 }), (rubles) => priceWithFee(rubles) === oracle(rubles)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (kopecks) => {
      const exact = Number((BigInt(kopecks) * BigInt(100 + FEE_PERCENT) + 9_999n) / 10_000n) * 100;
      return priceWithFee(kopecks / 100) === exact && priceWithFee((kopecks / 100).toFixed(2)) === exact;
    }),
  );
});

test("an id may be a number or a text", () => {
  expect(items([{ id: 5 }, { id: "6" }, { id: -7 }]).map((item) => item.productId)).toEqual(["5", "6", "-7"]);
});

test("an item without a usable id is left out; of one id, the first item counts", () => {
  const unusable = [
    undefined,
    null,
    "",
    0,
    "0",
    1.5,
    2 ** 60,
    true,
    {},
    [],
    "a b",
    "a\u0000",
    "\ud800",
    "x".repeat(129),
  ];
  const products = [
    ...unusable.map((id) => ({ id, name: "?" })),
    null,
    7,
    "x",
    [],
    { id: 1, name: "a" },
    { id: "1", name: "b" },
  ];
  expect(items(products).map(({ productId, name }) => [productId, name])).toEqual([["1", "a"]]);
  expect(read({ products: unusable.map((id) => ({ id })), totalPages: 1 })).toEqual({
    outcome: "page_changed",
    reason: "none of the products has an id",
  });
});

test.each([
  ["123", "123", "https://www.ozon.ru/product/123"],
  [123, "123", "https://www.ozon.ru/product/123"],
  ["wb-5/../x", "wb-5/../x", undefined],
  [0, undefined, undefined],
  ["", undefined, undefined],
  [{}, undefined, undefined],
])("the external id %j is %j and leads to %j", (value, externalId, productUrl) => {
  expect(item({ externalId: value })).toMatchObject({ externalId, productUrl });
});

test("an item always has a name", () => {
  expect(item({ name: " \u200bNitki\n " })?.name).toBe("Nitki");
  expect(item({ name: "🎁".repeat(200) })?.name).toBe("🎁".repeat(150));
  expect(item({ name: "\u202e", externalId: 5 })?.name).toBe("Ozon 5");
  expect(item({ name: 5 })?.name).toBe("#x");
});

test("only what is said to be pinned or unavailable is", () => {
  expect(item({ isPinned: true, isUnavailable: true })).toMatchObject({ isPinned: true, isUnavailable: true });
  expect(item({ isPinned: "no", isUnavailable: null })).toMatchObject({ isPinned: false, isUnavailable: false });
});

test.each([
  [3, 3],
  ["3", 3],
  [0, 0],
  [-1, undefined],
  [1.5, undefined],
  ["many", undefined],
  [null, undefined],
])("totalPages %j is %j", (totalPages, pages) => {
  expect(read({ products: [{ id: 1 }], totalPages })).toMatchObject({ totalPages: pages });
});

test.each<[unknown, Partial<Page>, string]>([
  [{ error: "User not found" }, { status: 404 }, "not_found"],
  [{ products: [{ id: 1 }], totalPages: 1 }, { status: 404 }, "not_found"],
  [{ error: { message: "No such user" } }, {}, "not_found"],
  [{ message: "Invalid uid", statusCode: 400 }, { status: 400 }, "not_found"],
  [{ error: "Database is down" }, {}, "page_changed"],
  [{ data: [] }, {}, "page_changed"],
  [{ products: null, totalPages: 0 }, {}, "page_changed"],
  [{ products: {}, totalPages: 0 }, {}, "page_changed"],
  [[], {}, "page_changed"],
  [null, {}, "page_changed"],
  [{ products: [], totalPages: 0 }, { status: 206 }, "page_changed"],
  [{ isPrivate: true, products: [], totalPages: 0 }, {}, "private"],
  [{ private: true }, { status: 403 }, "private"],
  [{ error: "This wishlist is hidden" }, { status: 403 }, "private"],
  [{ error: "Forbidden" }, { status: 403 }, "blocked"],
  [{ error: "Too many requests" }, { status: 429 }, "blocked"],
  [{ error: "not found" }, { status: 500 }, "unreachable"],
])("%j with %j is %s", (json, changes, outcome) => {
  expect(read(json, changes)).toMatchObject({ outcome });
});

test.each([
  ["<!DOCTYPE html><html></html>", {}, "blocked"],
  ["<html>404</html>", { status: 404, type: "text/html" }, "page_changed"],
  ["moved", { status: 404 }, "page_changed"],
  ["Access denied", { type: "text/html" }, "blocked"],
  ["", {}, "unreachable"],
  ['{"products":[{"id":1', {}, "unreachable"],
  ["]}garbage", {}, "page_changed"],
])("%j with %j instead of JSON is %s", (text, changes, outcome) => {
  expect(readProductsPage(page(text, changes))).toMatchObject({ outcome });
});

test("an answer cut at any byte never gives a list", async () => {
  const products = [
    { id: 1, name: "Нитки 🎁", price: 660 },
    { id: "b", externalId: 5, imageUrl: "https://cdn1.ozone.ru/1.jpg" },
  ];
  for (const whole of [
    { products, totalPages: 1 },
    { totalPages: 1, products },
    { products: [], totalPages: 0 },
  ]) {
    const bytes = Buffer.from(JSON.stringify(whole));
    for (let length = 0; length < bytes.length; length++) {
      const text = bytes.subarray(0, length).toString();
      const look = await fetta.look(async () => page(text), "x", { first: true }, new AbortController().signal);
      expect(look.outcome).toBe("unreachable");
    }
  }
});

function expectValid(item: Item) {
  expect(item).toEqual({
    productId: expect.stringMatching(/^[^\p{C}\s]{1,128}$/u),
    externalId: item.externalId === undefined ? undefined : expect.stringMatching(/^[^\p{C}\s]{1,128}$/u),
    name: expect.stringMatching(/^[^\p{Cc}\p{Cf}\p{Cs}]{1,300}$/u),
    price: item.price === undefined ? undefined : expect.toSatisfy((price) => Number.isSafeInteger(price) && price > 0),
    currency: item.price === undefined ? undefined : "RUB",
    imageUrl: item.imageUrl === undefined ? undefined : expect.stringMatching(/^https?:\/\//),
    productUrl:
      item.productUrl === undefined ? undefined : expect.stringMatching(/^https:\/\/www\.ozon\.ru\/product\/\d+$/),
    isPinned: expect.any(Boolean),
    isUnavailable: expect.any(Boolean),
  });
}

test("whatever JSON the site answers with, nothing throws and no invalid item gets through", async () => {
  const value = fc.oneof(
    fc.constantFrom(1, 2, "1", "a", 0, -1, 660, "", null, true, "https://cdn1.ozone.ru/1.jpg"),
    fc.double(),
    fc.string({ unit: "binary" }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const product = fc.record(
    { id: value, externalId: value, name: value, price: value, imageUrl: value, isPinned: value, isUnavailable: value },
    { requiredKeys: [] },
  );
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        products: fc.oneof(fc.array(fc.oneof(product, value)), value),
        totalPages: fc.oneof(fc.integer({ min: -1, max: 4 }), value),
        error: value,
        isPrivate: value,
      },
      { requiredKeys: [] },
    ),
  );
  const status = fc.oneof({ weight: 9, arbitrary: fc.constant(200) }, fc.integer({ min: 200, max: 599 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(json, status), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (answers, first) => {
        let asked = 0;
        const get = async () => {
          const [json, status] = answers[asked++ % answers.length] ?? [null, 500];
          return page(JSON.stringify(json), { status });
        };
        const look = await fetta.look(get, "x", { first }, new AbortController().signal);
        if (!("items" in look)) return;
        for (const item of look.items) expectValid(item);
        expect(new Set(look.items.map((item) => item.productId)).size).toBe(look.items.length);
        expect(look.outcome).toBe(look.items.length === 0 ? "empty" : "complete");
      },
    ),
    { numRuns: 1_000 },
  );
});
