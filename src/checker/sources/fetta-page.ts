import { type CheerioAPI, load } from "cheerio/slim";
import type { Failure, Found, Page, Profile } from "../source.ts";
import { isChallenge, refusal } from "./answers.ts";
import { FETTA_HOME, fettaKey, fettaNickname } from "./fetta-address.ts";
import { tidyText, webUrl } from "./text.ts";

const MAX_NAME_LENGTH = 100;
const MAX_DESCRIPTION_LENGTH = 500;
/** The profile stands at the top of the page. Tags nested without end would cost time by the square of their number. */
const MAX_TAGS = 10_000;
const MAX_TREE_LENGTH = 2 * 1024 * 1024;

/**
 * Reads the profile page. The owner's id stands in a Next.js flight chunk, JSON inside a JavaScript string:
 * `\"wishlistOwnerId\":\"<uuid>\"`. Other people's ids stand under other keys, so only that key counts.
 */
export function readProfilePage(page: Page): Found | Failure {
  const refused = refusal(page);
  if (refused !== undefined) return refused;
  if (page.status === 404 || page.status === 410) return { outcome: "not_found", reason: `status ${page.status}` };
  if (page.status !== 200) return { outcome: "page_changed", reason: `status ${page.status} for a profile` };

  const [ownerId, another] = ownerIds(page.text);
  if (ownerId === undefined) return withoutOwner(page);
  if (another !== undefined) return { outcome: "page_changed", reason: "two different wishlistOwnerId on one page" };
  const nickname = /^\/u\/([^/]+)/.exec(new URL(page.url).pathname)?.[1];
  if (nickname === undefined || !fettaNickname.test(nickname)) {
    return { outcome: "page_changed", reason: "the profile is not under /u/<nickname>" };
  }
  return { outcome: "found", profile: { ownerId, ...readFields(page.text, nickname) } };
}

function ownerIds(text: string): string[] {
  // A chunk ends wherever the server's buffer did, which may be inside the id.
  const joined = text.replace(/"\]\)<\/script>\s{0,9}<script[^>]{0,99}>self\.__next_f\.push\(\[1,\s{0,9}"/g, "");
  const pattern =
    /(?<!\w)wishlistOwnerId(?:[\\"':\s]|&quot;){1,20}([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?![\da-f-])/g;
  return [...new Set(Array.from(joined.matchAll(pattern), ([, id]) => id ?? ""))];
}

function withoutOwner(page: Page): Failure {
  // With a loading.tsx beside the page, Next.js has sent 200 before it knows better (vercel/next.js#93253).
  if (/NEXT_HTTP_ERROR_FALLBACK;404|NEXT_NOT_FOUND/.test(page.text)) {
    return { outcome: "not_found", reason: "a streamed 404" };
  }
  if (!page.text.includes("self.__next_f") && isChallenge(page)) {
    return { outcome: "blocked", reason: "a challenge instead of the profile", retryAfterMs: page.retryAfterMs };
  }
  if (!/<\/html>\s*$/i.test(page.text)) return { outcome: "unreachable", reason: "the profile page is cut off" };
  return { outcome: "page_changed", reason: "no wishlistOwnerId on the profile page" };
}

/** All of it is decoration: what cannot be read is left out. */
function readFields(html: string, nickname: string): Omit<Profile, "ownerId"> {
  const plain = { nickname, key: fettaKey(nickname), name: nickname, url: `${FETTA_HOME}/u/${nickname}` };
  try {
    const $ = load(html.slice(0, MAX_TREE_LENGTH).split("<", MAX_TAGS).join("<"));
    $("footer").remove();
    const spelled = readNickname($, nickname);
    return {
      nickname: spelled,
      key: plain.key,
      name: tidyText($("h2").first().text(), MAX_NAME_LENGTH) || spelled,
      url: `${FETTA_HOME}/u/${spelled}`,
      avatarUrl: webUrl($('img[alt="Profile picture"]').first().attr("src"), FETTA_HOME),
      description: readDescription($),
    };
  } catch {
    // Tags nested by the thousand overflow the stack of the tree's readers.
    return plain;
  }
}

/** The nickname as its owner spells it: the site answers to any case. */
function readNickname($: CheerioAPI, nickname: string): string {
  for (const span of $("span")) {
    const text = $(span).text().trim();
    if (text.startsWith("@")) return fettaKey(text.slice(1)) === fettaKey(nickname) ? text.slice(1) : nickname;
  }
  return nickname;
}

function readDescription($: CheerioAPI): string | undefined {
  for (const span of $('span[class*="text-tertiary"]:not([class*="text-tertiary/50"])')) {
    const text = tidyText($(span).text(), MAX_DESCRIPTION_LENGTH);
    if (text.length > 5 && !text.startsWith("@")) return text;
  }
  return undefined;
}
