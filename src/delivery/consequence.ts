import type { Claimed } from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import { type Lesson, pauseChat, postpone, setAside, suspectChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import type { Refusal } from "./verdict.ts";

/** A send that Telegram did not accept. */
export type Sending = {
  ids: number[];
  chatId: number;
  epoch: number;
  /** The first of the rows. */
  head: Claimed;
  /** How long the chat must rest after a message that arrived. */
  paceMs: number;
  /** For how long the chat has been refusing in a way that may pass; absent when this is the first time. */
  suspectMs?: number | undefined;
  error: string;
};

export type Consequence = {
  /** Where the message ends, when this was its last attempt: given up, or with its chat. */
  end?: "parked" | "closed";
  statements: (orm: Orm) => Statement[];
};

/** Sends whose outcome stays unknown may each have arrived: one message is sent three times at most. */
const UNCERTAIN_RETRY_MS = [10_000, 120_000];
const DAY_MS = 24 * 3_600_000;
/** What is refused for a reason that may pass is tried for a week. */
const EXPIRE_MS = 7 * DAY_MS;
const BACKOFF_MS = { first: 1_000, most: 15 * 60_000 };
const SUSPECT_RETRY_MS = 5 * 60_000;
/** So that chats that were told to wait for equally long do not come back all at once. */
const JITTER_MS = 250;

/** What each answer of Telegram changes: the one place where it is decided. */
export function consequence(refusal: Refusal, sending: Sending): Consequence {
  const { ids, chatId, epoch, head, paceMs, suspectMs, error } = sending;
  const again = (orm: Orm, delayMs: number, lesson?: Lesson) =>
    postpone(orm, epoch, { ids, delayMs: Math.round(delayMs), error }, lesson);
  const park: Consequence = {
    end: "parked",
    statements: (orm) => [setAside(orm, epoch, { ids, state: "parked", error })],
  };
  const close: Consequence = { end: "closed", statements: (orm) => closeChat(orm, chatId, error) };
  const expires = head.ageMs > EXPIRE_MS ? { end: "parked" as const } : {};

  switch (refusal.kind) {
    case "wait": {
      const delayMs = refusal.ms + Math.round(Math.random() * JITTER_MS);
      return { statements: (orm) => [again(orm, 0, { noAttempt: true }), pauseChat(orm, chatId, delayMs)] };
    }
    case "retry":
      return { statements: (orm) => [again(orm, backoffMs(head.attempts))] };
    case "gateway":
      return { ...expires, statements: (orm) => [again(orm, backoffMs(head.attempts), { expireMs: EXPIRE_MS })] };
    case "unknown": {
      const retryMs = UNCERTAIN_RETRY_MS[head.uncertain];
      if (retryMs === undefined) return park;
      return { statements: (orm) => [again(orm, retryMs, { uncertain: true }), pauseChat(orm, chatId, paceMs)] };
    }
    case "closed":
      return close;
    case "suspect": {
      // One odd refusal proves nothing; the second a day later does.
      if (suspectMs !== undefined && suspectMs >= DAY_MS) return close;
      const pauseMs = Math.min(SUSPECT_RETRY_MS * 4 ** Math.min(head.attempts - 1, 10), DAY_MS);
      return { statements: (orm) => [suspectChat(orm, chatId), again(orm, 0), pauseChat(orm, chatId, pauseMs)] };
    }
    case "migrated":
      return { statements: (orm) => [again(orm, 0, { noAttempt: true }), ...migrateChat(orm, chatId, refusal.to)] };
    case "suspended":
      // Where even an old message was refused the next is asked about at once, or a long queue would take years to end.
      if (expires.end) return { ...expires, statements: (orm) => [again(orm, 0, { expireMs: EXPIRE_MS })] };
      return { statements: (orm) => [again(orm, 0), pauseChat(orm, chatId, DAY_MS)] };
    case "topic_closed":
      return { ...expires, statements: (orm) => [again(orm, DAY_MS, { expireMs: EXPIRE_MS })] };
    case "refused":
    case "gone":
    case "unchanged":
      return head.plain ? park : { statements: (orm) => [again(orm, 0, { plain: true, noAttempt: true })] };
    case "revoked":
      return { statements: (orm) => [again(orm, 0, { noAttempt: true })] };
  }
}

/** Doubles with each attempt, with jitter. */
function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.min(attempts - 1, 20), BACKOFF_MS.most) * (0.5 + Math.random() / 2);
}
