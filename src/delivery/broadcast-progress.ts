import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import {
  type Audience,
  type Broadcast,
  forgetBroadcastMessage,
  markBroadcastShown,
  readAudience,
  shownBroadcasts,
} from "../db/broadcasts.ts";
import type { Orm } from "../db/client.ts";
import { readAnswer } from "./answers.ts";
import type { Pace } from "./pace.ts";
import { record } from "./record.ts";
import type { OutgoingMessage, Telegram } from "./telegram.ts";
import { afterRefusal } from "./unchanged.ts";

export type BroadcastProgressOptions = {
  orm: (query: string) => Orm;
  telegram: Pick<Telegram, "edit">;
  pace: Pace;
  render: (broadcast: Broadcast, audience: Audience) => OutgoingMessage;
  failed: (error: unknown) => void;
};

/** An edit is a message to Telegram's limits, and the numbers are counted for it. */
const SHOW_MS = 3_000;

/** Keeps the messages true that show operators how far their broadcasts are, until the leader's signal aborts. */
export async function runBroadcastProgress(options: BroadcastProgressOptions, leader: Leader): Promise<void> {
  const { orm, failed } = options;
  const shown = new Map<number, string>();
  while (!leader.signal.aborted) {
    try {
      const broadcasts = await shownBroadcasts(orm("loop_shown_broadcasts"));
      const audience = broadcasts.length > 0 ? await readAudience(orm("loop_audience")) : undefined;
      for (const broadcast of broadcasts)
        if (audience !== undefined) await show(options, leader, broadcast, audience, shown);
    } catch (error) {
      if (!leader.signal.aborted) failed(error);
    }
    await sleep(SHOW_MS, undefined, { signal: leader.signal }).catch(() => undefined);
  }
}

async function show(
  { telegram, pace, render, failed }: BroadcastProgressOptions,
  leader: Leader,
  broadcast: Broadcast,
  audience: Audience,
  shown: Map<number, string>,
): Promise<void> {
  const { id, state, chatId, messageId } = broadcast;
  if (chatId === null || messageId === null || !leader.trusted()) return;
  const write = (build: (db: Orm) => ReturnType<typeof markBroadcastShown>[]) =>
    record(leader, "loop_record_progress", build, failed);
  const message = render(broadcast, audience);
  const isRunning = state === "sending" || state === "rehearsing";
  try {
    if (!isRunning || shown.get(id) !== message.html) {
      pace.overtaken();
      await telegram.edit(chatId, messageId, message);
    }
  } catch (error) {
    const answer = readAnswer(error);
    if (answer.meaning !== "unchanged") {
      if (answer.meaning === "wait") pace.refused(chatId, answer.waitMs);
      await write((db) => [
        ...afterRefusal(db, chatId, answer, { over: () => [forgetBroadcastMessage(db, broadcast)], later: () => [] }),
      ]);
      return;
    }
  }
  if (isRunning) shown.set(id, message.html);
  else await write((db) => [markBroadcastShown(db, broadcast)]);
}
