import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { bombard, postRequest } from "../../bench/bombard.ts";

async function listening(listener: RequestListener) {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

test("as many requests are counted as were answered, one at a time on each connection", async () => {
  let [answered, underWay, most] = [0, 0, 0];
  const bodies = new Set<string>();
  await using server = await listening((request, response) => {
    most = Math.max(most, ++underWay);
    let body = "";
    request.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    request.once("end", () => {
      bodies.add(body);
      // In two packets, of which the first has no body yet: an answer is over when all of it is there.
      response.writeHead(200, { "content-length": 5 }).flushHeaders();
      setTimeout(() => {
        underWay--;
        answered++;
        response.end("whole");
      }, 5);
    });
  });
  let n = 0;
  const next = () => postRequest("/anywhere", { n: n++ % 3, text: "фетта" });
  const { requests, seconds, p50, p99 } = await bombard(server.port, { connections: 4, forMs: 200, next });
  expect(requests).toBe(answered);
  expect(requests).toBeGreaterThan(4);
  expect(most).toBe(4);
  expect([...bodies].map((body) => JSON.parse(body).text)).toEqual(["фетта", "фетта", "фетта"]);
  expect(seconds).toBeGreaterThanOrEqual(0.2);
  expect(p50).toBeGreaterThanOrEqual(4);
  expect(p99).toBeGreaterThanOrEqual(p50);
});

test.each([
  ["another status than 200", (_, response) => response.writeHead(503, { "content-length": 0 }).end(), "503"],
  ["an answer without a length", (_, response) => response.write("endless"), "transfer-encoding: chunked"],
  ["a connection that is closed", (request) => request.socket.destroy(), "closed a connection"],
] satisfies [string, RequestListener, string][])("%s is an error", async (_, listener, message) => {
  await using server = await listening(listener);
  const next = () => postRequest("/", {});
  await expect(bombard(server.port, { connections: 2, forMs: 5_000, next })).rejects.toThrow(new RegExp(message, "i"));
});
