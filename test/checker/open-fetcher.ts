import { createFetcher, type FetcherOptions, type Take } from "../../src/checker/fetcher.ts";
import type { Get } from "../../src/checker/source.ts";

/** A fetcher with one purpose, whose budget is endless unless `take` says otherwise. */
export function openFetcher({ take = async () => {}, ...options }: FetcherOptions & { take?: Take }): {
  get: Get;
  close(): Promise<void>;
} {
  const { within, close } = createFetcher(options);
  return { get: within(take), close };
}
