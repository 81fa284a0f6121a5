import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import {
  claimAnnouncements,
  type DueAnnouncement,
  dueAnnouncements,
  giveBackAnnouncements,
  holdAnnouncements,
  type Rows,
  readClaimedChats,
} from "../db/announcements.ts";
import { endBroadcast, type Running, runningBroadcast } from "../db/broadcasts.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import { type AnnounceOptions, announce, rehearse } from "./announce.ts";
import { type Hold, holdOf } from "./hold.ts";
import { createReach } from "./reach.ts";
import { record } from "./record.ts";

export type BroadcastsOptions = AnnounceOptions & {
  orm: (query: string) => Orm;
  /** The age at which the lock counts as abandoned. */
  staleMs: number;
};

/** How often it is asked what is to be announced: a stop takes that long. */
const POLL_MS = 1_000;
/** Sends in flight at most, which is what a crash can double. */
const IN_FLIGHT = 10;
/** Messages are claimed for so long ahead. */
const AHEAD_MS = 1_000;
/**
 * Sends what operators announce until the leader's signal aborts; then finishes what is in flight, and gives the rest
 * back. As with news, a message is sent at least once, and again only when it is not known what became of it.
 */
export async function runBroadcasts(options: BroadcastsOptions, leader: Leader): Promise<void> {
  const { orm, telegram, pace, staleMs, failed } = options;
  const { signal } = leader;
  const reach = createReach({ probe: telegram.probe, tell: () => undefined });
  const limit = Math.max(IN_FLIGHT, Math.ceil((pace.messagesPerSecond * AHEAD_MS) / 1_000));
  // The other term's sends have all timed out by then.
  const orphanMs = Math.round((staleMs * 2) / 3);
  const flying = new Set<Promise<void>>();
  let current: Running | undefined;

  /** Claims what can be sent within a moment, and sends it; gives whether there was any. */
  async function sendSome(running: Running): Promise<boolean> {
    const rows = { epoch: leader.term.epoch, id: running.id };
    const due = await dueAnnouncements(orm("loop_announcements"), running, { limit, orphanMs });
    if (due.length === 0) {
      await leader.write("loop_end_broadcast", (db) => endBroadcast(db, running.id));
      return false;
    }
    const claimedAt = performance.now();
    const claimed = await claimOrHold(leader, rows, running, due, orphanMs);
    // Another instance might send it too: not without trust, and not when the claim has grown old.
    const mayBeSent = () =>
      current?.id === running.id &&
      current.isRehearsal === running.isRehearsal &&
      !reach.isLost() &&
      !signal.aborted &&
      leader.trusted() &&
      performance.now() - claimedAt < staleMs / 3;
    const unsent: number[] = [];
    for (const { message, hold } of claimed) {
      while (flying.size >= (reach.isCold() ? 1 : IN_FLIGHT)) await Promise.race(flying);
      const passage = mayBeSent() ? await pace.spare(signal) : undefined;
      if (passage === undefined || !mayBeSent()) {
        unsent.push(message.chatId);
        continue;
      }
      const flight = running.isRehearsal
        ? rehearse(options, leader, rows, message.chatId, typeof hold !== "string")
        : announce(options, leader, reach, { rows, running, message, passage, silent: hold === "silent" });
      const flown = flight.catch(failed).finally(() => void flying.delete(flown));
      flying.add(flown);
    }
    if (unsent.length > 0) {
      await record(leader, "loop_give_back", (db) => [giveBackAnnouncements(db, rows, unsent)], failed);
    }
    return true;
  }

  async function look(): Promise<void> {
    current = await runningBroadcast(orm("loop_broadcasts"));
    await pause(POLL_MS, signal);
  }

  async function send(): Promise<void> {
    if (reach.isLost()) await reach.regain(signal);
    else if (pace.pausedMs() > 0) await pause(pace.pausedMs(), signal);
    else if (current === undefined || !(await sendSome(current))) await pause(POLL_MS, signal);
  }

  async function again(act: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await act();
      } catch (error) {
        if (!signal.aborted && !(error instanceof LockLost)) failed(error);
        await pause(POLL_MS, signal);
      }
    }
  }

  await Promise.all([again(look), again(send)]);
  await Promise.all(flying);
}

type Planned = { message: DueAnnouncement; hold: Hold };

/**
 * Claims what may go now, and has the rest wait for the end of its chats' quiet hours; gives what was claimed. A
 * rehearsal waits for nothing.
 */
async function claimOrHold(
  leader: Leader,
  rows: Rows,
  { isRehearsal }: Running,
  due: DueAnnouncement[],
  orphanMs: number,
): Promise<Planned[]> {
  const ready: Planned[] = [];
  const held: { chatId: number; untilMs: number }[] = [];
  for (const message of due) {
    const hold = holdOf(quietHoursOf(message), message.now, message.now);
    if (typeof hold === "string" || isRehearsal) ready.push({ message, hold });
    else held.push({ chatId: message.chatId, untilMs: hold.untilMs });
  }
  const chatIds = ready.map(({ message }) => message.chatId);
  const [result] = await leader.write("loop_claim_announcements", (db) => [
    claimAnnouncements(db, rows, chatIds, orphanMs),
    ...(held.length > 0 ? [holdAnnouncements(db, rows.id, held, orphanMs)] : []),
  ]);
  const claimed = readClaimedChats(result);
  return ready.filter(({ message }) => claimed.has(message.chatId));
}

/** Quiet hours hold up an announcement as they do news; a daily digest does not. */
const quietHoursOf = ({ settings: { timeZone, quiet } }: DueAnnouncement) => ({
  ...(timeZone === undefined ? {} : { timeZone }),
  ...(quiet === undefined ? {} : { quiet }),
});

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
