import type { Wish as ListedWish } from "../../sandbox/fetta/index.ts";
import type { Streamer } from "./cast.ts";
import type { Wish } from "./history.ts";

export type Wishes = ReturnType<typeof createWishes>;

/** Every wish that ever was, under a name that no other has. */
export function createWishes() {
  const all: Wish[] = [];

  function note(streamer: string, fate: Wish["fate"]): Wish {
    const wish: Wish = { token: all.length + 1, streamer, addedAt: Date.now(), fate };
    all.push(wish);
    return wish;
  }

  return {
    all,
    /** A name for a wish that is on the list before anybody follows. */
    nameKnown: (streamer: string) => nameOf(note(streamer, "known").token),
    /** Puts a wish on the list, on top; `product`: one that was there before. */
    add({ nickname, list }: Streamer, fate: Wish["fate"], product: Partial<ListedWish> = {}): Wish {
      const wish = note(nickname, fate);
      list.add({ ...product, name: nameOf(wish.token) });
      return wish;
    },
    of: (listed: ListedWish): Wish | undefined => all[(readTokens(listed.name)[0] ?? 0) - 1],
  };
}

const nameOf = (token: number) => `Gift W${String(token).padStart(6, "0")}`;

/** The wishes that a text names, in its order. */
export function readTokens(text: string): number[] {
  return Array.from(text.matchAll(/\bW(\d{6})\b/g), ([, token]) => Number(token));
}
