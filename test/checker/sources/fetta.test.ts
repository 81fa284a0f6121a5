import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Fetta, type Misbehaviour, startFetta, type Wishlist } from "../../../sandbox/fetta/index.ts";
import type { Get } from "../../../src/checker/source.ts";
import { fetta } from "../../../src/checker/sources/fetta.ts";
import { openFetcher } from "../open-fetcher.ts";

const never = new AbortController().signal;

let site: Fetta;
let fetcher: ReturnType<typeof openFetcher>;
/** With a deadline of 200 ms, for what never ends. */
let hasty: ReturnType<typeof openFetcher>;
/** 45 wishes on 3 pages. */
let ann: Wishlist;

beforeAll(async () => {
  site = await startFetta();
  const options = { baseUrl: site.url, connections: 2 };
  fetcher = openFetcher(options);
  hasty = openFetcher({ ...options, timeoutMs: 200 });
});
afterAll(async () => {
  await Promise.all([fetcher.close(), hasty.close()]);
  await site.close();
});
let streamers = 0;
beforeEach(() => {
  ann = site.streamer(`Ann_${++streamers}`, { items: 45 });
  site.requests.length = 0;
});

const find = (nickname: string, get = fetcher.get) => fetta.find(get, nickname, never);
const getDuring = (how: Misbehaviour) => (how === "hang" || how === "slow" ? hasty.get : fetcher.get);

async function look(streamer: Wishlist, { first = false, get = fetcher.get }: { first?: boolean; get?: Get } = {}) {
  return await fetta.look(get, streamer.ownerId, { first }, never);
}

const ids = (result: Awaited<ReturnType<typeof look>>) =>
  "items" in result ? result.items.map((item) => item.productId) : result;
const wanted = (streamer: Wishlist) => streamer.items().map((wish) => wish.id);
const pagesAsked = () => site.requests.map(({ page }) => page);

/** Lets something happen on the site just before the request number `at` (from 1). */
function before(at: number, happen: () => void): Get {
  let requests = 0;
  return async (...args) => {
    if (++requests === at) happen();
    return await fetcher.get(...args);
  };
}

test("a streamer is found by a nickname in any case, with one redirect to its owner's spelling", async () => {
  expect(await find(ann.nickname.toUpperCase())).toEqual({
    outcome: "found",
    profile: {
      ownerId: ann.ownerId,
      nickname: ann.nickname,
      key: ann.nickname.toLowerCase(),
      name: ann.name,
      url: `https://fetta.app/u/${ann.nickname}`,
      avatarUrl: expect.stringMatching(/^https:\/\/fetta\.app\/_next\/image\?url=/),
      description: ann.description,
    },
  });
  expect(site.requests.map(({ status }) => status)).toEqual([307, 200]);
});

test("a nickname that nobody has, or has no longer, is not found", async () => {
  expect(await find("nobody")).toEqual({ outcome: "not_found", reason: "status 404" });
  const nickname = ann.nickname;
  ann.rename(`${nickname}_new`);
  expect(await find(nickname)).toMatchObject({ outcome: "not_found" });
  expect(await find(`${nickname}_new`)).toMatchObject({ profile: { ownerId: ann.ownerId } });
  expect(await look(ann)).toMatchObject({ outcome: "complete" });
});

test("a list of one page costs one request", async () => {
  const bob = site.streamer(`Bob_${streamers}`, { items: 20 });
  expect(ids(await look(bob, { first: true }))).toEqual(wanted(bob));
  expect(pagesAsked()).toEqual([0]);
});

test("a list of many pages is read to its last page, in its order", async () => {
  expect(ids(await look(ann))).toEqual(wanted(ann));
  expect(pagesAsked()).toEqual([0, 2, 3]);
});

test("the first look also makes sure of how pages are numbered", async () => {
  expect(ids(await look(ann, { first: true }))).toEqual(wanted(ann));
  expect(pagesAsked()).toEqual([0, 1, 2, 3]);
});

test("an item is read as the site shows it to a buyer", async () => {
  const bob = site.streamer(`Bob_${streamers}`, {
    items: [
      { id: "1", externalId: "123", name: "Nitki", price: 660, imageUrl: "https://cdn1.ozone.ru/1.jpg?w=1" },
      { id: "2", externalId: "", name: "\u202eзло\u0000<b>&amp; 🎁", price: 0, isPinned: true, isUnavailable: true },
    ],
  });
  expect(await look(bob)).toEqual({
    outcome: "complete",
    fingerprint: expect.any(String),
    items: [
      {
        productId: "1",
        externalId: "123",
        name: "Nitki",
        price: 71_300,
        currency: "RUB",
        imageUrl: "https://cdn1.ozone.ru/1.jpg?w=1",
        productUrl: "https://www.ozon.ru/product/123",
        isPinned: false,
        isUnavailable: false,
      },
      {
        productId: "2",
        name: "зло <b>&amp; 🎁",
        imageUrl: expect.any(String),
        isPinned: true,
        isUnavailable: true,
      },
    ],
  });
});

test("an empty list is a whole list, a hidden one and one without an owner are not", async () => {
  ann.clear();
  expect(await look(ann)).toEqual({ outcome: "empty", items: [], fingerprint: expect.any(String) });
  ann.hide();
  expect(await look(ann)).toEqual({ outcome: "private", reason: "the site says so" });
  ann.leave();
  expect(await look(ann)).toEqual({ outcome: "not_found", reason: "the site says so" });
  expect(await find(ann.nickname)).toMatchObject({ outcome: "not_found" });
});

test.each<[Misbehaviour, object]>([
  ["down", { outcome: "unreachable", reason: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) }],
  ["hang", { outcome: "unreachable", reason: expect.stringContaining("no whole answer within 200 ms") }],
  ["slow", { outcome: "unreachable", reason: expect.stringContaining("no whole answer within 200 ms") }],
  ["cut-off", { outcome: "unreachable" }],
  ["truncated", { outcome: "unreachable", reason: "the profile page is cut off" }],
  ["huge", { outcome: "unreachable" }],
  ["gzip-bomb", { outcome: "unreachable", reason: expect.stringContaining("more than 5242880 bytes") }],
  ["double-gzip-bomb", { outcome: "unreachable", reason: expect.stringContaining("packed more than once") }],
  ["redirect-away", { outcome: "unreachable", reason: expect.stringContaining("leads away from the site") }],
  ["redirect-loop", { outcome: "unreachable", reason: expect.stringContaining("redirects more than 3 times") }],
  ["500", { outcome: "unreachable", reason: "status 500" }],
  [
    { status: 503, retryAfter: 60 },
    { outcome: "unreachable", retryAfterMs: 60_000 },
  ],
  ["429", { outcome: "blocked", reason: "status 429", retryAfterMs: undefined }],
  [
    { status: 429, retryAfter: 7 },
    { outcome: "blocked", reason: "status 429", retryAfterMs: 7_000 },
  ],
  ["403", { outcome: "blocked", reason: "status 403" }],
  ["captcha", { outcome: "blocked", reason: "a challenge instead of the profile" }],
  [{ status: 410 }, { outcome: "not_found", reason: "status 410" }],
  ["soft-404", { outcome: "not_found", reason: "a streamed 404" }],
  ["no-uid", { outcome: "page_changed", reason: "no wishlistOwnerId on the profile page" }],
  [{ status: 418 }, { outcome: "page_changed", reason: "status 418 for a profile" }],
  ["garbage", { outcome: "unreachable", reason: "the profile page is cut off" }],
  ["wrong-charset", { outcome: "unreachable", reason: "the profile page is cut off" }],
  ["two-uid-keys", { outcome: "found" }],
])("looking for a streamer while the site is misbehaving: %j", async (how, result) => {
  const behave = site.misbehave(how);
  try {
    expect(await find(ann.nickname, getDuring(how))).toMatchObject(result);
    expect(site.requests.every(({ path }) => path.startsWith("/u/Ann_"))).toBe(true);
  } finally {
    behave();
  }
  expect(await find(ann.nickname)).toMatchObject({ outcome: "found", profile: { ownerId: ann.ownerId } });
});

test.each<[Misbehaviour, object]>([
  ["down", { outcome: "unreachable" }],
  ["hang", { outcome: "unreachable" }],
  ["slow", { outcome: "unreachable" }],
  ["cut-off", { outcome: "unreachable" }],
  ["truncated", { outcome: "unreachable", reason: "the products are cut off" }],
  [{ cutAt: 0 }, { outcome: "unreachable", reason: "the products are cut off" }],
  ["huge", { outcome: "unreachable" }],
  ["gzip-bomb", { outcome: "unreachable" }],
  ["double-gzip-bomb", { outcome: "unreachable" }],
  ["redirect-away", { outcome: "unreachable" }],
  ["redirect-loop", { outcome: "unreachable" }],
  ["500", { outcome: "unreachable", reason: "status 500" }],
  ["429", { outcome: "blocked", reason: "status 429" }],
  [
    { status: 429, retryAfter: 7 },
    { outcome: "blocked", retryAfterMs: 7_000 },
  ],
  ["403", { outcome: "blocked", reason: "status 403" }],
  ["captcha", { outcome: "blocked", reason: "a page instead of products" }],
  ["html", { outcome: "blocked", reason: "a page instead of products" }],
  [{ status: 404 }, { outcome: "not_found" }],
  [{ status: 400 }, { outcome: "page_changed", reason: "status 400 for products" }],
  ["no-products", { outcome: "page_changed", reason: "an answer without products" }],
  ["garbage", { outcome: "page_changed", reason: "products that are not JSON" }],
  ["wrong-charset", { outcome: "page_changed" }],
  ["missing-ids", { outcome: "page_changed", reason: "none of the products has an id" }],
  ["empty", { outcome: "empty", items: [] }],
  ["wrong-total", { outcome: "partial", reason: "nothing new on page 4 of 4" }],
  ["shifting", { outcome: "partial", reason: "the list kept moving while it was read" }],
  ["page-2-429", { outcome: "partial", reason: "page 2: blocked, status 429" }],
  [
    { status: 429, page: 2, retryAfter: 9 },
    { outcome: "partial", retryAfterMs: 9_000 },
  ],
  [
    { status: 500, page: 3 },
    { outcome: "partial", reason: "page 3: unreachable, status 500" },
  ],
  [
    { status: 404, page: 3 },
    { outcome: "partial", reason: "page 3: not_found, the site says so" },
  ],
])("looking at a list while the site is misbehaving: %j", async (how, result) => {
  const behave = site.misbehave(how, ann);
  try {
    expect(await look(ann, { get: getDuring(how) })).toMatchObject(result);
    expect(site.requests.every(({ uid }) => uid === ann.ownerId)).toBe(true);
  } finally {
    behave();
  }
  expect(ids(await look(ann))).toEqual(wanted(ann));
});

test.each<Misbehaviour>([
  "duplicates",
  "no-total",
  "zero-total",
  "zero-based",
  "no-external",
  "no-prices",
  "two-uid-keys",
])("a list is read whole in spite of: %s", async (how) => {
  const behave = site.misbehave(how, ann);
  try {
    expect(ids(await look(ann))).toEqual(wanted(ann));
    expect(ids(await look(ann, { first: true }))).toEqual(wanted(ann));
  } finally {
    behave();
  }
});

test("pages numbered from 0 cost one request in vain", async () => {
  const behave = site.misbehave("zero-based", ann);
  await look(ann);
  expect(pagesAsked()).toEqual([0, 2, 3, 1]);
  site.requests.length = 0;
  await look(ann, { first: true });
  expect(pagesAsked()).toEqual([0, 1, 2, 3]);
  behave();
});

test("ids may be numbers; an item without one is left out", async () => {
  const restore = [site.misbehave("missing-id", ann), site.misbehave("numeric-ids", ann)];
  const result = await look(ann);
  expect(result).toMatchObject({ outcome: "complete" });
  expect(ids(result)).toHaveLength(42);
  expect(ids(result)).toEqual(expect.arrayContaining([expect.stringMatching(/^\d+$/)]));
  expect("items" in result && result.items[0]?.productUrl).toMatch(/^https:\/\/www\.ozon\.ru\/product\/\d+$/);
  for (const behave of restore) behave();
});

test.each([2, 3])(
  "an item added on top before request %i is no reason to distrust: the list is read again",
  async (at) => {
    const get = before(at, () => ann.add());
    expect(ids(await look(ann, { get }))).toEqual(wanted(ann));
    expect(pagesAsked()).toEqual([0, 2, 3, 0, 2, 3]);
  },
);

test("an item that moves to the top while the list is read does not go missing", async () => {
  const last = ann.items().at(-1);
  const get = before(3, () => ann.readd(last?.id ?? ""));
  expect(ids(await look(ann, { get }))).toEqual(wanted(ann));
});

test("a list that keeps moving is not whole, and neither is one that the second reading cannot finish", async () => {
  let requests = 0;
  const restless: Get = async (...args) => {
    if (++requests % 3 === 0) ann.add();
    return await fetcher.get(...args);
  };
  expect(await look(ann, { get: restless })).toMatchObject({
    outcome: "partial",
    reason: "the list kept moving while it was read",
  });

  let behave = () => {};
  const trouble = before(5, () => {
    ann.add();
    behave = site.misbehave({ status: 429, retryAfter: 5 }, ann);
  });
  const moving: Get = async (...args) => {
    if (args[0].endsWith("p=2")) ann.add();
    return await trouble(...args);
  };
  expect(await look(ann, { get: moving })).toEqual({
    outcome: "partial",
    reason: "second reading: partial, page 2: blocked, status 429",
    retryAfterMs: 5_000,
  });
  behave();
});

test("a list that loses its last page while it is read is partial, and whole at the next look", async () => {
  const get = before(2, () => {
    for (const { id } of ann.items().slice(0, 6)) ann.remove(id);
  });
  expect(await look(ann, { get })).toEqual({ outcome: "partial", reason: "nothing new on page 3 of 3" });
  expect(ids(await look(ann))).toEqual(wanted(ann));
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => tenth / 10))(
  "an answer cut at %d of its bytes never gives a list or a wrong owner",
  async (cutAt) => {
    const behave = site.misbehave({ cutAt });
    const [found, list] = await Promise.all([find(ann.nickname), look(ann)]);
    behave();
    expect(["unreachable", "found"]).toContain(found.outcome);
    if (found.outcome === "found") expect(found.profile.ownerId).toBe(ann.ownerId);
    expect(list.outcome).toBe("unreachable");
  },
);

test("10,000 items are read whole; a list of more than 500 pages is refused after one request", async () => {
  const bob = site.streamer(`Bob_${streamers}`, { items: 10_000 });
  const result = await look(bob);
  expect([result.outcome, pagesAsked()]).toEqual(["complete", [0, ...Array.from({ length: 499 }, (_, n) => n + 2)]]);
  expect(ids(result)).toEqual(wanted(bob));

  bob.add();
  site.requests.length = 0;
  expect(await look(bob, { first: true })).toMatchObject({ outcome: "too_long" });
  expect(pagesAsked()).toEqual([0]);
});

test("an abort ends a look with its reason", async () => {
  const reason = new Error("stopping");
  const abort = new AbortController();
  const get = before(2, () => abort.abort(reason));
  await expect(fetta.look(get, ann.ownerId, { first: false }, abort.signal)).rejects.toBe(reason);
  await expect(fetta.find(fetcher.get, ann.nickname, abort.signal)).rejects.toBe(reason);
});

test("misbehaviour as large as 100 MB or 300 MB unpacked costs little memory", async () => {
  const before = process.memoryUsage().rss;
  for (const how of ["huge", "gzip-bomb", "double-gzip-bomb"] as const) {
    const behave = site.misbehave(how);
    await Promise.all([find(ann.nickname), look(ann)]);
    behave();
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024);
});
