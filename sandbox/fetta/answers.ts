import { notFoundPage, profilePage } from "./page.ts";
import type { Wish, Wishlist } from "./wishlist.ts";

/** What a request asks for. `wishlist` is undefined when there is no such streamer. */
export type Asked = {
  kind: "page" | "products" | "other";
  path: string;
  wishlist?: Wishlist | undefined;
  /** Products only: the owner's id and the page, as they were asked for. */
  uid?: string;
  page?: number;
};

/** `data` is sent as JSON, instead of `body`. */
export type Answer = {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
  data?: { products: Record<string, unknown>[]; totalPages?: number };
};

/** Ways in which the site itself may differ; the others garble the finished answer (misbehaviour.ts). */
export type Habits = {
  pageSize: number;
  pageBytes: number;
  /** Pages are numbered from 0, and p=1 is the second. */
  zeroBased: boolean;
  /** Each page begins with the last item of the one before. */
  overlap: boolean;
  /** How many items have moved from the bottom of the list to its top. */
  shift: number;
  /** The keys under which a profile page names the list's owner. */
  ownerKeys: string[];
};

export function honestAnswer(asked: Asked, habits: Habits): Answer {
  const { kind, wishlist } = asked;
  if (kind === "page") return wishlist === undefined ? html(404, notFoundPage()) : profile(asked, wishlist, habits);
  if (kind === "products") {
    if (wishlist === undefined) return json(404, { error: "User not found" });
    if (wishlist.isPrivate) return json(403, { error: "Wishlist is private", isPrivate: true });
    return products(wishlist.items(), asked.page ?? 0, habits);
  }
  if (asked.path.startsWith("/api/category/public/get")) return json(200, { categories: [] });
  return asked.path === "/"
    ? html(200, "<!DOCTYPE html><html><body><h1>фетта</h1></body></html>")
    : html(404, notFoundPage());
}

export function html(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
}

export function json(status: number, body: object): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** Any case of the nickname leads to the owner's spelling. */
function profile(asked: Asked, wishlist: Wishlist, { ownerKeys, pageBytes }: Habits): Answer {
  const canonical = `/u/${wishlist.nickname}`;
  const { pathname } = new URL(asked.path, "http://fetta.sandbox");
  if (pathname !== canonical) return { status: 307, headers: { location: canonical }, body: "" };
  const owner = ownerKeys.map((key): [string, string] => [key, wishlist.ownerId]);
  return html(200, profilePage(wishlist, { owner, bytes: pageBytes }));
}

/** p=0 is p=1; behind the last page there is nothing. */
function products(all: readonly Wish[], page: number, { pageSize, zeroBased, overlap, shift }: Habits): Answer {
  const turn = all.length === 0 ? 0 : all.length - (shift % all.length);
  const wishes = [...all.slice(turn), ...all.slice(0, turn)];
  const step = overlap ? pageSize - 1 : pageSize;
  const start = (zeroBased ? page : Math.max(page, 1) - 1) * step;
  const totalPages = overlap ? Math.ceil((wishes.length - 1) / step) : Math.ceil(wishes.length / step);
  const shown = wishes.slice(start, start + pageSize).map((wish) => ({ ...wish, categoryId: null, likes: 0 }));
  return { ...json(200, {}), data: { products: shown, totalPages } };
}
