import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readText } from "../../src/bot/file.ts";

const MB = 1024 * 1024;

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file/x`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a small text is read as it is", async () => {
  await using server = await serve((_, response) => void response.end("мила\nann"));
  expect(await readText(server.url, 100)).toBe("мила\nann");
  expect(await readText(server.url, 3)).toBeUndefined();
});

test("of a file that is larger than it may be no more is read than that, packed or endless", async () => {
  const bomb = Buffer.concat(Array(100).fill(gzipSync(Buffer.alloc(MB))));
  const before = process.memoryUsage().arrayBuffers;
  await using packed = await serve(
    (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
  );
  let isLeft = false;
  await using endless = await serve((_, response) => {
    const chunk = Buffer.alloc(MB);
    const more = () => {
      while (response.write(chunk));
    };
    response.on("drain", more).on("close", () => {
      isLeft = true;
    });
    more();
  });
  expect(await readText(packed.url, 256 * 1024)).toBeUndefined();
  expect(await readText(endless.url, 256 * 1024)).toBeUndefined();
  await expect.poll(() => isLeft, { timeout: 5_000 }).toBe(true);
  expect((process.memoryUsage().arrayBuffers - before) / MB).toBeLessThan(30);
});

test("a refusal, a redirect and a broken answer are no text", async () => {
  await using refused = await serve((_, response) => void response.writeHead(404).end("nothing"));
  await using moved = await serve((_, response) => void response.writeHead(302, { location: refused.url }).end());
  await using cut = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  for (const { url } of [refused, moved, cut]) expect(await readText(url, 1_000)).toBeUndefined();
});
