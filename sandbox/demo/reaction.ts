import { setTimeout as sleep } from "node:timers/promises";
import type { Wishlist } from "../fetta/index.ts";
import type { Message } from "../telegram/telegram.ts";
import { LOOK_SECONDS, type World } from "./world.ts";

const QUIET_MS = 300;
const PATIENCE_MS = 15_000;

/** Whether the bot looks at this wishlist: somebody tracks it. */
export function isWatched({ fetta }: World, { ownerId }: Wishlist): boolean {
  const recently = Date.now() - (LOOK_SECONDS + 1) * 1000;
  return fetta.requests.some(({ uid, at }) => uid === ownerId && at >= recently);
}

/**
 * For scripts, where the next line must find done what this one asked for. Called before the line; the function it gives
 * waits until the bot has answered or, when the site was changed, has told the news or found none.
 */
export function watchReaction(world: World): (siteChanged: boolean) => Promise<void> {
  const { telegram, fetta, streamers } = world;
  const startedAt = Date.now();
  const watched = streamers.filter(({ list }) => isWatched(world, list));
  const said = new Map<string, Message>();
  let saidAt = startedAt;
  const stop = telegram.onChange((change) => {
    if ((change.kind !== "message" && change.kind !== "edit") || !change.message.fromBot) return;
    said.set(`${change.message.chatId} ${change.message.id}`, change.message);
    saidAt = Date.now();
  });

  function isDone(siteChanged: boolean): boolean {
    if (Date.now() - saidAt < QUIET_MS) return false;
    // The magnifier marks a message that will become an answer.
    if (said.values().some(({ text }) => text.includes("🔎"))) return false;
    return !siteChanged || said.size > 0 || watched.every(({ list }) => looks(list) > 1);
  }

  /** A look begins with page 0. When the second one begins, what the first has found is recorded. */
  function looks({ ownerId }: Wishlist): number {
    return fetta.requests.filter(({ uid, page, at }) => uid === ownerId && page === 0 && at >= startedAt).length;
  }

  return async (siteChanged) => {
    do {
      await telegram.idle(PATIENCE_MS).catch(() => undefined);
      await sleep(50);
    } while (!isDone(siteChanged) && Date.now() - startedAt < PATIENCE_MS);
    stop();
  };
}
