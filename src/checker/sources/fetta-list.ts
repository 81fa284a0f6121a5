import { createHash } from "node:crypto";
import type { Failure, Item, Look } from "../source.ts";
import type { ProductsPage } from "./fetta-products.ts";

const MAX_PAGES = 500;
const MAX_ITEMS = 20_000;

const tooLong: Failure = { outcome: "too_long", reason: `more than ${MAX_PAGES} pages or ${MAX_ITEMS} items` };

/** Reads the page that is asked for as `p=<page>`. */
export type ReadPage = (page: number) => Promise<ProductsPage | Failure>;

/** Every page that the site promised. `moved`: the list changed its order meanwhile, or the site repeats itself. */
type Reading = { items: Item[]; moved: boolean; fingerprint?: string | undefined };

/**
 * Reads a whole wishlist, page after page. It is complete when every page that any answer promised brought items not seen
 * before, and none of them twice. An item on two pages tells that the list moved between two requests, and that another
 * item may have slipped through; then it is read once more, and the second reading counts if nothing moved, or if it
 * found the same items as the first (a site that simply repeats itself). Otherwise the look is partial.
 * An item deleted between two requests can hide another one unnoticed: that one is back at the next look.
 *
 * `confirm`: also ask p=1, to make sure of how pages are numbered.
 * `known`: the fingerprint of an earlier reading. An item added or removed anywhere moves the last page, so a list whose
 * first and last page are the same is taken for unchanged; what was changed in the middle alone is seen by a `sweep`.
 */
export async function readList(
  readPage: ReadPage,
  { confirm, known, sweep = false }: { confirm: boolean; known?: string | undefined; sweep?: boolean | undefined },
): Promise<Look> {
  const pages = remember(readPage);
  if (known !== undefined) {
    const ends = await readEnds(pages.read);
    if ("outcome" in ends) return ends;
    const isWhole = ends.totalPages <= 2;
    if (ends.fingerprint === known && (isWhole || !sweep)) return { outcome: "unchanged", swept: isWhole };
  }
  const first = await readOnce(pages.readOnceMore, confirm);
  if ("outcome" in first) return first;
  if (!first.moved) return whole(first);
  const second = await readOnce(readPage, confirm);
  if ("outcome" in second) return partial("second reading", second);
  if (!second.moved || isSame(first.items, second.items)) return whole(second);
  return { outcome: "partial", reason: "the list kept moving while it was read" };
}

/** Lets the first reading use the pages that the look at the list's ends has read already, each once. */
function remember(readPage: ReadPage) {
  const read = new Map<number, ProductsPage>();
  return {
    async read(page: number) {
      const answer = await readPage(page);
      if (!("outcome" in answer)) read.set(page, answer);
      return answer;
    },
    async readOnceMore(page: number) {
      const answer = read.get(page);
      read.delete(page);
      return answer ?? (await readPage(page));
    },
  };
}

/** The first and the last page. */
async function readEnds(readPage: ReadPage): Promise<{ totalPages: number; fingerprint: string } | Failure> {
  const first = await readPage(0);
  if ("outcome" in first) return first;
  const totalPages = first.totalPages ?? 0;
  const last = totalPages > 1 ? await readPage(totalPages) : first;
  if ("outcome" in last) return partial(`page ${totalPages}`, last);
  return { totalPages, fingerprint: fingerprintOf(totalPages, first.items, last.items) };
}

/** Pictures come from changing addresses: what follows their "?" says nothing. */
function fingerprintOf(totalPages: number, first: Item[], last: Item[]): string {
  const facts = [first, last].map((items) =>
    items.map((item) => ({ ...item, imageUrl: item.imageUrl?.split("?")[0] })),
  );
  return createHash("sha256")
    .update(JSON.stringify([totalPages, facts]))
    .digest("base64url");
}

async function readOnce(readPage: ReadPage, confirm: boolean): Promise<Reading | Failure> {
  const opening = await readPage(0);
  if ("outcome" in opening) return opening;
  const { items, totalPages = 0 } = opening;
  if (items.length === 0 && totalPages > 1) return endsEarly(0, totalPages);
  const list = gather(items);
  if (list.isTooLong(totalPages)) return tooLong;
  if (items.length === 0 || totalPages === 1) {
    return {
      ...list.reading(),
      fingerprint: opening.totalPages === undefined ? undefined : fingerprintOf(totalPages, items, items),
    };
  }
  return totalPages > 0 ? readPromised(readPage, list, totalPages, confirm) : readToTheEnd(readPage, list);
}

/**
 * Pages are numbered from 1, and p=0 is the same as p=1. Should the site start to number from 0, the page `totalPages`
 * would bring nothing, and p=1 what is missing. Promises only grow: a list that gets shorter under our eyes ends early.
 */
async function readPromised(readPage: ReadPage, list: Gathered, totalPages: number, confirm: boolean) {
  let promised = totalPages;
  let second = confirm ? await readPage(1) : undefined;
  let last = list.top;
  if (second && "outcome" in second) return partial("page 1", second);
  if (second?.items.length === 0) return endsEarly(1, promised);

  for (let page = 2; page <= promised; page++) {
    const answer = await readPage(page);
    if ("outcome" in answer) return partial(`page ${page}`, answer);
    promised = Math.max(promised, answer.totalPages ?? 0);
    last = answer.items;
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
  return { ...list.reading(), fingerprint: fingerprintOf(promised, list.top, last) };
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
    top,
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

function whole({ items, fingerprint }: Reading): Look {
  return { outcome: items.length === 0 ? "empty" : "complete", items, fingerprint };
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
