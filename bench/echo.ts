/** The least that a server of updates can do: it parses a request's JSON and gives it back. A program for startCompanion(). */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { accompany } from "./companion.ts";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => {
    const body = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()));
    response
      .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
      .end(body);
  });
});
await once(server.listen(0, "127.0.0.1"), "listening");
accompany<{ port: number }>({ port: (server.address() as AddressInfo).port });
