import { inventProduct, inventUuid } from "../sandbox/fetta/invent.ts";
import type { SnapshotItem } from "../src/db/snapshots.ts";

/** What a list shows on a day of the year. */
export type YearOfLists = { itemsOf(streamer: number, day: number): SnapshotItem[] };

/**
 * Lists of `size` items on which each day one is added on top and the oldest leaves, and each item changes its price
 * every `size` ÷ `pricesADay` days.
 */
export function inventYear(size: number, pricesADay: number): YearOfLists {
  const lists = new Map<number, SnapshotItem[]>();
  const everyDays = Math.round(size / pricesADay);

  function itemsOf(streamer: number, day: number): SnapshotItem[] {
    const before = lists.get(streamer);
    const items =
      before === undefined
        ? Array.from({ length: size }, (_, n) => invent(streamer, day - n))
        : [invent(streamer, day), ...before.slice(0, -1).map((item, n) => repriced(item, streamer + day + n))];
    lists.set(streamer, items);
    return items;
  }

  /** Cheaper by a tenth or as dear as before, when its day has come. */
  function repriced(item: SnapshotItem, turn: number): SnapshotItem {
    if (turn % everyDays !== 0 || item.price === undefined) return item;
    const isCheap = item.price % 100 !== 0;
    return { ...item, price: isCheap ? Math.round(item.price / 0.9 / 100) * 100 : Math.round(item.price * 0.9) + 1 };
  }

  return { itemsOf };
}

/** Shops write long names: about 65 letters in all, of two bytes each. */
const MORE_OF_NAME = ", цвет: тёмно-синий, размер: средний";

/** As the fetta source gives an item. */
function invent(streamer: number, day: number): SnapshotItem {
  const seed = `${streamer} ${day}`;
  const { externalId, name, price, imageUrl } = inventProduct(seed);
  return {
    productId: inventUuid(seed),
    externalId,
    name: `${name}${MORE_OF_NAME}`,
    price: price * 100,
    currency: "RUB",
    imageUrl,
    productUrl: `https://www.ozon.ru/product/${externalId}`,
    isPinned: false,
    isUnavailable: false,
  };
}
