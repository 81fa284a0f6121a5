import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { type OutdatedMessage, outdatedMessages, readTold, settleMessage } from "../db/edits.ts";
import { pauseChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { readAnswer } from "./answers.ts";
import { type Render, readParts, seenIn } from "./compose.ts";
import { createPace, type Pace, paceOf } from "./pace.ts";
import { record } from "./record.ts";
import { inRounds } from "./rounds.ts";
import type { OutgoingMessage, Telegram } from "./telegram.ts";
import { afterRefusal, retryAfterMs } from "./unchanged.ts";

export type EditsOptions = Render & {
  orm: (query: string) => Orm;
  telegram: Pick<Telegram, "edit">;
  /** Of all that is sent: edits keep to a part of it. */
  pace: Pace;
  report: (edit: { chatId: number; outcome: string; error?: string }) => void;
  failed: (error: unknown) => void;
};

const POLL_MS = 1_000;
const AT_ONCE = 5;
/** News that is waited for goes first: edits take this part of the pace. */
const SHARE = 1 / 6;

/**
 * Keeps true what has been told: a message that tells of an item which is gone since, or there again, is written anew
 * from all that it is about, until the leader's signal aborts. An edit that was made but not recorded is made again,
 * which changes nothing.
 */
export async function runEdits(options: EditsOptions, leader: Leader): Promise<void> {
  const { orm, pace, failed } = options;
  const { signal } = leader;
  const ownPace = createPace(pace.messagesPerSecond * SHARE);
  /** Chats whose edits Telegram does not take for the moment: how often, and until when, on the monotonic clock. */
  const resting = new Map<number, { times: number; until: number }>();

  function find(): Promise<OutdatedMessage[]> {
    const now = performance.now();
    const chats = [...resting].flatMap(([chatId, { until }]) => (until > now ? [chatId] : []));
    return outdatedMessages(orm("loop_outdated"), { limit: AT_ONCE, resting: chats });
  }

  async function act(message: OutdatedMessage): Promise<boolean> {
    const { chatId, messageId, isOver } = message;
    const write = (build: (orm: Orm) => Statement[]) => record(leader, "loop_record_edit", build, failed);
    const revision = isOver ? undefined : await revise(options, message);
    if (revision === undefined) return await write((db) => [settleMessage(db, message)]);
    while (pace.pausedMs() > 0 && !signal.aborted) await pause(pace.pausedMs(), signal);
    if (!(await ownPace.turn(signal)) || !leader.trusted()) return false;
    pace.overtaken();
    try {
      await options.telegram.edit(chatId, messageId, revision.message, revision.isPlain);
    } catch (error) {
      const answer = readAnswer(error);
      if (answer.meaning !== "unchanged") {
        if (answer.meaning === "wait") pace.refused(chatId, answer.waitMs);
        const times = resting.get(chatId)?.times ?? 0;
        const later = () => {
          resting.set(chatId, { times: times + 1, until: performance.now() + retryAfterMs(times) });
          return [];
        };
        resting.delete(chatId);
        options.report({ chatId, outcome: answer.meaning, error: answer.text });
        await write((db) => afterRefusal(db, chatId, answer, { over: () => [settleMessage(db, message)], later }));
        return false;
      }
    }
    resting.delete(chatId);
    options.report({ chatId, outcome: "edited" });
    return await write((db) => [
      settleMessage(db, message, revision.seen),
      pauseChat(db, chatId, paceOf(revision.chatType)),
    ]);
  }

  await inRounds({ find, act, rest: () => pause(POLL_MS, signal), failed }, leader);
}

type Revision = { message: OutgoingMessage; isPlain: boolean; chatType: string; seen: Record<number, number> };

/** How a message is to read now; undefined when it is to stay as it is. */
async function revise(options: EditsOptions, outdated: OutdatedMessage): Promise<Revision | undefined> {
  const orm = options.orm("loop_revise");
  const { checks, isPlain } = await readTold(orm, outdated);
  const isDigest = new Set(checks.map(({ streamerId }) => streamerId)).size > 1;
  // Below the news of one streamer may stand by now that it is not tracked any more, with a way back.
  const [parts = []] = await readParts(orm, [{ chatId: outdated.chatId, rows: checks, again: isDigest }]);
  const all = parts.flatMap(({ news }) => news ?? []);
  const news = all.filter(({ items }) => items.length > 0);
  const [first] = news;
  const message = first && (isDigest ? options.renderDigest(news) : options.render(first));
  return message && first && { message, isPlain, chatType: first.chatType, seen: seenIn(all) };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
