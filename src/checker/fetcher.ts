import { MIMEType, TextDecoder } from "node:util";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { Agent, type Dispatcher, request } from "undici";
import { type Get, type Page, RequestFailed } from "./source.ts";

const MAX_REDIRECTS = 3;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Checks of one site are seconds apart: the usual 4 s would mean a new TLS handshake for most of them. */
const KEEP_ALIVE_MS = 60_000;

const accepts = {
  html: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  json: "application/json,text/plain;q=0.9,*/*;q=0.8",
};

const browser = {
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
  "accept-language": "ru-RU,ru;q=0.9,en;q=0.8",
  "accept-encoding": "gzip, deflate, br",
};

/** At once and not as streams: for a page, unpacking takes a tenth of what setting up a stream does. */
const unpackers = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

type Headers = Dispatcher.ResponseData["headers"];

export type FetcherOptions = {
  /** Only its origin counts: that is where every request goes, and where redirects must stay. */
  baseUrl: string;
  /** Requests in flight at once; more wait for a free connection, and their deadline runs meanwhile. */
  connections: number;
  /** For one `get` with all its redirects, from connecting to the last byte, not counting `take`. */
  timeoutMs?: number;
  /** Of the decompressed body. */
  maxBytes?: number;
  /** Told of each request: its status, or "failed", or "aborted"; and how long it took. */
  observe?: (outcome: string, seconds: number) => void;
};

/** Waits for the politeness budget; called before every request, also of each redirect. Rejects when aborted. */
export type Take = (signal: AbortSignal) => Promise<void>;

/**
 * Reads pages of one site over one pool of connections. `within` gives the way to fetch that asks `take` before each
 * request; `close` cuts off what is still under way.
 */
export function createFetcher({
  baseUrl,
  connections,
  timeoutMs = 15_000,
  maxBytes = 5 * 1024 * 1024,
  observe,
}: FetcherOptions): { within(take: Take): Get; close(): Promise<void> } {
  const { origin } = new URL(baseUrl);
  // maxResponseSize counts compressed bytes: it stops a body that is endless and unpacks to nothing.
  const agent = new Agent({ connections, keepAliveTimeout: KEEP_ALIVE_MS, maxResponseSize: maxBytes });

  const within =
    (take: Take): Get =>
    async (path, accept, signal) => {
      let url = new URL(path, origin);
      let leftMs = timeoutMs;
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        if (url.origin !== origin) throw new RequestFailed("it leads away from the site");
        await take(signal);
        const startedAt = performance.now();
        const answer = await attempt(url, accept, leftMs, signal);
        if (!(answer instanceof URL)) return answer;
        url = answer;
        leftMs -= performance.now() - startedAt;
      }
      throw new RequestFailed(`it redirects more than ${MAX_REDIRECTS} times`);
    };

  /** One request: the page, or where it is said to be. */
  async function attempt(url: URL, accept: "html" | "json", leftMs: number, signal: AbortSignal): Promise<Page | URL> {
    // Not AbortSignal.any: what it makes stays linked to the caller's long-lived signal (nodejs/node#54614).
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    const timer = setTimeout(() => abort.abort(new RequestFailed(`no whole answer within ${timeoutMs} ms`)), leftMs);
    signal.addEventListener("abort", cancel, { once: true });
    const startedAt = performance.now();
    let outcome = "failed";
    let isRead = false;
    try {
      signal.throwIfAborted();
      const response = await request(url, {
        dispatcher: agent,
        headers: { ...browser, accept: accepts[accept] },
        signal: abort.signal,
      });
      const target = redirection(url, response);
      const answer = target ?? (await readPage(url, response, maxBytes));
      isRead = target === undefined;
      outcome = String(response.statusCode);
      return answer;
    } catch (error) {
      if (signal.aborted) outcome = "aborted";
      signal.throwIfAborted();
      throw explained(abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      // Ends whatever of the answer was not read, and frees the connection.
      if (!isRead) abort.abort();
      observe?.(outcome, (performance.now() - startedAt) / 1000);
    }
  }

  return { within, close: () => agent.destroy() };
}

function redirection(url: URL, { statusCode, headers }: Dispatcher.ResponseData): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const target = URL.parse(header(headers, "location"), url.href);
  if (target === null || !headers.location) throw new RequestFailed("a redirect to nowhere");
  return target;
}

async function readPage(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData, maxBytes: number) {
  const { type, charset } = contentType(header(headers, "content-type"));
  const bytes = await readBody(body, header(headers, "content-encoding"), maxBytes);
  const text = decoder(charset).decode(bytes);
  return { status: statusCode, url: url.href, type, text, retryAfterMs: retryAfter(headers) };
}

/** What is packed takes `maxBytes` at most, and so does what it unpacks to: a bomb costs no more memory than that. */
async function readBody(body: Dispatcher.ResponseData["body"], contentEncoding: string, maxBytes: number) {
  const unpack = unpacker(contentEncoding);
  const packed = await body.bytes();
  try {
    return unpack === undefined ? packed : unpack(packed, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ERR_BUFFER_TOO_LARGE" ? new RequestFailed(`more than ${maxBytes} bytes`) : error;
  }
}

function unpacker(contentEncoding: string) {
  const codings = contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const [coding] = codings;
  if (coding === undefined) return undefined;
  // Nobody packs an honest page twice; a bomb gains a thousandfold with each layer.
  if (codings.length > 1) throw new RequestFailed("packed more than once");
  const unpack = Object.entries(unpackers).find(([name]) => name === coding)?.[1];
  if (unpack === undefined) throw new RequestFailed("packed in an unknown way");
  return unpack;
}

function contentType(value: string): { type: string; charset: string } {
  try {
    const { essence, params } = new MIMEType(value);
    return { type: essence, charset: params.get("charset") ?? "utf-8" };
  } catch {
    return { type: "", charset: "utf-8" };
  }
}

function decoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** Seconds, or a date: that is measured by the site's own clock when it tells the time. */
function retryAfter(headers: Headers): number | undefined {
  const value = header(headers, "retry-after").trim();
  const siteTime = Date.parse(header(headers, "date"));

  const waitUntil = /^[A-Z].* GMT$/i.test(value) ? Date.parse(value) : Number.NaN;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : waitUntil - (Number.isNaN(siteTime) ? Date.now() : siteTime);
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

function header(headers: Headers, name: string): string {
  return [headers[name] ?? []].flat().join(", ");
}

/** Without the error itself as a cause, and without the address: those hold a piece of the page, and the nickname. */
function explained(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  const { code, name } = error as NodeJS.ErrnoException;
  return new RequestFailed(code ?? name);
}
