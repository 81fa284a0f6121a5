/**
 * A site with wishlists that costs as little as a server can: its answers are made and packed once. Every so many requests
 * for a list a wish is new on it, when it is told to change. A program for startCompanion().
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createWishlist } from "../sandbox/fetta/wishlist.ts";
import { accompany } from "./companion.ts";
import { markupPage } from "./profile-pages.ts";
import { CHANGE_EVERY, LATENCY_MS, PAGE_BYTES, productsOf } from "./site-pages.ts";

/** New wishes on one list, at most: it stays a list of one page. */
const MOST_ADDED = 8;

const page = gzipSync(markupPage(createWishlist("mila"), PAGE_BYTES));
const nothing = gzipSync(JSON.stringify({ products: [], totalPages: 1 }));
const lists = new Map<number, { added: number; body: Buffer }>();
let isChanging = false;
let requests = 0;

const server = createServer((request, response) => {
  requests++;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://site.example");
  const isPage = pathname.startsWith("/u/");
  const body = isPage ? page : answerTo(Number(searchParams.get("uid")?.split("-")[1]), Number(searchParams.get("p")));
  setTimeout(send, LATENCY_MS, response, isPage ? "text/html; charset=utf-8" : "application/json", body);
});
server.keepAliveTimeout = 65_000;
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = server.address() as AddressInfo;
const change = (value: boolean) => () => {
  isChanging = value;
  return true;
};
export type Site = { url: string };

accompany<Site>(
  { url: `http://127.0.0.1:${port}` },
  { requests: () => requests, change: change(true), rest: change(false) },
);

function answerTo(n: number, number: number): Buffer {
  if (number > 1) return nothing;
  const known = lists.get(n);
  const added = known?.added ?? 0;
  const isChanged = isChanging && requests % CHANGE_EVERY === 0 && added < MOST_ADDED;
  if (known !== undefined && !isChanged) return known.body;
  const next = isChanged ? added + 1 : added;
  const body = gzipSync(productsOf(n, next));
  lists.set(n, { added: next, body });
  return body;
}

function send(response: ServerResponse, type: string, body: Buffer): void {
  const headers = { "content-type": type, "content-encoding": "gzip", "content-length": body.length };
  response.writeHead(200, headers).end(body);
}
