import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Tells the metrics of an instance as they are, but for what is added: for what cannot be brought about. */
export async function standIn(url: string) {
  const more = new Map<string, number>();
  const server = createServer(async (request, response) => {
    try {
      const answer = await fetch(`${url}${request.url}`);
      const text = await answer.text();
      const lines = text.split("\n").map((line) => {
        const [name = "", value] = line.split(" ");
        return more.has(name) ? `${name} ${Number(value) + (more.get(name) ?? 0)}` : line;
      });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
      response.end(lines.join("\n"));
    } catch {
      response.destroy();
    }
  });
  server.unref();
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** From now on a metric without labels is so much higher. */
    add: (name: string, by: number) => void more.set(name, by),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
