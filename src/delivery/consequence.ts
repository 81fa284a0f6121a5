import type { Orm } from "../db/client.ts";
import { type Claimed, pauseChat, postpone, setAside, suspectChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import type { Refusal } from "./verdict.ts";

/** A send that Telegram did not accept. `suspectMs`: for how long the chat has been refusing like this already. */
export type Sending = {
  ids: number[];
  chatId: number;
  epoch: number;
  head: Claimed;
  suspectMs?: number | undefined;
  error: string;
};

export type Consequence = {
  /** Where the message ends, when this was its last attempt. */
  state?: "parked";
  statements: (orm: Orm) => Statement[];
  /** Nothing at all goes out for so long. */
  pauseAllMs?: number;
};

/** Sends whose outcome stays unknown may each have arrived: this bounds the copies of one message. */
const MAX_UNCERTAIN = 3;
const UNCERTAIN_RETRY_MS = [10_000, 120_000];
const DAY_MS = 24 * 3_600_000;
/** A chat where the bot may not write is asked once a day, for a week. */
const SUSPENDED_FOR_MS = 7 * DAY_MS;
const MAX_RETRY_MS = 15 * 60_000;

/** What each answer of Telegram changes: the one place where it is decided. */
export function consequence(refusal: Refusal, sending: Sending): Consequence {
  const { ids, chatId, epoch, head, suspectMs, error } = sending;
  const again = (delayMs: number, change?: Parameters<typeof postpone>[3]) => (orm: Orm) =>
    postpone(orm, epoch, { ids, delayMs: Math.round(delayMs), error }, change);
  const park = {
    state: "parked" as const,
    statements: (orm: Orm) => [setAside(orm, epoch, { ids, state: "parked", error })],
  };
  const backoffMs = Math.min(1_000 * 2 ** Math.min(head.attempts - 1, 20), MAX_RETRY_MS) * (0.5 + Math.random() / 2);

  switch (refusal.kind) {
    case "wait": {
      const delayMs = refusal.ms + Math.round(Math.random() * 250);
      return { statements: (orm) => [again(0, { noAttempt: true })(orm), pauseChat(orm, chatId, delayMs)] };
    }
    case "retry":
      return { statements: (orm) => [again(backoffMs)(orm)], pauseAllMs: 1_000 };
    case "gateway":
      return { statements: (orm) => [again(backoffMs)(orm)] };
    case "unknown":
    case "gone":
    case "unchanged": {
      const retryMs = UNCERTAIN_RETRY_MS[head.uncertain];
      if (retryMs === undefined || head.uncertain + 1 >= MAX_UNCERTAIN) return park;
      return { statements: (orm) => [again(retryMs, { uncertain: true })(orm)] };
    }
    case "closed":
      return { statements: (orm) => closeChat(orm, chatId, error) };
    case "suspect": {
      // One odd refusal proves nothing; a day of them does.
      if (suspectMs !== undefined && suspectMs >= DAY_MS) return { statements: (orm) => closeChat(orm, chatId, error) };
      const pauseMs = Math.min(5 * 60_000 * 4 ** Math.min(head.attempts - 1, 10), DAY_MS);
      return { statements: (orm) => [suspectChat(orm, chatId), again(0)(orm), pauseChat(orm, chatId, pauseMs)] };
    }
    case "migrated":
      return { statements: (orm) => [again(0, { noAttempt: true })(orm), ...migrateChat(orm, chatId, refusal.to)] };
    case "suspended":
      if (head.ageMs > SUSPENDED_FOR_MS) return park;
      return { statements: (orm) => [again(0)(orm), pauseChat(orm, chatId, DAY_MS)] };
    case "refused":
      return head.plain ? park : { statements: (orm) => [again(0, { plain: true, noAttempt: true })(orm)] };
    case "revoked":
      return { statements: (orm) => [again(0, { noAttempt: true })(orm)], pauseAllMs: 60_000 };
  }
}
