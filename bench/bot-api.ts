/**
 * A Bot API that takes whatever it gets and answers at once, or after a while: it costs as little as a server can, and
 * checks nothing. A program for startCompanion().
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { botApiResult } from "./bot-api-results.ts";
import { accompany, companionOptions } from "./companion.ts";

export type BotApiOptions = {
  /** How long each answer takes. */
  latencyMs: number;
};

export type BotApi = { url: string };

const { latencyMs = 0 } = companionOptions<Partial<BotApiOptions>>();
let sent = 0;

const server = createServer((request, response) => {
  const method = request.url?.slice(request.url.lastIndexOf("/") + 1) ?? "";
  request.resume().once("end", () => {
    if (latencyMs === 0) answer(response, method);
    else setTimeout(answer, latencyMs, response, method);
  });
});
server.keepAliveTimeout = 65_000;
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = server.address() as AddressInfo;
accompany<BotApi>({ url: `http://127.0.0.1:${port}` }, { sent: () => sent });

function answer(response: ServerResponse, method: string): void {
  if (method === "sendMessage") sent++;
  const body = JSON.stringify({ ok: true, result: botApiResult(method, sent) });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}
