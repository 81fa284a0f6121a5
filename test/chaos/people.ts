import { setTimeout as sleep } from "node:timers/promises";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Message } from "../../sandbox/telegram/types.ts";
import { type Cast, type Place, placesFor, type Streamer } from "./cast.ts";
import type { Finding, Follow } from "./history.ts";
import { pause } from "./pause.ts";
import type { Chance } from "./random.ts";
import type { Witness } from "./witness.ts";

export type PeopleOptions = {
  telegram: Telegram;
  witness: Witness;
  cast: Cast;
  /** Who followed before; grows. */
  follows: Follow[];
  chance: Chance;
  /** Whether what is added to a streamer's list from now on is news. */
  isWatched: (nickname: string) => Promise<boolean>;
};

const GAP_MS = { least: 300, most: 1_500 };
/** Who hears nothing asks again; who hears of a failure does so sooner. */
const PATIENCE_MS = 15_000;
const REPAIR_MS = 1_000;
const WATCH_MS = 100;
/** Of ten commands. */
const INTEREST = { steady: 4, newcomer: 3, sleeper: 3 };

const ANSWERS = {
  track: /Tracking (\w+):|You already follow (\w+):/,
  untrack: /No longer tracking (\w+)\.|You are not following (\w+)\.|no longer looking for (\w+)\./,
};

/** People who follow streamers and give them up, one command at a time in each chat, until the bot has said that it did so. */
export function createPeople({ telegram, witness, cast, follows, chance, isWatched }: PeopleOptions) {
  const counts = { asked: 0, answered: 0, askedAgain: 0, firstLooks: 0 };
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  const busy = new Set<number>();
  const asking = new Map<Promise<void>, Finding>();
  const anchors = new Map<string, number>();
  for (const { chat, streamer } of follows) if (!anchors.has(streamer)) anchors.set(streamer, chat);

  const followOf = (chat: number, { nickname }: Streamer) =>
    follows.findLast((follow) => follow.chat === chat && follow.streamer === nickname);
  const isFollowing = (chat: number, streamer: Streamer) => {
    const follow = followOf(chat, streamer);
    return follow !== undefined && follow.leftAskedAt === undefined;
  };

  /** Somebody asks for something that makes a difference; what is drawn does not depend on what has happened. */
  function nextCommand(): void {
    const wanted = chance.weighted(INTEREST);
    const streamer = chance.pick(cast.streamers.filter(({ kind }) => kind === wanted));
    const place = streamer && chance.pick(placesFor(cast, streamer));
    if (streamer === undefined || place === undefined || busy.has(place.chat)) return;
    const { nickname, kind } = streamer;
    const anchor = anchors.get(nickname);
    // A sleeper has one follower at most, the others are never left by all.
    const isOthers = kind === "sleeper" && anchor !== place.chat;
    const where = isOthers ? cast.places.find(({ chat }) => chat === anchor) : place;
    if (where === undefined || busy.has(where.chat)) return;
    const follows = isFollowing(where.chat, streamer);
    if (follows && kind !== "sleeper" && anchor === where.chat) return;
    if (!anchors.has(nickname)) anchors.set(nickname, where.chat);
    busy.add(where.chat);
    const done = (follows ? leave(where, streamer) : join(where, streamer))
      .catch(() => undefined)
      .finally(() => {
        busy.delete(where.chat);
        asking.delete(done);
      });
    const what = follows ? "/untrack was not answered" : "/track was not answered";
    asking.set(done, { what, chat: where.chat, streamer: nickname, at: Date.now() });
  }

  async function join(place: Place, streamer: Streamer): Promise<void> {
    const { chat, thread } = place;
    const { nickname } = streamer;
    const isFirst = !follows.some((follow) => follow.streamer === nickname);
    if (isFirst) counts.firstLooks++;
    const follow: Follow = { chat, thread, streamer: nickname, askedAt: Date.now() };
    follows.push(follow);
    await ask(place, "track", nickname, isFirst ? Number.POSITIVE_INFINITY : PATIENCE_MS);
    while (!(await isWatched(nickname))) await Promise.race([sleep(WATCH_MS), closed.promise]);
    follow.since = Date.now();
  }

  async function leave(place: Place, streamer: Streamer): Promise<void> {
    const follow = followOf(place.chat, streamer);
    if (follow === undefined) return;
    follow.leftAskedAt = Date.now();
    await ask(place, "untrack", streamer.nickname);
    follow.leftAt = Date.now();
  }

  /**
   * Says it until the bot has answered that it is done. A first look is asked for once: that it is answered is promised,
   * unless the bot itself says that something went wrong.
   */
  async function ask(place: Place, command: keyof typeof ANSWERS, nickname: string, patienceMs = PATIENCE_MS) {
    const { chat, thread, person, group } = place;
    counts.asked++;
    const { promise, resolve } = Promise.withResolvers<void>();
    let againAt = 0;
    const say = () => {
      againAt = Date.now() + patienceMs;
      const options = group === undefined ? {} : { chat: group, ...(thread === 0 ? {} : { threadId: thread }) };
      telegram.say(`/${command} ${nickname}`, { from: person, ...options });
    };
    const stop = witness.onMessage(({ chatId, text }: Message) => {
      if (chatId !== chat) return;
      if (ANSWERS[command].exec(text)?.includes(nickname, 1)) resolve();
      else if (/^Something went wrong/.test(text)) againAt = Math.min(againAt, Date.now() + REPAIR_MS);
    });
    const again = setInterval(() => {
      if (Date.now() < againAt) return;
      counts.askedAgain++;
      say();
    }, WATCH_MS);
    say();
    try {
      await Promise.race([promise, closed.promise]);
      counts.answered++;
    } finally {
      clearInterval(again);
      stop();
    }
  }

  return {
    counts,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const gapMs = chance.int(GAP_MS.least, GAP_MS.most);
        await pause(gapMs, signal);
        if (!signal.aborted) nextCommand();
      }
    },
    /** Whose command has not been answered yet. */
    waiting: (): Finding[] => [...asking.values()],
    /** Nobody waits any longer. */
    close: () => closed.reject(new Error("the run is over")),
  };
}
