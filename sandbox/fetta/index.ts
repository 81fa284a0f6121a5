import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Answer, type Asked, type Habits, honestAnswer } from "./answers.ts";
import { inventUuid } from "./invent.ts";
import { garble, type Misbehaviour, misbehaved } from "./misbehaviour.ts";
import { drawPicture } from "./picture.ts";
import { createWishlist, type StreamerOptions, type Wishlist } from "./wishlist.ts";

export type { Misbehaviour } from "./misbehaviour.ts";
export type { StreamerOptions, Wish, Wishlist } from "./wishlist.ts";

export type FettaOptions = {
  /** 0, the default, takes a free one. */
  port?: number;
  pageSize?: number;
  /** Before each answer. */
  latencyMs?: number;
  /** Fills profile pages up to about this size: real ones have 100 kB and more. */
  pageBytes?: number;
};

/** `status` is 0 until an answer has gone out, and stays so when none did. `at`: ms since 1970. */
export type FettaRequest = {
  at: number;
  path: string;
  kind: Asked["kind"];
  uid?: string | undefined;
  page?: number | undefined;
  status: number;
};

export type Fetta = AsyncDisposable & {
  url: string;
  /** Adds a streamer. @throws when the nickname is taken */
  streamer(nickname: string, options?: StreamerOptions): Wishlist;
  /** The SVG of what a wish's `imageUrl` shows; undefined for other addresses. The shops' own hosts are never asked. */
  picture(imageUrl: string): string | undefined;
  /** The last 100,000. */
  requests: FettaRequest[];
  /** Lets the site, or what it says of one streamer, go wrong until the returned function is called. */
  misbehave(how: Misbehaviour, streamer?: Wishlist): () => void;
  close(): Promise<void>;
};

const MAX_REQUESTS = 100_000;

/** A fetta.app on loopback: profile pages and the products API, as far as they are known. */
export async function startFetta(options: FettaOptions = {}): Promise<Fetta> {
  const { port = 0, pageSize = 20, latencyMs = 0, pageBytes = 0 } = options;
  const streamers: Wishlist[] = [];
  const requests: FettaRequest[] = [];
  let troubles: { how: Misbehaviour; streamer: Wishlist | undefined; productRequests: number }[] = [];

  const server = createServer(async (request, response) => {
    const asked = understand(request.url ?? "/", streamers);
    const { kind, path, uid, page } = asked;
    const record: FettaRequest = { at: Date.now(), path, kind, uid, page, status: 0 };
    if (requests.push(record) > MAX_REQUESTS) requests.shift();
    if (latencyMs > 0) await sleep(latencyMs);

    const concerned = troubles.filter(({ streamer }) => streamer === undefined || streamer === asked.wishlist);
    let habits: Habits = {
      pageSize,
      pageBytes,
      zeroBased: false,
      overlap: false,
      shift: 0,
      ownerKeys: ["wishlistOwnerId"],
    };
    for (const trouble of concerned) {
      if (kind === "products") trouble.productRequests++;
      habits = misbehaved(habits, [trouble.how], trouble.productRequests);
    }
    const hows = concerned.map(({ how }) => how);
    const answer = garble(honestAnswer(asked, habits), hows, asked, url);
    if (typeof answer === "function") answer(response);
    else send(response, answer, `${request.headers["accept-encoding"]}`);
    if (response.headersSent) record.status = response.statusCode;
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function close() {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  return {
    url,
    requests,
    streamer(nickname, options) {
      if (byNickname(streamers, nickname)) throw new Error(`${nickname} is taken`);
      const invented = createWishlist(nickname, options);
      // Somebody had this nickname before: another person takes it now.
      const isTaken = streamers.some(({ ownerId }) => ownerId === invented.ownerId);
      const ownerId = inventUuid(`owner ${nickname.toLowerCase()} ${streamers.length}`);
      const wishlist = isTaken ? createWishlist(nickname, { ...options, ownerId }) : invented;
      streamers.push(wishlist);
      return wishlist;
    },
    picture(imageUrl) {
      const name = streamers.map((streamer) => streamer.pictured(imageUrl)).find((one) => one !== undefined);
      return name === undefined ? undefined : drawPicture(imageUrl, name);
    },
    misbehave(how, streamer) {
      const trouble = { how, streamer, productRequests: 0 };
      troubles.push(trouble);
      return () => {
        troubles = troubles.filter((other) => other !== trouble);
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function understand(path: string, streamers: Wishlist[]): Asked {
  const { pathname, searchParams } = new URL(path, "http://fetta.sandbox");
  const nickname = /^\/u\/([^/]+)$/.exec(pathname)?.[1];
  if (nickname !== undefined) return { kind: "page", path, wishlist: byNickname(streamers, nickname) };
  if (pathname !== "/api/product/products/public/get") return { kind: "other", path };
  const uid = searchParams.get("uid") ?? "";
  const wishlist = streamers.find((streamer) => streamer.ownerId === uid && !streamer.isGone);
  return { kind: "products", path, wishlist, uid, page: Number(searchParams.get("p") ?? 0) };
}

function byNickname(streamers: Wishlist[], nickname: string): Wishlist | undefined {
  const key = nickname.toLowerCase();
  return streamers.find((streamer) => streamer.nickname.toLowerCase() === key && !streamer.isGone);
}

function send(response: ServerResponse, answer: Answer, acceptEncoding: string): void {
  const body = Buffer.from(answer.data ? JSON.stringify(answer.data) : answer.body);
  const isPacked = acceptEncoding.includes("gzip") && body.length > 1_000 && !("content-encoding" in answer.headers);
  response.writeHead(answer.status, { ...answer.headers, ...(isPacked && { "content-encoding": "gzip" }) });
  response.end(isPacked ? gzipSync(body) : body);
}
