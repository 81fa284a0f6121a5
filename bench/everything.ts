import { gunzipSync } from "node:zlib";
import { Agent, request } from "undici";
import { readWithCheerio } from "./pages.ts";
import { ownerOf } from "./site-pages.ts";

type Reading = { baseUrl: string; streamers: number; concurrency: number; forMs: number };

/** Reads profiles and whole lists for so long, as a simple scraper does; gives how many, and how long they took. */
export async function readEverything({ baseUrl, streamers, concurrency, forMs }: Reading) {
  const dispatcher = new Agent({ connections: concurrency });
  const read = async (path: string) => {
    const { body } = await request(`${baseUrl}${path}`, { dispatcher });
    return gunzipSync(await body.bytes()).toString();
  };
  const start = performance.now();
  let next = 0;
  let checks = 0;
  const goOn = async () => {
    while (performance.now() < start + forMs) {
      const n = 1 + (next++ % streamers);
      readWithCheerio(await read(`/u/nick${n}`));
      for (let page = 1, count = -1; count !== 0; page++) {
        const answer = await read(`/api/product/products/public/get?uid=${ownerOf(n)}&p=${page}`);
        count = JSON.parse(answer).products.length;
      }
      checks++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, goOn));
  await dispatcher.close();
  return { checks, seconds: (performance.now() - start) / 1_000 };
}
