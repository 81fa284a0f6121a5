import type { Orm } from "../db/client.ts";
import { pauseChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import type { Answer } from "./answers.ts";

const RETRY_MS = 3_000;
const MAX_RETRY_MS = 15 * 60_000;

/** When to try again what may have taken effect `times` times already: ever more rarely, 3 s, 6 s … 15 min. */
export const retryAfterMs = (times: number) => Math.min(RETRY_MS * 2 ** times, MAX_RETRY_MS);

/** What becomes of a message that Telegram did not change. */
export type Unchanged = {
  /** It never will. */
  over: () => Statement[];
  /** It may, after `ms`; absent: after the usual time. */
  later: (ms?: number) => Statement[];
};

/** What an answer to a change of a message, or to a new one in its place, leads to. */
export function afterRefusal(orm: Orm, chatId: number, answer: Answer, { over, later }: Unchanged): Statement[] {
  const { meaning, movedTo, waitMs } = answer;
  switch (meaning) {
    case "closed":
      return closeChat(orm, chatId, "the chat is closed");
    case "migrated":
      return movedTo === undefined ? over() : migrateChat(orm, chatId, movedTo);
    case "refused":
    case "suspended":
    case "suspect":
    case "topic_closed":
    case "unchanged":
      return over();
    case "wait":
      return [...later(waitMs), pauseChat(orm, chatId, waitMs)];
    case "retry":
    case "gateway":
    case "unknown":
    case "revoked":
      return later();
  }
}
