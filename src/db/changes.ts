/** What is told of an item: it is new, or costs less, or can be had again, or cannot be had any more. */
export type NewsKind = (typeof NEWS_KINDS)[number];

/** In the order in which they are told. */
const NEWS_KINDS = ["added", "cheaper", "available", "gone"] as const;

/** An item that a notification tells of, as its last event has it; prices are in minor units of `currency`. */
export type NewsItem = {
  kind: NewsKind;
  productId: string;
  name: string;
  price: number | null;
  /** What it cost before it became cheaper; null for the other kinds. */
  previousPrice: number | null;
  currency: string | null;
  imageUrl: string | null;
  productUrl: string | null;
  /** Whether it can be had now; of what is told as gone, why it could not be had then. */
  state: "listed" | "sold_out" | "removed";
};

/** One event of a check, with what is known of its item now. */
export type FoundEvent = Omit<NewsItem, "kind" | "state"> & {
  kind: keyof typeof IN_A_CHECK;
  checkNumber: number;
  isRemoved: number;
  isUnavailable: number;
};

/** The kinds of events that news is made of, in the order in which one check's make sense of one item. */
const IN_A_CHECK = { added: 0, returned: 1, available: 2, price_changed: 3, unavailable: 4, removed: 5 };
export const TELLING_EVENTS = Object.keys(IN_A_CHECK);

/**
 * What some checks have changed in all: one thing for each item, the first that `isWanted`. Whatever was undone before
 * the end is left out. Events come, and items leave, in the order in which they are told within a kind.
 */
export function changedItems(events: FoundEvent[], isWanted: (item: NewsItem) => boolean): NewsItem[] {
  const place = new Map(events.map((event, n) => [event, n]));
  const changes = [...Map.groupBy(events, ({ productId }) => productId).values()].flatMap((history) => {
    const inTime = history.toSorted((a, b) => a.checkNumber - b.checkNumber || IN_A_CHECK[a.kind] - IN_A_CHECK[b.kind]);
    return changesOf(inTime).find(({ item }) => isWanted(item)) ?? [];
  });
  const order = ({ item, by }: Change) => NEWS_KINDS.indexOf(item.kind) * events.length + (place.get(by) ?? 0);
  return changes.sort((a, b) => order(a) - order(b)).map(({ item }) => item);
}

/** `by`: the event that puts it in its place among the others. */
type Change = { item: NewsItem; by: FoundEvent };

/** What the history of one item comes to, oldest event first: everything that holds at its end. */
function changesOf(history: FoundEvent[]): Change[] {
  const last = history.at(-1);
  if (last === undefined) return [];
  const { productId, name, price, currency, imageUrl, productUrl, isRemoved, isUnavailable } = last;
  const state = isRemoved ? "removed" : isUnavailable ? "sold_out" : "listed";
  const now = { productId, name, price, previousPrice: null, currency, imageUrl, productUrl, state } as const;
  const changes: Change[] = [];

  const added = history.find(({ kind }) => kind === "added");
  if (added !== undefined) changes.push({ item: { ...now, kind: "added" }, by: added });

  const prices = history.filter(({ kind }) => kind === "price_changed");
  const [firstPrice, lastPrice] = [prices[0], prices.at(-1)];
  if (firstPrice !== undefined && lastPrice !== undefined) {
    const { previousPrice } = firstPrice;
    changes.push({ item: { ...now, kind: "cheaper", previousPrice, price: lastPrice.price }, by: lastPrice });
  }

  const stock = history.filter(({ kind }) => kind !== "added" && kind !== "price_changed");
  const [begin, end] = [stock[0], stock.at(-1)];
  if (begin !== undefined && end !== undefined && canBeHad(end) === canBeHad(begin)) {
    const gone = { kind: "gone", state: end.kind === "removed" ? "removed" : "sold_out" } as const;
    changes.push({ item: canBeHad(end) ? { ...now, kind: "available" } : { ...now, ...gone }, by: end });
  }
  return changes;
}

/** After this event; before it was the other way. */
const canBeHad = ({ kind }: FoundEvent) => kind === "available" || kind === "returned";
