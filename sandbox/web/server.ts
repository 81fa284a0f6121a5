import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import type { World } from "../demo/world.ts";
import { isObject, type Params } from "../telegram/fields.ts";
import type { Telegram } from "../telegram/telegram.ts";
import { act } from "./actions.ts";
import { changeOf, viewMessage, viewOf } from "./view.ts";

export type Page = AsyncDisposable & { url: string };

const folder = new URL("page/", import.meta.url);
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
/** Enough for the files that the bot takes. */
const LONGEST_BODY = 2 * 1024 * 1024;
/** How often what nobody announces is looked at while a page is open: the wishlists, the bot's state. */
const LOOK_MS = 250;

/**
 * Shows the world as a page on this machine alone: files, one stream of events (`/events`), a POST with JSON for
 * everything that can be done (`/do/<action>`), and the pictures of the wishes. It answers to its own name and origin only,
 * so that no site in the same browser can look at it or act in it, whatever its name resolves to.
 * @param port tried first; when it is taken, a free one is used. 0: any free one
 */
export async function startPage(world: World, { port = 0 } = {}): Promise<Page> {
  const names = new Set(await readdir(folder));
  const streams = new Map<ServerResponse, string>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message.replace(/^Bad Request: /, "") : String(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 400, { error: message });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? "", "http://page");
    const path = url?.pathname ?? "";
    if (!isOwn(request)) return sendJson(response, 403, { error: "This page answers to its own address only" });
    if (request.method === "POST" && path.startsWith("/do/")) {
      const result = await act(world, path.slice("/do/".length), await readBody(request));
      for (const stream of streams.keys()) tellView(stream);
      return sendJson(response, 200, result);
    }
    if (request.method !== "GET") return sendJson(response, 405, { error: "Not allowed" });
    if (path === "/events") return openStream(response);
    if (path === "/picture") return sendPicture(response, url?.searchParams.get("of") ?? "");
    const file = path === "/" ? "index.html" : path.slice(1);
    const type = types[extname(file)];
    if (type === undefined || !names.has(file)) return sendJson(response, 404, { error: "Not found" });
    response.writeHead(200, { ...headers, "content-type": type }).end(await readFile(new URL(file, folder)));
  }

  function isOwn({ headers: { host, origin, "sec-fetch-site": site } }: IncomingMessage): boolean {
    const { port } = server.address() as AddressInfo;
    if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return false;
    if (origin !== undefined && origin !== `http://${host}`) return false;
    return site === undefined || site === "same-origin" || site === "none";
  }

  function openStream(response: ServerResponse): void {
    response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
    const messages = world.telegram.chats().flatMap((chat) => world.telegram.messages(chat));
    const view = viewOf(world);
    tell(response, {
      ...{ kind: "hello", view, log: world.bot.log },
      messages: messages.map((message) => viewMessage(message, "message")),
    });
    streams.set(response, JSON.stringify(view));
    response.once("close", () => streams.delete(response));
  }

  function tellView(response: ServerResponse): void {
    const view = viewOf(world);
    const text = JSON.stringify(view);
    if (streams.get(response) === text) return;
    streams.set(response, text);
    tell(response, view);
  }

  function tellAll(event: object | undefined): void {
    if (event !== undefined) for (const stream of streams.keys()) tell(stream, event);
  }

  function sendPicture(response: ServerResponse, of: string): void {
    const svg = world.fetta.picture(addressOf(world.telegram, of));
    if (svg === undefined) sendJson(response, 404, { error: "No such picture" });
    else response.writeHead(200, { ...headers, "content-type": "image/svg+xml" }).end(svg);
  }

  await listen(port).catch(() => listen(0));
  const stopListening = world.telegram.onChange((change) => tellAll(changeOf(change)));
  world.bot.onLine((line) => tellAll({ kind: "log", line }));
  const look = setInterval(() => {
    for (const stream of streams.keys()) tellView(stream);
  }, LOOK_MS);

  async function listen(port: number): Promise<void> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      clearInterval(look);
      stopListening();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function tell(response: ServerResponse, event: object): void {
  response.write(`data: ${JSON.stringify(event)}\n\n`);
}

/** Only a page of the same origin can send JSON without asking first, and nobody is answered who asks. */
async function readBody(request: IncomingMessage): Promise<Params> {
  if (request.headers["content-type"] !== "application/json") throw new Error("JSON is expected");
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new Error("That is too long");
    chunks.push(chunk);
  }
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (!isObject(body)) throw new Error("A JSON object is expected");
  return body;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The address of a picture; one that was sent before is named by its file id. */
function addressOf(telegram: Telegram, of: string): string {
  const [, chatId, messageId] = /^photo-(-?\d+)-(\d+)-\d+$/.exec(of) ?? [];
  if (chatId === undefined) return of;
  const chat = telegram.chats().find(({ id }) => id === Number(chatId));
  const message = chat && telegram.messages(chat).find(({ id }) => id === Number(messageId));
  return message?.photo === undefined ? "" : addressOf(telegram, message.photo);
}
