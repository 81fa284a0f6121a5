import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { type LookupMessage, markLookupsShown, postponeLookupAnswer, staleLookupMessages } from "../db/lookups.ts";
import type { Statement } from "../db/sql.ts";
import { readAnswer } from "./answers.ts";
import { record } from "./record.ts";
import { inRounds } from "./rounds.ts";
import { afterRefusal, retryAfterMs } from "./unchanged.ts";

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

/**
 * Turns "looking…" messages into their answers until the leader's signal aborts. An answer that was shown but not
 * recorded is shown again: for a message that is edited this changes nothing.
 */
export async function runLookupAnswers(options: LookupAnswersOptions, leader: Leader): Promise<void> {
  const { orm, bell, failed } = options;
  const uncertain = new Map<number, number>();
  await inRounds(
    {
      find: () => staleLookupMessages(orm("loop_lookup_answers"), AT_ONCE),
      act: (message) => show(options, leader, message, uncertain),
      rest: () => bell.wait(POLL_MS, leader.signal),
      failed,
    },
    leader,
  );
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
    const answer = readAnswer(error);
    const times = uncertain.get(chatId) ?? 0;
    if (answer.meaning === "unknown") uncertain.set(chatId, times + 1);
    else uncertain.delete(chatId);
    options.report({ chatId, outcome: answer.meaning, error: answer.text });
    const retryMs = retryAfterMs(answer.meaning === "unknown" ? times : 0);
    await write((orm) =>
      afterRefusal(orm, chatId, answer, {
        // It cannot be told; what is still looked for goes on.
        over: () => markLookupsShown(orm, message, message.messageId),
        later: (ms = retryMs) => postponeLookupAnswer(orm, message, ms),
      }),
    );
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
      const { meaning } = readAnswer(error);
      if (meaning === "unchanged" && messageId !== undefined) return messageId;
      const mayWorkElsewhere = meaning === "refused" || meaning === "topic_closed";
      if (n === ways.length - 1 || !mayWorkElsewhere) throw error;
    }
  }
  return undefined;
}
