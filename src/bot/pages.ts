import { InlineKeyboard } from "grammy";

/** One page of a list; a page that is no longer there is the last one. Pages count from 0. */
export function pageOf<T>(
  list: T[],
  page: number,
  size: number,
): { shown: T[]; first: number; number: number; pages: number } {
  const pages = Math.max(Math.ceil(list.length / size), 1);
  const number = Math.min(page, pages - 1);
  return { shown: list.slice(number * size, (number + 1) * size), first: number * size, number, pages };
}

/** `‹ 2/5 ›` below a list of several pages, and below the keyboard that is there; the ends lead nowhere. */
export function addPageButtons(
  keyboard: InlineKeyboard | undefined,
  kind: "l" | "up",
  page: number,
  pages: number,
): InlineKeyboard | undefined {
  if (pages < 2) return keyboard;
  const added = keyboard ?? new InlineKeyboard();
  if (page > 0) added.text("‹", `v1:${kind}:${page - 1}`);
  added.text(`${page + 1}/${pages}`, `v1:${kind}:${page}`);
  if (page < pages - 1) added.text("›", `v1:${kind}:${page + 1}`);
  return added;
}
