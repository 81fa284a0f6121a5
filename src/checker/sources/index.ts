import type { Address, Source } from "../source.ts";
import { readLink, site, tidyAddress } from "./address.ts";
import { fetta } from "./fetta.ts";

export const sources: Record<string, Source> = { fetta };

/**
 * Reads an address as people write it. "unsupported": it is a link, but to no site we read; undefined: it is nothing we
 * know, such as a page of a site we read that is no wishlist. Pure.
 */
export function parseAddress(text: string): Address | "unsupported" | undefined {
  for (const source of Object.values(sources)) {
    const address = source.parseAddress(text);
    if (address !== undefined) return address;
  }
  const link = readLink(tidyAddress(text));
  if (link === undefined) return undefined;
  const isOurs = Object.values(sources).some((source) => site(new URL(source.home)) === site(link));
  return isOurs ? undefined : "unsupported";
}
