/** Before each answer of the simulated site. */
export const LATENCY_MS = 50;

/** Of a profile page. */
export const PAGE_BYTES = 300_000;

/** On each list, which has one page. */
export const WISHES = 12;

/** How many requests for a list there are to one change, while it changes: 2 % of the looks find something new. */
export const CHANGE_EVERY = 50;

/** The owner of the list of streamer `n` of the bench. */
export const ownerOf = (n: number) => `owner-${n}`;

/** What the site answers when it is asked for the list of a streamer; `added` wishes are new on it. */
export function productsOf(n: number, added = 0): string {
  const products = Array.from({ length: WISHES + added }, (_, k) => {
    const number = WISHES + added - k;
    return {
      id: `${n}-${number}`,
      externalId: String(100_000_000 + n * 1_000 + number),
      name: `A thing that somebody wishes for very much, no. ${number}`,
      price: 900 + number,
      imageUrl: `https://cdn.example/pictures/${n}-${number}.jpg?w=400`,
      isPinned: false,
      isUnavailable: false,
      categoryId: null,
      likes: 0,
    };
  });
  return JSON.stringify({ products, totalPages: 1 });
}
