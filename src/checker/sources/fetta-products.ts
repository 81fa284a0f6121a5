import type { Failure, Item, Page } from "../source.ts";
import { isHtml, refusal } from "./answers.ts";
import { FETTA_HOME } from "./fetta-address.ts";
import { tidyText, webUrl } from "./text.ts";

/** The site adds it to a product's price and rounds up to a whole ruble: 660 in the answer is 713 on the page. */
export const FEE_PERCENT = 8;

const MAX_NAME_LENGTH = 300;
const MAX_ID_LENGTH = 128;

export type ProductsPage = {
  /** In the site's order, each id once. */
  items: Item[];
  /** Undefined when the answer does not say. */
  totalPages: number | undefined;
};

type Json = Record<string, unknown>;

/** Reads one page of `/api/product/products/public/get`. */
export function readProductsPage(page: Page): ProductsPage | Failure {
  const json = readJson(page.text);
  if (isObject(json) && saysPrivate(json, page.status)) return { outcome: "private", reason: "the site says so" };
  const refused = refusal(page);
  if (refused !== undefined) return refused;
  if (isObject(json) && saysNotFound(json, page.status)) return { outcome: "not_found", reason: "the site says so" };
  if (page.status !== 200) return { outcome: "page_changed", reason: `status ${page.status} for products` };
  if (json === undefined) return withoutJson(page);
  if (!isObject(json) || !Array.isArray(json.products)) {
    return { outcome: "page_changed", reason: "an answer without products" };
  }
  const items = uniqueItems(json.products);
  if (json.products.length > 0 && items.length === 0) {
    return { outcome: "page_changed", reason: "none of the products has an id" };
  }
  return { items, totalPages: wholeNumber(json.totalPages) };
}

function withoutJson(page: Page): Failure {
  if (isHtml(page)) {
    return { outcome: "blocked", reason: "a page instead of products", retryAfterMs: page.retryAfterMs };
  }
  const isCutOff = /^\s*(?:\{|$)/.test(page.text);
  return isCutOff
    ? { outcome: "unreachable", reason: "the products are cut off" }
    : { outcome: "page_changed", reason: "products that are not JSON" };
}

function saysPrivate(json: Json, status: number): boolean {
  if (json.isPrivate === true || json.private === true) return true;
  return status === 403 && /private|hidden|приват|скрыт/i.test(words(json));
}

/** What the site answers for an unknown id is not known: a 404, or an error without products, that says so. */
function saysNotFound(json: Json, status: number): boolean {
  if (status === 404 || status === 410) return true;
  const error = /not.?found|no such|unknown|invalid|does ?n.t exist|не найден|не существует/i;
  return json.products === undefined && error.test(words(json));
}

function words({ error, message }: Json): string {
  return [error, isObject(error) ? error.message : undefined, message]
    .filter((text) => typeof text === "string")
    .join();
}

function uniqueItems(products: unknown[]): Item[] {
  const items = new Map<string, Item>();
  for (const product of products) {
    const item = isObject(product) ? readItem(product) : undefined;
    if (item !== undefined && !items.has(item.productId)) items.set(item.productId, item);
  }
  return [...items.values()];
}

/** Undefined without an id: such an item would be another one at each look. */
function readItem(product: Json): Item | undefined {
  const productId = readId(product.id);
  if (productId === undefined) return undefined;
  const externalId = readId(product.externalId);
  const price = priceWithFee(product.price);
  const name = typeof product.name === "string" ? tidyText(product.name, MAX_NAME_LENGTH) : "";
  return {
    productId,
    externalId,
    name: name || (externalId === undefined ? `#${productId}` : `Ozon ${externalId}`),
    price,
    currency: price === undefined ? undefined : "RUB",
    imageUrl: webUrl(product.imageUrl, FETTA_HOME),
    productUrl: externalId && /^\d+$/.test(externalId) ? `https://www.ozon.ru/product/${externalId}` : undefined,
    isPinned: product.isPinned === true,
    isUnavailable: product.isUnavailable === true,
  };
}

/** An id that is stored and compared as it is. Numbers past 2^53 have already lost their last digits; 0 stands for none. */
function readId(value: unknown): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string" || id.length > MAX_ID_LENGTH) return undefined;
  return /^0*$|[\p{C}\s]/u.test(id) ? undefined : id;
}

/** What a buyer pays, in kopecks, for a price in rubles; undefined when it is not known. Exact up to 2^53 kopecks. */
export function priceWithFee(price: unknown): number | undefined {
  const rubles = typeof price === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(price) ? Number(price) : price;
  if (typeof rubles !== "number" || !(rubles > 0) || rubles > Number.MAX_SAFE_INTEGER) return undefined;
  const kopecks = BigInt(Math.round(rubles * 100)) * BigInt(100 + FEE_PERCENT);
  const withFee = ((kopecks + 9_999n) / 10_000n) * 100n;
  return withFee > 0n && withFee <= Number.MAX_SAFE_INTEGER ? Number(withFee) : undefined;
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
