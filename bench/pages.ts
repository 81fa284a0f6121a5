import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { load } from "cheerio";
import { createWishlist, type Wishlist } from "../sandbox/fetta/wishlist.ts";
import type { Page } from "../src/checker/source.ts";
import { readList } from "../src/checker/sources/fetta-list.ts";
import { readProfilePage } from "../src/checker/sources/fetta-page.ts";
import { readProductsPage } from "../src/checker/sources/fetta-products.ts";
import { inMicroseconds, medians, ratio } from "./medians.ts";
import { dataPage, markupPage } from "./profile-pages.ts";
import type { Measure, Table } from "./section.ts";
import { microsecondsEach } from "./timing.ts";

const SIZES = {
  full: { bytes: 300_000, items: [20, 100], repeats: 15, forMs: 40 },
  short: { bytes: 30_000, items: [2, 3], repeats: 1, forMs: 1 },
};

const PROFILE_WAYS = {
  ours: "**read as the product does it**",
  cheerio: "cheerio.load of all of it, and selectors",
  hash: "its SHA-256 alone",
};

const ANSWER_WAYS = {
  ours: "**read as the product does it**",
  unchanged: "**the same, and recognised as an unchanged list**",
  parse: "JSON.parse alone",
  hash: "its SHA-256 alone",
};

/** Times in µs, by what was read. */
type Measured<Way extends string> = { kind: string; times: Record<Way, number> };

/** What it takes to read what the site answers. */
export const measurePages: Measure = async (effort, progress) => {
  const { bytes, items, repeats, forMs } = SIZES[effort];
  const wishlist = createWishlist("mila", { items: Math.max(...items) });

  async function measure<Way extends string>(kind: string, ways: Record<Way, () => unknown>): Promise<Measured<Way>> {
    const timed = Object.entries<() => unknown>(ways).map(([way, work]) => [way, () => microsecondsEach(work, forMs)]);
    const variants = Object.fromEntries(timed) as Record<Way, () => Promise<number>>;
    return { kind, times: await medians(variants, repeats, (round) => progress(`${kind}, ${round}`)) };
  }

  const profiles = [
    await measure("mostly markup", profileWays(markupPage(wishlist, bytes))),
    await measure("mostly data in scripts", profileWays(dataPage(wishlist, bytes))),
  ];
  const answers = [];
  for (const count of items) {
    const text = answerOf(wishlist, count);
    const kilobytes = (Buffer.byteLength(text) / 1_000).toFixed(0);
    answers.push(await measure(`${count} items, ${kilobytes} kB`, await answerWays(text)));
  }
  const cheerio = Math.min(...profiles.map(({ times }) => times.cheerio));
  const unchanged = answers[0]?.times.unchanged ?? Number.NaN;
  return {
    title: "Reading what the site answers",
    method: `Pages are made up: the profile page is that of the simulated site (\`sandbox/fetta\`), filled up to
${bytes / 1_000} kB with cards or with the data that Next.js leaves in scripts; the answer with products has the simulated
site's fields. Both ways to read a profile have been seen to find the same. A cell is the time for one page, median of
${repeats} rounds, and how many times that of the base it is: cheerio (parse5) for a profile, JSON.parse for products. A look
at a known list reads answers with products only; a profile is read when it is looked up, and once a day.`,
    tables: [
      compare(`A profile page of ${bytes / 1_000} kB`, PROFILE_WAYS, "cheerio", profiles),
      compare("An answer with products", ANSWER_WAYS, "parse", answers),
    ],
    aims: [
      {
        aim: "reading the answer of an unchanged list ≤ 0.02× a profile page with cheerio",
        measured: ratio(unchanged, cheerio),
        isMet: unchanged <= 0.02 * cheerio,
      },
    ],
  };
};

function compare<Way extends string>(
  caption: string,
  ways: Record<Way, string>,
  base: Way,
  measured: Measured<Way>[],
): Table {
  return {
    caption,
    columns: ["way to read it", ...measured.map(({ kind }) => kind)],
    rows: Object.entries<string>(ways).map(([way, name]) => [
      name,
      ...measured.map(({ times }) => `${inMicroseconds(times[way as Way])} (${ratio(times[way as Way], times[base])})`),
    ]),
  };
}

const page = (text: string, type: string): Page => ({ status: 200, url: "https://fetta.app/u/mila", type, text });
const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");

function profileWays(html: string): Record<keyof typeof PROFILE_WAYS, () => unknown> {
  const ours = () => {
    const found = readProfilePage(page(html, "text/html"));
    if (found.outcome !== "found") throw new Error(`the profile is ${found.outcome}: ${found.reason}`);
    const { ownerId, name, nickname, avatarUrl, description } = found.profile;
    return { ownerId, name, nickname, avatarUrl, description };
  };
  const cheerio = () => readWithCheerio(html);
  if (!isDeepStrictEqual(ours(), cheerio())) throw new Error("the two ways to read a profile differ");
  return { ours, cheerio, hash: () => sha256(html) };
}

export function readWithCheerio(html: string) {
  const $ = load(html);
  const spans = $("main span").toArray();
  const texts = spans.map((span) => $(span).text().trim());
  const avatar = $('img[alt="Profile picture"]').first().attr("src");
  return {
    ownerId: /wishlistOwnerId[\\":]+([\da-f-]{36})/.exec($("script").text())?.[1],
    name: $("h2").first().text().trim(),
    nickname: texts.find((text) => text.startsWith("@"))?.slice(1),
    avatarUrl: avatar && new URL(avatar, "https://fetta.app").href,
    description: texts.find((text, n) => text.length > 5 && $(spans[n]).is(".text-tertiary")),
  };
}

async function answerWays(json: string): Promise<Record<keyof typeof ANSWER_WAYS, () => unknown>> {
  const read = () => {
    const products = readProductsPage(page(json, "application/json"));
    if ("outcome" in products) throw new Error(`the products are ${products.outcome}: ${products.reason}`);
    return products;
  };
  const look = (known?: string) => readList(async () => read(), { confirm: false, known });
  const first = await look();
  if (first.outcome !== "complete") throw new Error(`the list is ${first.outcome}`);
  const unchanged = async () => {
    const { outcome } = await look(first.fingerprint);
    if (outcome !== "unchanged") throw new Error(`an unchanged list is ${outcome}`);
  };
  return { ours: read, unchanged, parse: () => JSON.parse(json), hash: () => sha256(json) };
}

function answerOf(wishlist: Wishlist, count: number): string {
  const products = wishlist.items().slice(0, count);
  return JSON.stringify({ products: products.map((wish) => ({ ...wish, categoryId: null, likes: 0 })), totalPages: 1 });
}
