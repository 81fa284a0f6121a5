import type { Leader } from "../checker/leader.ts";
import {
  type DueAnnouncement,
  markAnnounced,
  parkAnnouncement,
  postponeAnnouncement,
  type Rows,
} from "../db/announcements.ts";
import { QUIET_HOURS, type Running } from "../db/broadcasts.ts";
import type { Orm } from "../db/client.ts";
import { pauseChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { type Answer, readAnswer } from "./answers.ts";
import { UNCERTAIN_RETRY_MS } from "./consequence.ts";
import { type Pace, type Passage, paceOf } from "./pace.ts";
import type { Reach } from "./reach.ts";
import { record } from "./record.ts";
import type { Telegram } from "./telegram.ts";
import { afterRefusal, retryAfterMs } from "./unchanged.ts";

export type AnnounceOptions = {
  /** Its calls end within a sixth of the lock's age at which it counts as abandoned. */
  telegram: Pick<Telegram, "announce" | "probe">;
  /** Of all that is sent: what is announced takes the turns that news leaves. */
  pace: Pace;
  report: (message: { chatId: number; outcome: string; error?: string }) => void;
  failed: (error: unknown) => void;
};

/** Sends nothing, and records that it would have. */
export async function rehearse(
  { failed }: AnnounceOptions,
  leader: Leader,
  rows: Rows,
  chatId: number,
  isHeld: boolean,
): Promise<void> {
  const note = isHeld ? QUIET_HOURS : null;
  await record(leader, "loop_record_announcement", (db) => [markAnnounced(db, rows, chatId, note)], failed);
}

type Delivery = {
  rows: Rows;
  running: Running;
  message: DueAnnouncement;
  passage: Passage;
  silent: boolean;
};

/** Sends one message, and records what became of it. */
export async function announce(
  options: AnnounceOptions,
  leader: Leader,
  reach: Reach,
  { rows, running, message, passage, silent }: Delivery,
): Promise<void> {
  const { telegram, pace, report, failed } = options;
  const { chatId, threadId } = message;
  const write = (build: (db: Orm) => Statement[]) => record(leader, "loop_record_announcement", build, failed);
  const text = running.texts[message.language === "ru" ? "ru" : "en"];
  const answer = await telegram.announce(chatId, threadId, text, { silent }).then(() => undefined, readAnswer);
  const paceMs = paceOf(message.chatType);
  if (answer === undefined) {
    reach.heard("sent");
    pace.arrived(passage);
    await write((db) => [markAnnounced(db, rows, chatId), pauseChat(db, chatId, paceMs)]);
    report({ chatId, outcome: "sent" });
    return;
  }
  reach.heard(answer.meaning, answer.text, message.uncertain > 0);
  if (answer.meaning === "wait") pace.refused(chatId, answer.waitMs);
  await write((db) => afterSend(db, rows, message, answer, paceMs));
  report({ chatId, outcome: answer.meaning, error: answer.text });
}

/**
 * What an answer changes: what Telegram will not take, in its topic nor outside of it, is given up; the rest is tried
 * again.
 */
function afterSend(
  db: Orm,
  rows: Rows,
  { chatId, threadId, attempts, uncertain }: DueAnnouncement,
  answer: Answer,
  paceMs: number,
): Statement[] {
  const { meaning, text: error } = answer;
  const isUncertain = meaning === "unknown";
  const again = (delayMs: number, besideTopic = false) => [
    postponeAnnouncement(db, rows, chatId, { delayMs: Math.round(delayMs), error, isUncertain, besideTopic }),
  ];
  const over = () => (threadId === 0 ? [parkAnnouncement(db, rows, chatId, error)] : again(0, true));
  const statements = afterRefusal(db, chatId, answer, {
    over,
    later: (ms) => {
      if (!isUncertain) return again(ms ?? retryAfterMs(attempts));
      const retryMs = UNCERTAIN_RETRY_MS[uncertain];
      return retryMs === undefined ? over() : [...again(retryMs), pauseChat(db, chatId, paceMs)];
    },
  });
  return meaning === "migrated" ? [...again(0), ...statements] : statements;
}
