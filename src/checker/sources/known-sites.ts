import type { Address, KnownSite } from "../source.ts";
import { readLink, site, tidyAddress } from "./address.ts";
import { fettaSite } from "./fetta-address.ts";

/** The sites of all sources, by name; apart from the sources, which bring all that it takes to read pages. */
export const knownSites: Record<string, KnownSite> = { fetta: fettaSite };

/**
 * Reads an address as people write it. "unsupported": it is a link, but to no site we read; undefined: it is nothing we
 * know, such as a page of a site we read that is no wishlist. Pure.
 */
export function parseAddress(text: string): Address | "unsupported" | undefined {
  for (const known of Object.values(knownSites)) {
    const address = known.parseAddress(text);
    if (address !== undefined) return address;
  }
  const link = readLink(tidyAddress(text));
  if (link === undefined) return undefined;
  const isOurs = Object.values(knownSites).some(({ home }) => site(new URL(home)) === site(link));
  return isOurs ? undefined : "unsupported";
}
