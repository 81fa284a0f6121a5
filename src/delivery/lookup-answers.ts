import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { type LookupMessage, markLookupsShown, postponeLookupAnswer, staleLookupMessages } from "../db/lookups.ts";
import { pauseChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { closeChat, migrateChat } from "../db/users.ts";
import { record } from "./record.ts";
import { describe, type Refusal, readRefusal } from "./verdict.ts";

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
/** An answer whose sending stays unknown may have arrived each time, so it comes ever more rarely: 3 s, 6 s … 15 min. */
const MAX_RETRY_MS = 15 * 60_000;

/**
 * Turns "looking…" messages into their answers until the leader's signal aborts. An answer that was shown but not
 * recorded is shown again: for a message that is edited this changes nothing.
 */
export async function runLookupAnswers(options: LookupAnswersOptions, leader: Leader): Promise<void> {
  const { orm, bell, failed } = options;
  const uncertain = new Map<number, number>();
  while (!leader.signal.aborted) {
    let shown = 0;
    try {
      const messages = await staleLookupMessages(orm("loop_lookup_answers"), AT_ONCE);
      const ends = await Promise.all(messages.map((message) => show(options, leader, message, uncertain)));
      shown = ends.filter((isShown) => isShown).length;
    } catch (error) {
      failed(error);
    }
    // While Telegram takes nothing, the next attempt can wait.
    if (shown === 0) await bell.wait(POLL_MS, leader.signal);
  }
}

/** Gives whether Telegram took the answer. `uncertain` counts, by chat, the answers in a row that may have arrived. */
async function show(
  options: LookupAnswersOptions,
  leader: Leader,
  message: LookupMessage,
  uncertain: Map<number, number>,
): Promise<boolean> {
  const { chatId } = message;
  const write = (build: (orm: Orm) => Statement[]) => record(leader, "loop_record_answer", build, options.failed);
  try {
    const shownIn = await tell(options, leader, message);
    if (shownIn === undefined) return false;
    uncertain.delete(chatId);
    options.report({ chatId, outcome: "shown" });
    await write((orm) => markLookupsShown(orm, message, shownIn));
    return true;
  } catch (error) {
    const refusal = readRefusal(error);
    const times = uncertain.get(chatId) ?? 0;
    if (refusal.kind === "unknown") uncertain.set(chatId, times + 1);
    else uncertain.delete(chatId);
    options.report({ chatId, outcome: refusal.kind, error: describe(error) });
    const retryMs = refusal.kind === "unknown" ? Math.min(RETRY_MS * 2 ** times, MAX_RETRY_MS) : RETRY_MS;
    await write((orm) => afterRefusal(orm, message, refusal, retryMs));
    return false;
  }
}

/**
 * Changes the message; when it is gone, or cannot be changed, writes a new one, and when its topic takes none, outside of
 * it. Gives the id of the message that tells it now; undefined when another instance might do the same already.
 */
async function tell(
  { edit, send, render }: LookupAnswersOptions,
  leader: Leader,
  message: LookupMessage,
): Promise<number | undefined> {
  const { chatId, threadId, messageId } = message;
  const html = render(message);
  const ways: (() => Promise<number>)[] = [() => send(chatId, threadId, html)];
  if (messageId !== undefined) ways.unshift(() => edit(chatId, messageId, html).then(() => messageId));
  if (threadId !== 0) ways.push(() => send(chatId, 0, html));
  for (const [n, way] of ways.entries()) {
    if (!leader.trusted()) return undefined;
    try {
      return await way();
    } catch (error) {
      const { kind } = readRefusal(error);
      if (kind === "unchanged" && messageId !== undefined) return messageId;
      const mayWorkElsewhere = kind === "gone" || kind === "refused" || kind === "topic_closed";
      if (n === ways.length - 1 || !mayWorkElsewhere) throw error;
    }
  }
  return undefined;
}

function afterRefusal(orm: Orm, message: LookupMessage, refusal: Refusal, retryMs: number): Statement[] {
  const { chatId } = message;
  switch (refusal.kind) {
    case "closed":
      return closeChat(orm, chatId, "the chat is closed");
    case "migrated":
      return migrateChat(orm, chatId, refusal.to);
    case "refused":
    case "suspended":
    case "suspect":
    case "topic_closed":
    case "gone":
    case "unchanged":
      // It cannot be told; what is still looked for goes on.
      return markLookupsShown(orm, message, message.messageId);
    case "wait":
      return [...postponeLookupAnswer(orm, message, refusal.ms), pauseChat(orm, chatId, refusal.ms)];
    case "retry":
    case "gateway":
    case "unknown":
    case "revoked":
      return postponeLookupAnswer(orm, message, retryMs);
  }
}
