import { setTimeout as sleep } from "node:timers/promises";
import { load } from "cheerio/slim";
import { request } from "undici";
import { expect, test } from "vitest";
import { type FettaOptions, startFetta, type Wishlist } from "../../sandbox/fetta/index.ts";

async function openFetta(options?: FettaOptions) {
  const fetta = await startFetta(options);
  const page = async (path: string) => {
    const { statusCode, headers, body } = await request(`${fetta.url}${path}`);
    return { status: statusCode, headers, text: await body.text() };
  };
  const products = async ({ ownerId }: Wishlist, p: number) => {
    const { text } = await page(`/api/product/products/public/get?uid=${ownerId}&p=${p}`);
    return JSON.parse(text) as { products: Record<string, unknown>[]; totalPages: number };
  };
  const ids = async (wishlist: Wishlist, p = 0) => (await products(wishlist, p)).products.map(({ id }) => id);
  return { ...fetta, page, products, ids };
}

test("a profile is a Next.js page whose data stands escaped in flight chunks, other people's ids first", async () => {
  await using fetta = await openFetta();
  const ann = fetta.streamer("Ann", { name: "Ann <3", description: 'I stream "cats" & dogs' });
  const { status, headers, text } = await fetta.page("/u/Ann");
  expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(text).toContain(`\\"wishlistOwnerId\\":\\"${ann.ownerId}\\"`);
  expect(text.indexOf('\\"userId\\"')).toBeLessThan(text.indexOf('\\"wishlistOwnerId\\"'));
  expect(text.split(ann.ownerId)).toHaveLength(3);
  const $ = load(text);
  expect($("h2").first().text()).toBe("Ann <3");
  expect($("span.text-sm.text-tertiary").text()).toBe('I stream "cats" & dogs');
  expect($(".animate-pulse")).toHaveLength(8);
  expect(text).not.toContain(ann.items()[0]?.name);
});

test("a nickname in another case is sent to its owner's spelling; an unknown one is a 404", async () => {
  await using fetta = await openFetta();
  fetta.streamer("Ann");
  expect(await fetta.page("/u/aNN?x=1")).toMatchObject({ status: 307, headers: { location: "/u/Ann" } });
  expect(await fetta.page("/u/bob")).toMatchObject({ status: 404 });
  expect(() => fetta.streamer("ANN")).toThrow("ANN is taken");
});

test("a page may be filled up to the size of a real one", async () => {
  await using fetta = await openFetta({ pageBytes: 150_000 });
  fetta.streamer("Ann");
  const { text } = await fetta.page("/u/Ann");
  expect(Buffer.byteLength(text)).toBeGreaterThan(130_000);
  expect(Buffer.byteLength(text)).toBeLessThan(170_000);
});

test("pages of products are numbered from 1, 0 is the first too, and behind the last there is nothing", async () => {
  await using fetta = await openFetta({ pageSize: 2 });
  const ann = fetta.streamer("Ann", { items: 5 });
  const wanted = ann.items().map(({ id }) => id);
  const pages = await Promise.all([0, 1, 2, 3, 4].map((p) => fetta.ids(ann, p)));
  expect(pages).toEqual([wanted.slice(0, 2), wanted.slice(0, 2), wanted.slice(2, 4), wanted.slice(4), []]);
  expect((await fetta.products(ann, 9)).totalPages).toBe(3);
  expect((await fetta.products(ann, 1)).products[0]).toMatchObject(ann.items()[0] ?? {});
});

test("what nobody gave is invented, the same each time for the same nickname", async () => {
  await using one = await openFetta();
  await using other = await openFetta();
  const [ann, again, bob] = [one.streamer("Ann"), other.streamer("Ann"), one.streamer("Bob")];
  expect(again.items()).toEqual(ann.items());
  expect(again.ownerId).toBe(ann.ownerId);
  expect(bob.ownerId).not.toBe(ann.ownerId);
  expect(new Set([...ann.items(), ...bob.items()].map(({ id }) => id)).size).toBe(6);
  for (const { externalId, price, imageUrl, name } of ann.addMany(200)) {
    expect([externalId, imageUrl]).toEqual([
      expect.stringMatching(/^\d{9}$/),
      expect.stringMatching(/^https:\/\/cdn1\.ozone/),
    ]);
    expect(name).not.toMatch(/undefined/);
    expect(price).toBeGreaterThan(0);
  }
});

test("a streamer's changes show in the next answer", async () => {
  await using fetta = await openFetta();
  const ann = fetta.streamer("Ann", { items: [{ id: "a", price: 100 }, { id: "b" }] });
  ann.add({ id: "c" });
  ann.price("a", 200);
  ann.pin("a");
  ann.unavailable("b");
  expect((await fetta.products(ann, 0)).products).toMatchObject([
    { id: "c" },
    { id: "a", price: 200, isPinned: true },
    { id: "b", isUnavailable: true },
  ]);
  const again = ann.readd("a");
  expect(again).toMatchObject({ price: 200, isPinned: true });
  expect(await fetta.ids(ann)).toEqual([again.id, "c", "b"]);
  ann.remove("c");
  expect(() => ann.remove("c")).toThrow("no wish c");
  expect(await fetta.ids(ann)).toEqual([again.id, "b"]);
  ann.clear();
  expect(await fetta.products(ann, 0)).toEqual({ products: [], totalPages: 0 });
});

test("a streamer may take another nickname, hide the list, and leave", async () => {
  await using fetta = await openFetta();
  const ann = fetta.streamer("Ann");
  const list = `/api/product/products/public/get?uid=${ann.ownerId}&p=0`;
  ann.rename("Anna");
  expect([await fetta.page("/u/Ann"), await fetta.page("/u/Anna")]).toMatchObject([{ status: 404 }, { status: 200 }]);
  ann.hide();
  expect(await fetta.page(list)).toMatchObject({ status: 403 });
  ann.hide(false);
  expect(await fetta.page(list)).toMatchObject({ status: 200 });
  ann.leave();
  expect([await fetta.page("/u/Anna"), await fetta.page(list)]).toMatchObject([{ status: 404 }, { status: 404 }]);
  const [newcomer, another] = [fetta.streamer("Ann"), fetta.streamer("Anna")];
  expect(new Set([ann.ownerId, newcomer.ownerId, another.ownerId]).size).toBe(3);
});

test("misbehaviour lasts until it is called off, for all or for one streamer, several at a time", async () => {
  await using fetta = await openFetta();
  const [ann, bob] = [fetta.streamer("Ann"), fetta.streamer("Bob")];
  const behave = [fetta.misbehave("no-total", ann), fetta.misbehave("no-external", ann)];
  const { products, ...rest } = await fetta.products(ann, 0);
  expect([rest, products.some((product) => "externalId" in product)]).toEqual([{}, false]);
  expect(await fetta.products(bob, 0)).toMatchObject({ totalPages: 1 });
  for (const stop of behave) stop();
  expect(await fetta.products(ann, 0)).toMatchObject({ totalPages: 1 });

  const recover = fetta.misbehave({ status: 429, retryAfter: 9 });
  expect(await fetta.page("/u/Bob")).toMatchObject({ status: 429, headers: { "retry-after": "9" } });
  recover();
  expect(await fetta.page("/u/Bob")).toMatchObject({ status: 200 });
});

test("every request is recorded, also one that gets no answer", async () => {
  await using fetta = await openFetta();
  const ann = fetta.streamer("Ann");
  await fetta.page("/u/Ann");
  await fetta.products(ann, 2);
  await fetta.page(`/api/category/public/get?uid=${ann.ownerId}`);
  fetta.misbehave("down");
  await expect(fetta.page("/u/Bob")).rejects.toThrow();
  expect(fetta.requests.map(({ at: _, ...request }) => request)).toMatchObject([
    { kind: "page", path: "/u/Ann", status: 200 },
    { kind: "products", uid: ann.ownerId, page: 2, status: 200 },
    { kind: "other", status: 200 },
    { kind: "page", path: "/u/Bob", status: 0 },
  ]);
});

test("answers are packed for those who ask, and come after the latency", async () => {
  await using fetta = await openFetta({ latencyMs: 50 });
  fetta.streamer("Ann");
  const startedAt = performance.now();
  const { headers, body } = await request(`${fetta.url}/u/Ann`, { headers: { "accept-encoding": "gzip, br" } });
  expect(performance.now() - startedAt).toBeGreaterThan(45);
  expect(headers["content-encoding"]).toBe("gzip");
  await body.dump();
});

test("it closes while requests hang", async () => {
  const fetta = await openFetta();
  fetta.misbehave("hang");
  const hanging = expect(fetta.page("/u/Ann")).rejects.toThrow();
  await expect.poll(() => fetta.requests.length).toBe(1);
  await Promise.race([
    fetta.close(),
    sleep(5_000, undefined, { ref: false }).then(() => Promise.reject(new Error("open"))),
  ]);
  await hanging;
});
