import { type Failure, type Get, type Page, RequestFailed } from "../source.ts";

/** Asks the site for a page; a request that brought no whole answer is a failure like any other. */
export async function ask(
  get: Get,
  path: string,
  accept: "html" | "json",
  signal: AbortSignal,
): Promise<Page | Failure> {
  try {
    return await get(path, accept, signal);
  } catch (error) {
    if (error instanceof RequestFailed) return { outcome: "unreachable", reason: error.message };
    throw error;
  }
}

/** What the status says of the site or of us, whatever was asked; undefined when the answer is worth reading. */
export function refusal(page: Page): Failure | undefined {
  const { status, retryAfterMs } = page;
  if (status === 401 || status === 403 || status === 429 || status === 451) {
    return { outcome: "blocked", reason: `status ${status}`, retryAfterMs };
  }
  if (status === 408 || status >= 500) {
    return { outcome: isChallenge(page) ? "blocked" : "unreachable", reason: `status ${status}`, retryAfterMs };
  }
  return undefined;
}

/**
 * Whether a page asks who we are instead of showing what we came for. Ask it only of pages without our data: ordinary
 * pages speak of captchas too.
 */
export function isChallenge({ text }: Page): boolean {
  return /<title>\s*(?:just a moment|attention required|ddos-guard|robot check)|cf[-_]cha?l|captcha/i.test(text);
}

/** Whether a body is a page for people, whatever its media type says. */
export function isHtml({ type, text }: Page): boolean {
  return type === "text/html" || /^\s*</.test(text);
}
