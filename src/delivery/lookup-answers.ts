import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import {
  detachLookups,
  dropLookups,
  type LookupMessage,
  markLookupsShown,
  postponeLookupAnswer,
  staleLookupMessages,
} from "../db/lookups.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import { describe, readRefusal } from "./verdict.ts";

export type LookupAnswersOptions = {
  orm: (query: string) => Orm;
  /** Changes the message; rejects like a call of the Bot API. */
  edit: (chatId: number, messageId: number, html: string) => Promise<void>;
  /** Writes a new one where there is none to change; gives its id. */
  send: (chatId: number, threadId: number, html: string) => Promise<number>;
  render: (message: LookupMessage) => string;
  bell: Bell;
  report: (answer: { chatId: number; outcome: string; error?: string }) => void;
  failed: (error: unknown) => void;
};

const POLL_MS = 1_000;
const AT_ONCE = 5;
const RETRY_MS = 3_000;

/**
 * Turns "looking…" messages into their answers until the leader's signal aborts. An answer that was shown but not
 * recorded is shown again, which changes nothing.
 */
export async function runLookupAnswers(options: LookupAnswersOptions, leader: Leader): Promise<void> {
  const { orm, bell, failed } = options;
  while (!leader.signal.aborted) {
    let shown = 0;
    try {
      const messages = await staleLookupMessages(orm("loop_lookup_answers"), AT_ONCE);
      shown = messages.length;
      if (leader.trusted()) await Promise.all(messages.map((message) => show(options, leader, message)));
    } catch (error) {
      if (error instanceof LockLost) return;
      failed(error);
      shown = 0;
    }
    if (shown === 0) await bell.wait(POLL_MS, leader.signal);
  }
}

async function show(options: LookupAnswersOptions, leader: Leader, message: LookupMessage): Promise<void> {
  const { edit, send, render, report } = options;
  const { chatId, threadId, messageId } = message;
  let statements: (orm: Orm) => Statement[];
  try {
    const html = render(message);
    const shownIn = messageId ?? (await send(chatId, threadId, html));
    if (messageId !== undefined) await edit(chatId, messageId, html);
    statements = (orm) => markLookupsShown(orm, message, shownIn);
    report({ chatId, outcome: "shown" });
  } catch (error) {
    const refusal = readRefusal(error);
    report({ chatId, outcome: refusal.kind, error: describe(error) });
    statements = (orm) => afterRefusal(orm, refusal);
  }
  await leader.write("loop_record_answer", statements);

  function afterRefusal(orm: Orm, refusal: ReturnType<typeof readRefusal>): Statement[] {
    switch (refusal.kind) {
      case "unchanged":
        return markLookupsShown(orm, message, messageId ?? 0);
      case "gone":
        // Somebody deleted the message: the answer is written anew.
        return detachLookups(orm, message);
      case "closed":
        return closeChat(orm, chatId, "the chat is closed");
      case "migrated":
        return migrateChat(orm, chatId, refusal.to);
      case "refused":
      case "suspended":
      case "suspect":
        return dropLookups(orm, message);
      case "wait":
        return postponeLookupAnswer(orm, message, refusal.ms);
      case "retry":
      case "gateway":
      case "unknown":
      case "revoked":
        return postponeLookupAnswer(orm, message, RETRY_MS);
    }
  }
}
