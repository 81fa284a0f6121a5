/** No link to a wishlist is longer; and the patterns below take time by the square of the length. */
const MAX_ADDRESS_LENGTH = 2048;

/**
 * An address as people paste it, without what comes along: invisible characters, the brackets, quotes and full stops
 * around it. Full-width and other look-alike forms (＠, ／) become plain ones. "" when it is too long for an address.
 */
export function tidyAddress(text: string): string {
  if (text.length > MAX_ADDRESS_LENGTH) return "";
  return text
    .normalize("NFKC")
    .replace(/[\p{Cf}\p{Variation_Selector}]/gu, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .replace(/^[\s<([{"'`«“„‘*]+/, "")
    .replace(/[\s>)\]}"'`»“”’*.,;:!?…]+$/, "");
}

/** Endings that make a bare word with dots a site rather than a nickname. */
const siteEndings =
  /\.(?:app|be|by|cc|club|co|com|dev|de|fm|gg|gifts|io|kz|link|live|ly|me|net|online|org|ru|shop|site|store|su|to|tv|ua|uk|xyz|рф)$/i;

/** Reads a tidied address as a link, with or without its scheme; undefined when it is no web link. */
export function readLink(text: string): URL | undefined {
  if (/^https?:/i.test(text)) return URL.parse(text) ?? undefined;
  const host = /^[^/?#\\@:\s]+\.\p{L}[\p{L}\d-]+\.?(?=[/?#\\@:]|$)/u.exec(text)?.[0];
  if (host === undefined || (host === text && !siteEndings.test(host))) return undefined;
  return URL.parse(`https://${text}`) ?? undefined;
}

/** The host without "www." and the final dot. */
export function site(url: URL): string {
  return url.hostname.replace(/^www\./, "").replace(/\.$/, "");
}
