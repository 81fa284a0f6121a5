/**
 * A text from a site, fit to be stored and shown: one line, without control characters (SQLite cuts a text at NUL),
 * without what turns or hides the text around it (bidirectional marks, zero-width characters), and well-formed.
 * At most `maxLength` UTF-16 units; "" when nothing is left.
 */
export function tidyText(text: string, maxLength: number): string {
  const line = text
    .replace(/\p{Cf}/gu, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  if (line.length <= maxLength) return line.toWellFormed();
  return line
    .slice(0, maxLength)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trimEnd()
    .toWellFormed();
}

const MAX_URL_LENGTH = 2048;

/** An address from a site, made absolute; undefined when it is not one that a browser would open as a page or picture. */
export function webUrl(address: unknown, base: string): string | undefined {
  if (typeof address !== "string" || address === "" || address.length > MAX_URL_LENGTH) return undefined;
  const url = URL.parse(address, base);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  return url.href.length > MAX_URL_LENGTH ? undefined : url.href;
}
