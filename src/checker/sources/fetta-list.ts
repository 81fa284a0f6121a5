import type { Failure, Item, Look } from "../source.ts";
import type { ProductsPage } from "./fetta-products.ts";

const MAX_PAGES = 500;
const MAX_ITEMS = 20_000;

const tooLong: Failure = { outcome: "too_long", reason: `more than ${MAX_PAGES} pages or ${MAX_ITEMS} items` };

/** Reads the page that is asked for as `p=<page>`. */
export type ReadPage = (page: number) => Promise<ProductsPage | Failure>;

/** Every page that the site promised. `moved`: the list changed its order meanwhile, or the site repeats itself. */
type Reading = { items: Item[]; moved: boolean };

/**
 * Reads a whole wishlist, page after page. It is complete when every page that any answer promised brought items not seen
 * before, and none of them twice. An item on two pages tells that the list moved between two requests, and that another
 * item may have slipped through; then it is read once more, and the second reading counts if nothing moved, or if it
 * found the same items as the first (a site that simply repeats itself). Otherwise the look is partial.
 * An item deleted between two requests can hide another one unnoticed: that one is back at the next look.
 *
 * `confirm`: also ask p=1, to make sure of how pages are numbered.
 */
export async function readList(readPage: ReadPage, confirm: boolean): Promise<Look> {
  const first = await readOnce(readPage, confirm);
  if ("outcome" in first) return first;
  if (!first.moved) return whole(first.items);
  const second = await readOnce(readPage, confirm);
  if ("outcome" in second) return partial("second reading", second);
  if (!second.moved || isSame(first.items, second.items)) return whole(second.items);
  return { outcome: "partial", reason: "the list kept moving while it was read" };
}

async function readOnce(readPage: ReadPage, confirm: boolean): Promise<Reading | Failure> {
  const opening = await readPage(0);
  if ("outcome" in opening) return opening;
  const { items, totalPages = 0 } = opening;
  if (items.length === 0 && totalPages > 1) return endsEarly(0, totalPages);
  const list = gather(items);
  if (list.isTooLong(totalPages)) return tooLong;
  if (items.length === 0 || totalPages === 1) return list.reading();
  return totalPages > 0 ? readPromised(readPage, list, totalPages, confirm) : readToTheEnd(readPage, list);
}

/**
 * Pages are numbered from 1, and p=0 is the same as p=1. Should the site start to number from 0, the page `totalPages`
 * would bring nothing, and p=1 what is missing. Promises only grow: a list that gets shorter under our eyes ends early.
 */
async function readPromised(readPage: ReadPage, list: Gathered, totalPages: number, confirm: boolean) {
  let promised = totalPages;
  let second = confirm ? await readPage(1) : undefined;
  if (second && "outcome" in second) return partial("page 1", second);
  if (second?.items.length === 0) return endsEarly(1, promised);

  for (let page = 2; page <= promised; page++) {
    const answer = await readPage(page);
    if ("outcome" in answer) return partial(`page ${page}`, answer);
    promised = Math.max(promised, answer.totalPages ?? 0);
    if (list.add(page, answer.items)) {
      if (list.isTooLong(promised)) return tooLong;
      continue;
    }
    if (page < promised) return endsEarly(page, promised);
    second ??= await readPage(1);
    if ("outcome" in second) return partial("page 1", second);
    const isMissing = list.isUnknown(second.items) && (second.totalPages ?? 0) <= promised;
    if (!isMissing) return endsEarly(page, promised);
    list.add(1, second.items);
    return list.reading();
  }
  if (second && !list.isTop(second.items)) list.addMoved(1, second.items);
  return list.reading();
}

/** Without a total, the list ends where a page is empty, or the one before it once more. */
async function readToTheEnd(readPage: ReadPage, list: Gathered): Promise<Reading | Failure> {
  let before: Item[] = [];
  for (let page = 1; !list.isTooLong(page); page++) {
    const answer = await readPage(page);
    if ("outcome" in answer) return partial(`page ${page}`, answer);
    const { items, totalPages = 0 } = answer;
    if (items.length === 0 || isSame(items, before)) {
      return totalPages < page ? list.reading() : endsEarly(page, totalPages);
    }
    const isFirst = page === 1 && list.isTop(items);
    if (!isFirst && !list.add(page, items)) return endsEarly(page, totalPages);
    before = items;
  }
  return tooLong;
}

type Gathered = ReturnType<typeof gather>;

/** The items of the pages read so far, each once, in the site's order. */
function gather(top: Item[]) {
  const pages = [top];
  const seen = new Set(top.map((item) => item.productId));
  let moved = false;
  const isSeen = (item: Item) => seen.has(item.productId);

  /** Adds what is new on a page; false when nothing is. */
  function add(page: number, items: Item[]): boolean {
    const fresh = items.filter((item) => !isSeen(item));
    if (fresh.length === 0) return false;
    if (fresh.length < items.length) moved = true;
    for (const item of fresh) seen.add(item.productId);
    pages[page] = fresh;
    return true;
  }

  return {
    add,
    addMoved(page: number, items: Item[]): void {
      add(page, items);
      moved = true;
    },
    isTop: (items: Item[]) => isSame(top, items),
    isUnknown: (items: Item[]) => items.length > 0 && !items.some(isSeen),
    isTooLong: (totalPages: number) => totalPages > MAX_PAGES || seen.size > MAX_ITEMS,
    reading: (): Reading => ({ items: pages.flat(), moved }),
  };
}

function whole(items: Item[]): Look {
  return { outcome: items.length === 0 ? "empty" : "complete", items };
}

function partial(where: string, { outcome, reason, retryAfterMs }: Failure): Failure {
  return { outcome: "partial", reason: `${where}: ${outcome}, ${reason}`, retryAfterMs };
}

function endsEarly(page: number, totalPages: number): Failure {
  return { outcome: "partial", reason: `nothing new on page ${page} of ${totalPages || "an unknown number"}` };
}

function isSame(some: Item[], others: Item[]): boolean {
  const ids = new Set(some.map((item) => item.productId));
  return others.length === some.length && others.every((item) => ids.has(item.productId));
}
