import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { type Answer, type Asked, type Habits, html } from "./answers.ts";
import { challengePage } from "./page.ts";

/** How to send an answer that is no ordinary one. */
type Send = (response: ServerResponse) => void;
type Fault = (answer: Answer, asked: Asked, origin: string) => Answer | Send;

/** Changes of the site itself. */
const habits: Record<
  "zero-based" | "duplicates" | "shifting" | "no-uid" | "two-uid-keys",
  (habits: Habits, requests: number) => Habits
> = {
  "zero-based": (habits) => ({ ...habits, zeroBased: true }),
  /** Always the same ones: each page begins with the last item of the one before. */
  duplicates: (habits) => ({ ...habits, overlap: true }),
  /** Before each request for products, the last item of the list moves to its top. */
  shifting: (habits, requests) => ({ ...habits, shift: requests }),
  "no-uid": (habits) => ({ ...habits, ownerKeys: ["profileOwnerId"] }),
  "two-uid-keys": (habits) => ({ ...habits, ownerKeys: ["wishlistOwnerId", "targetUserId"] }),
};

/** What goes wrong with whatever was asked, or with products only. */
const faults = {
  /** The connection is reset. */
  down: () => (response: ServerResponse) => response.req.socket.resetAndDestroy(),
  /** Never an answer. */
  hang: () => () => {},
  /** A byte every 50 ms. */
  slow: (answer: Answer) => (response: ServerResponse) => {
    const body = Buffer.from(answer.data ? JSON.stringify(answer.data) : answer.body);
    response.writeHead(answer.status, answer.headers);
    let sent = 0;
    const drip = setInterval(() => {
      response.write(body.subarray(sent, ++sent));
      if (sent >= body.length) response.end();
    }, 50);
    response.on("close", () => clearInterval(drip));
  },
  "500": () => html(500, "<html><body><h1>Internal Server Error</h1></body></html>"),
  "429": () => html(429, "Too Many Requests"),
  "403": () => html(403, "Forbidden"),
  /** 429 on the second page of products only. */
  "page-2-429": (answer: Answer, asked: Asked) => (asked.page === 2 ? html(429, "Too Many Requests") : answer),
  /** A challenge, with status 200, for everything. */
  captcha: () => html(200, challengePage()),
  /** A page where products were asked for. */
  html: (answer: Answer, { kind }: Asked) =>
    kind === "products" ? html(200, "<!DOCTYPE html><html><body>фетта</body></html>") : answer,
  /** Next.js found out too late that there is nobody: 200 had been sent. */
  "soft-404": (answer: Answer, { kind }: Asked) =>
    kind === "page"
      ? html(200, '<html><body><template data-dgst="NEXT_HTTP_ERROR_FALLBACK;404"></template></body></html>')
      : answer,
  garbage: (answer: Answer) => ({
    ...answer,
    data: undefined,
    body: Buffer.from("\u0000\u0001]}garbage[{\ufffe", "latin1"),
  }),
  /** The first half, sent as if it were all. */
  truncated: (answer: Answer) => cut(answer, 0.5),
  /** The first half, and then the connection ends. */
  "cut-off": (answer: Answer) => (response: ServerResponse) => {
    const { body } = cut(answer, 0.5);
    response.writeHead(answer.status, { ...answer.headers, "content-length": body.length * 2 });
    response.write(body, () => response.destroy());
  },
  "wrong-charset": (answer: Answer) => ({
    ...answer,
    headers: { ...answer.headers, "content-type": "text/plain; charset=utf-16le" },
  }),
  /** 100 MB. */
  huge: (answer: Answer) => (response: ServerResponse) => {
    response.writeHead(200, answer.headers);
    Readable.from(repeat(Buffer.alloc(65_536, " "), 1_600)).pipe(response);
  },
  /** 300 kB that unpack to 300 MB. */
  "gzip-bomb": (answer: Answer) => (response: ServerResponse) => {
    response.writeHead(200, { ...answer.headers, "content-encoding": "gzip" });
    Readable.from(repeat(bomb(), 300)).pipe(response);
  },
  "double-gzip-bomb": (answer: Answer) => ({
    ...answer,
    data: undefined,
    headers: { ...answer.headers, "content-encoding": "gzip, gzip" },
    body: gzipSync(Buffer.concat([...repeat(bomb(), 300)])),
  }),
  /** To another origin: the same server by another name. */
  "redirect-away": (_: Answer, { path }: Asked, origin: string) =>
    redirect(`${origin.replace("127.0.0.1", "localhost")}${path}`),
  "redirect-loop": (_: Answer, { path }: Asked) => redirect(path),
  empty: (answer: Answer) => withData(answer, () => ({ products: [], totalPages: 0 })),
  "no-products": (answer: Answer) =>
    withData(answer, ({ totalPages }) => ({ totalPages }) as NonNullable<Answer["data"]>),
  "no-total": (answer: Answer) => withData(answer, ({ products }) => ({ products })),
  "zero-total": (answer: Answer) => withData(answer, ({ products }) => ({ products, totalPages: 0 })),
  /** One page more than there is. */
  "wrong-total": (answer: Answer) =>
    withData(answer, ({ products, totalPages = 0 }) => ({ products, totalPages: totalPages + 1 })),
  /** The first product of each page has no id. */
  "missing-id": (answer: Answer) =>
    withProducts(answer, ({ id, ...product }, index) => (index === 0 ? product : { id, ...product })),
  "missing-ids": (answer: Answer) => withProducts(answer, ({ id: _, ...product }) => product),
  "no-external": (answer: Answer) => withProducts(answer, ({ externalId: _, ...product }) => product),
  "numeric-ids": (answer: Answer) =>
    withProducts(answer, (product) => ({
      ...product,
      id: Number.parseInt(String(product.id).slice(0, 8), 16),
      externalId: Number(product.externalId),
    })),
  "no-prices": (answer: Answer) => withProducts(answer, (product) => ({ ...product, price: 0 })),
} satisfies Record<string, Fault>;

/** `status` for everything, or for one page of products; `cutAt`: only so much of a body, from 0 to 1, as if it were all. */
export type Misbehaviour =
  | keyof typeof habits
  | keyof typeof faults
  | { status: number; retryAfter?: number | string; page?: number }
  | { cutAt: number };

export function misbehaved(habitsNow: Habits, misbehaviours: Misbehaviour[], requests: number): Habits {
  let changed = habitsNow;
  for (const name of misbehaviours) if (isHabit(name)) changed = habits[name](changed, requests);
  return changed;
}

/** Lets an answer go wrong in each way in turn; the first that sends something else is the last. */
export function garble(answer: Answer, misbehaviours: Misbehaviour[], asked: Asked, origin: string): Answer | Send {
  let garbled = answer;
  for (const misbehaviour of misbehaviours) {
    if (isHabit(misbehaviour)) continue;
    const next = fault(misbehaviour)(garbled, asked, origin);
    if (typeof next === "function") return next;
    garbled = next;
  }
  return garbled;
}

function fault(misbehaviour: Exclude<Misbehaviour, keyof typeof habits>): Fault {
  if (typeof misbehaviour === "string") return faults[misbehaviour];
  if ("cutAt" in misbehaviour) return (answer) => cut(answer, misbehaviour.cutAt);
  const { status, retryAfter, page } = misbehaviour;
  return (answer, asked) => {
    if (page !== undefined && page !== asked.page) return answer;
    const headers = {
      "content-type": "application/json",
      ...(retryAfter !== undefined && { "retry-after": `${retryAfter}` }),
    };
    return { status, headers, body: JSON.stringify({ error: `status ${status}` }) };
  };
}

function isHabit(misbehaviour: Misbehaviour): misbehaviour is keyof typeof habits {
  return typeof misbehaviour === "string" && Object.hasOwn(habits, misbehaviour);
}

function cut(answer: Answer, share: number): Answer & { body: Buffer } {
  const whole = Buffer.from(answer.data ? JSON.stringify(answer.data) : answer.body);
  return { ...answer, data: undefined, body: whole.subarray(0, Math.floor(whole.length * share)) };
}

function redirect(location: string): Answer {
  return { status: 302, headers: { location }, body: "" };
}

function withData(answer: Answer, change: (data: NonNullable<Answer["data"]>) => NonNullable<Answer["data"]>): Answer {
  return answer.data ? { ...answer, data: change(answer.data) } : answer;
}

function withProducts(
  answer: Answer,
  change: (product: Record<string, unknown>, index: number) => Record<string, unknown>,
): Answer {
  return withData(answer, ({ products, ...rest }) => ({ ...rest, products: products.map(change) }));
}

/** One megabyte, packed; packed pieces may follow one another. */
function bomb(): Buffer {
  return gzipSync(Buffer.alloc(1024 * 1024, " "));
}

function* repeat(chunk: Buffer, times: number) {
  for (let time = 0; time < times; time++) yield chunk;
}
