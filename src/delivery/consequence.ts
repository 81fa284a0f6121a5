import type { Claim, Claimed } from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import { type Lesson, pauseChat, postpone, setAside, suspectChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import type { Answer } from "./answers.ts";

/** A send that Telegram did not accept. */
export type Sending = {
  ids: number[];
  chatId: number;
  claim: Claim;
  /** The first of the rows. */
  head: Claimed;
  /** How long the chat must rest after a message that arrived. */
  paceMs: number;
  /** For how long the chat has been refusing in a way that may pass; absent when this is the first time. */
  suspectMs?: number | undefined;
  answer: Answer;
};

export type Consequence = {
  /** Where the message ends, when this was its last attempt: given up, or with its chat. */
  end?: "parked" | "closed";
  statements: (orm: Orm) => Statement[];
};

/** What an answer changes. The table in answers.ts tells which answer makes which change. */
export type Change = (sending: Sending) => Consequence;

/** Sends whose outcome stays unknown may each have arrived: one message is sent three times at most. */
export const UNCERTAIN_RETRY_MS = [10_000, 120_000];
const DAY_MS = 24 * 3_600_000;
/** What is refused for a reason that may pass is tried for a week. */
const EXPIRE_MS = 7 * DAY_MS;
const BACKOFF_MS = { first: 1_000, most: 15 * 60_000 };
const SUSPECT_RETRY_MS = 5 * 60_000;
/** So that chats that were told to wait for equally long do not come back all at once. */
const JITTER_MS = 250;

/** The chat rests for as long as Telegram says, which is no attempt. */
export const rest: Change = (sending) => {
  const delayMs = sending.answer.waitMs + Math.round(Math.random() * JITTER_MS);
  return {
    statements: (orm) => [again(orm, sending, 0, { noAttempt: true }), pauseChat(orm, sending.chatId, delayMs)],
  };
};

/** Later and later, for as long as it takes. */
export const tryAgain: Change = (sending) => ({ statements: (orm) => [again(orm, sending, backoffMs(sending))] });

export const tryForAWeek: Change = (sending) => ({
  ...expired(sending),
  statements: (orm) => [again(orm, sending, backoffMs(sending), { expireMs: EXPIRE_MS })],
});

/** It may have arrived, so the chat keeps its pace. */
export const tryThrice: Change = (sending) => {
  const { chatId, head, paceMs } = sending;
  const retryMs = UNCERTAIN_RETRY_MS[head.uncertain];
  if (retryMs === undefined) return park(sending);
  return { statements: (orm) => [again(orm, sending, retryMs, { uncertain: true }), pauseChat(orm, chatId, paceMs)] };
};

/** Its trackings stay. */
export const closeTheChat: Change = ({ chatId, answer }) => ({
  end: "closed",
  statements: (orm) => closeChat(orm, chatId, answer.text),
});

/** One odd refusal proves nothing; the second a day later does. */
export const doubt: Change = (sending) => {
  const { chatId, head, suspectMs } = sending;
  if (suspectMs !== undefined && suspectMs >= DAY_MS) return closeTheChat(sending);
  const pauseMs = Math.min(SUSPECT_RETRY_MS * 4 ** Math.min(head.attempts - 1, 10), DAY_MS);
  return {
    statements: (orm) => [suspectChat(orm, chatId), again(orm, sending, 0), pauseChat(orm, chatId, pauseMs)],
  };
};

/** Everything moves to the chat's new id, and the message goes there at once. */
export const followTheChat: Change = (sending) => {
  const { chatId, answer } = sending;
  const { movedTo } = answer;
  if (movedTo === undefined) return park(sending);
  return { statements: (orm) => [again(orm, sending, 0, { noAttempt: true }), ...migrateChat(orm, chatId, movedTo)] };
};

/**
 * The chat rests for a day, and is asked for a week. Where even an old message was refused the next is asked about at
 * once, or a long queue would take years to end.
 */
export const askDaily: Change = (sending) => {
  const end = expired(sending);
  if (end.end) return { ...end, statements: (orm) => [again(orm, sending, 0, { expireMs: EXPIRE_MS })] };
  return { statements: (orm) => [again(orm, sending, 0), pauseChat(orm, sending.chatId, DAY_MS)] };
};

/** It goes outside of its topic at once; where it cannot go either, it is tried daily for a week. */
export const leaveTheTopic: Change = (sending) =>
  sending.head.besideTopic
    ? { ...expired(sending), statements: (orm) => [again(orm, sending, DAY_MS, { expireMs: EXPIRE_MS })] }
    : { statements: (orm) => [again(orm, sending, 0, { besideTopic: true, noAttempt: true })] };

/** What was refused as it was goes at once as plain text, outside of its topic; when that is refused too, it is parked. */
export const goPlain: Change = (sending) =>
  sending.head.plain
    ? park(sending)
    : { statements: (orm) => [again(orm, sending, 0, { plain: true, noAttempt: true })] };

/** It was no attempt. Nothing more is sent until somebody has asked whether it makes sense: see reach.ts. */
export const askOnce: Change = (sending) => ({ statements: (orm) => [again(orm, sending, 0, { noAttempt: true })] });

function again(orm: Orm, { ids, claim, answer }: Sending, delayMs: number, lesson?: Lesson): Statement {
  return postpone(orm, claim, { ids, delayMs: Math.round(delayMs), error: answer.text }, lesson);
}

function park({ ids, claim, answer }: Sending): Consequence {
  return {
    end: "parked",
    statements: (orm) => [setAside(orm, claim, { ids, state: "parked", error: answer.text })],
  };
}

function expired({ head }: Sending): { end?: "parked" } {
  return head.ageMs > EXPIRE_MS ? { end: "parked" } : {};
}

/** Doubles with each attempt, with jitter. */
function backoffMs({ head }: Sending): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.min(head.attempts - 1, 20), BACKOFF_MS.most) * (0.5 + Math.random() / 2);
}
