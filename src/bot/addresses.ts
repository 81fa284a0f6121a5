import { parseAddress } from "../checker/sources/known-sites.ts";
import type { Wanted } from "../db/trackings.ts";
import type { textFor } from "./talk.ts";
import { readable } from "./untrusted.ts";

/** Streamers taken from one message: the answers to all of them must fit into one (4,096 characters). */
const MAX_AT_ONCE = 10;
const WORDS_LENGTH = 200;

/**
 * What stands behind /track and /untrack: each streamer once, however it is spelled, and what to say of the rest. Both
 * are empty when nothing stands there.
 */
export function readAddresses(args: string, text: ReturnType<typeof textFor>): { wanted: Wanted[]; remarks: string[] } {
  const wanted = new Map<string, Wanted>();
  const unreadable = new Set<string>();
  const unsupported = new Set<string>();
  for (const word of args.split(/[\s,;]+/)) {
    if (word === "") continue;
    const address = parseAddress(word);
    if (address === undefined) unreadable.add(word);
    else if (address === "unsupported") unsupported.add(word);
    else if (!wanted.has(`${address.source}:${address.key}`)) wanted.set(`${address.source}:${address.key}`, address);
  }
  const remarks: string[] = [];
  const listed = (words: Set<string>) => ({ text: readable([...words].join(", "), WORDS_LENGTH) ?? "…" });
  if (unreadable.size > 0) remarks.push(text("address-unreadable", listed(unreadable)));
  if (unsupported.size > 0) remarks.push(text("address-unsupported", listed(unsupported)));
  if (wanted.size > MAX_AT_ONCE) remarks.push(text("address-too-many", { max: MAX_AT_ONCE }));
  return { wanted: [...wanted.values()].slice(0, MAX_AT_ONCE), remarks };
}
