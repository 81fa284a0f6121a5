/**
 * What a wishlist site is to the rest of Wishbell: a way to recognise addresses, to find a streamer by nickname, and to
 * look at a wishlist. Everything a site does oddly stays in its file under `sources/`.
 */

/** A streamer as a person wrote it. `key` is the folded nickname: two spellings of one streamer share it. */
export type Address = { source: string; nickname: string; key: string };

/** What a profile page says of a streamer; only `ownerId` identifies. */
export type Profile = {
  ownerId: string;
  nickname: string;
  /** The nickname folded, as in an address. */
  key: string;
  name: string;
  url: string;
  avatarUrl?: string | undefined;
  description?: string | undefined;
};

/** One wish. `price` is in minor units of `currency` (ISO 4217), as the site shows it to a buyer; absent when unknown. */
export type Item = {
  productId: string;
  /** The shop's own id (a SKU): recognises a wish that was deleted and added again. */
  externalId?: string | undefined;
  name: string;
  price?: number | undefined;
  currency?: string | undefined;
  imageUrl?: string | undefined;
  productUrl?: string | undefined;
  isPinned: boolean;
  isUnavailable: boolean;
};

/**
 * Why a look gave no list to compare. `reason` is for the log, in English, without the page's text.
 * - `not_found`: the site says that there is no such streamer
 * - `private`: the site says that the list is hidden
 * - `partial`: a part of the list was read, the rest was not
 * - `blocked`: the site refuses to serve us (429, 403, a captcha, a page where data was expected)
 * - `page_changed`: the site answered, in a form we no longer understand
 * - `unreachable`: no usable answer (network, time-out, 5xx, an answer too large)
 * - `too_long`: more pages than we are willing to read
 */
export type Failure = {
  outcome: "not_found" | "private" | "partial" | "blocked" | "page_changed" | "unreachable" | "too_long";
  reason: string;
  /** What the site asked us to wait, in ms (`Retry-After`). */
  retryAfterMs?: number | undefined;
};

/**
 * A whole list (`empty` is a whole list without items): the only thing that may be compared or stored. `fingerprint` is
 * what the source recognises this list by at the next look, if it can; nobody else reads it.
 */
export type Complete = { outcome: "complete" | "empty"; items: Item[]; fingerprint?: string | undefined };

/** The list is the one of the fingerprint, as far as the source's cheapest look can tell; `swept`: all of it was read. */
export type Unchanged = { outcome: "unchanged"; swept: boolean };

export type Look = Complete | Unchanged | Failure;

export type LookOptions = {
  /** A baseline look, which also makes sure of how the site numbers its pages. */
  first: boolean;
  /** The fingerprint of the last complete look: if the list is still the same, it need not be read whole. */
  known?: string | undefined;
  /** Read it whole all the same, where the cheap look does not see everything. */
  sweep?: boolean | undefined;
};

export type Found = { outcome: "found"; profile: Profile };

/** One answer of the site, whole and decoded. */
export type Page = {
  status: number;
  /** The address after redirects. */
  url: string;
  /** The media type without parameters, lower case; "" when absent. */
  type: string;
  text: string;
  retryAfterMs?: number | undefined;
};

/**
 * Fetches one address of the site within the politeness budget.
 * @throws {RequestFailed} when no whole answer came: network, deadline, size, a redirect that leaves the site
 * @throws the signal's reason when aborted
 */
export type Get = (path: string, accept: "html" | "json", signal: AbortSignal) => Promise<Page>;

/** No whole answer came. `message` tells what happened, for the log. */
export class RequestFailed extends Error {
  override name = "RequestFailed";
}

/** What is known of a site without looking at it. */
export type KnownSite = {
  name: string;
  /** Where the site lives for people: links in messages start with it. */
  home: string;
  /** Reads an address as people write it (link, @nick, nick); undefined when it is not one of this site's. Pure. */
  parseAddress(text: string): Address | undefined;
};

export type Source = KnownSite & {
  /** Finds a streamer's profile by nickname. */
  find(get: Get, nickname: string, signal: AbortSignal): Promise<Found | Failure>;
  /** Looks at the wishlist: whole, unless it is known and unchanged. */
  look(get: Get, ownerId: string, options: LookOptions, signal: AbortSignal): Promise<Look>;
};
