import type { Wish as ListedWish } from "../../sandbox/fetta/index.ts";
import type { Streamer } from "./cast.ts";
import type { Follow, Wish } from "./history.ts";
import { owedTo } from "./ledger.ts";
import { pause } from "./pause.ts";
import type { Chance } from "./random.ts";
import type { Wishes } from "./wishes.ts";

export type ChangesOptions = {
  streamers: Streamer[];
  wishes: Wishes;
  follows: Follow[];
  hasHeard: (chat: number, token: number) => boolean;
  chance: Chance;
  /** On all lists together. */
  perSecond: number;
};

/** Out of a hundred. Only the first is news to be told; a fleeting wish is gone before anybody need have seen it. */
const CHANGES = { add: 45, price: 15, soldOut: 10, pin: 5, remove: 9, fleeting: 4, again: 6, back: 6 };
const FLEETING_MS = 1_500;
/** How long a list misses what comes back to it. */
const AWAY_MS = 8_000;
/** Lists that grow longer lose more. */
const LONG_LIST = 30;

/** Changes wishlists until the signal aborts: with news, and with much that is none. */
export function createChanges({ streamers, wishes, follows, hasHeard, chance, perSecond }: ChangesOptions) {
  const counts = { changes: 0, added: 0 };
  const timers = new Set<NodeJS.Timeout>();
  const newcomers = new Set(streamers.filter(({ kind }) => kind === "newcomer").map(({ nickname }) => nickname));
  const before = wishes.all.length;
  /** A look must have shown it: it was there before the run, or everybody was told. */
  const isSeen = (wish: Wish) => isSettled(wish) || (wish.token <= before && !newcomers.has(wish.streamer));

  const followsOf = (wish: Wish) => follows.filter(({ streamer }) => streamer === wish.streamer);
  function isSettled(wish: Wish): boolean {
    const owed = owedTo(wish, followsOf(wish));
    return owed.length > 0 && owed.every(({ chat }) => hasHeard(chat, wish.token));
  }

  /** Nobody follows: what is added now is no news, whoever comes. */
  function isAlone({ nickname }: Streamer): boolean {
    return follows.every(({ streamer, leftAt }) => streamer !== nickname || leftAt !== undefined);
  }

  function later(ms: number, act: () => void) {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }

  function remove({ list }: Streamer, listed: ListedWish) {
    const wish = wishes.of(listed);
    if (wish === undefined || !list.items().some(({ id }) => id === listed.id)) return;
    wish.settled = isSettled(wish);
    wish.goneAt = Date.now();
    list.remove(listed.id);
  }

  function change(streamer: Streamer): void {
    const { list } = streamer;
    const kind = list.items().length > LONG_LIST ? "remove" : chance.weighted(CHANGES);
    const listed = chance.pick(list.items());
    const ms = chance.int(0, AWAY_MS);
    const fate = isAlone(streamer) ? "known" : "news";
    if (kind === "add") {
      wishes.add(streamer, fate);
      counts.added++;
      return;
    }
    if (kind === "fleeting") {
      const { token } = wishes.add(streamer, fate);
      const fleeting = list.items().find((one) => wishes.of(one)?.token === token);
      if (fleeting !== undefined) later(ms % FLEETING_MS, () => remove(streamer, fleeting));
      return;
    }
    if (listed === undefined) return;
    if (kind === "price") list.price(listed.id, chance.int(100, 9_999));
    else if (kind === "soldOut") list.unavailable(listed.id, !listed.isUnavailable);
    else if (kind === "pin") list.pin(listed.id, !listed.isPinned);
    else takeOff(streamer, listed, kind, ms);
  }

  /** Takes a wish off the list that nobody waits for; what a look has shown before is no news when it comes again. */
  function takeOff(streamer: Streamer, listed: ListedWish, kind: "remove" | "again" | "back", ms: number) {
    const wish = wishes.of(listed);
    if (wish === undefined || (wish.fate === "news" && !isSettled(wish))) return;
    const isShown = isSeen(wish);
    remove(streamer, listed);
    if (!isShown) return;
    if (kind === "again") {
      const { id: _, ...product } = listed;
      wishes.add(streamer, "again", product);
    } else if (kind === "back" && wish.fate === "known") {
      later(ms, () => streamer.list.add(listed));
    }
  }

  return {
    counts,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await pause(chance.int(1, Math.ceil(2_000 / perSecond)), signal);
        const streamer = chance.pick(streamers);
        if (signal.aborted || streamer === undefined) break;
        change(streamer);
        counts.changes++;
      }
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
