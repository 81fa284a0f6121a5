import { setTimeout as sleep } from "node:timers/promises";
import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { type News, newsFor } from "../db/news.ts";
import { markSent, postpone, setAside } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { consequence } from "./consequence.ts";
import { createPace, type Pace, paceOf } from "./pace.ts";
import { createReach, type Reach, type ReachEvent } from "./reach.ts";
import { record } from "./record.ts";
import { createStock, type Parcel } from "./stock.ts";
import type { OutgoingMessage, Telegram } from "./telegram.ts";
import { describe, type Refusal, readRefusal } from "./verdict.ts";

export type SenderReport = {
  outcome: "sent" | "skipped" | "parked" | Refusal["kind"];
  chatId: number;
  rows: number;
  error?: string;
  /** How long the oldest of the rows had been owed when it was claimed. */
  ageMs: number;
};

export type SenderOptions = {
  orm: (query: string) => Orm;
  /** Its calls end within a sixth of `staleMs`. */
  telegram: Telegram;
  /** Undefined when there is nothing to tell. */
  render: (news: News) => OutgoingMessage | undefined;
  messagesPerSecond: number;
  /** The age at which the lock counts as abandoned. */
  staleMs: number;
  bell: Bell;
  report: (report: SenderReport) => void;
  /** Told when sending stops because Telegram does not answer or the token is revoked, and when it goes on. */
  reached: (event: ReachEvent) => void;
  failed: (error: unknown) => void;
};

/** Sends in flight at most, which is what a crash can double: enough for the full rate at 300 ms a send. */
const inFlight = (messagesPerSecond: number) => Math.max(10, Math.ceil(messagesPerSecond * 0.3));
/** Items of a check that a notification may show. */
const ITEMS_READ = 10;
const UNREADABLE_RETRY_MS = 5_000;

/**
 * Takes what is owed from the outbox to Telegram until the leader's signal aborts; then finishes what is in flight,
 * and gives the rest back. A message is sent at least once: an outcome that was not recorded is a message sent again.
 */
export async function runSender(options: SenderOptions, leader: Leader): Promise<void> {
  const { telegram, messagesPerSecond, staleMs, bell, reached, failed } = options;
  const { signal } = leader;
  const pace = createPace(messagesPerSecond);
  const reach = createReach({ probe: telegram.probe, tell: reached });
  const stock = createStock(options, leader);
  const most = inFlight(messagesPerSecond);
  const flying = new Set<Promise<void>>();
  // Another instance might send it too: not without trust, and not when the claim has grown old.
  const mayBeSent = ({ claimedAt }: Parcel) =>
    !reach.isLost() && !signal.aborted && leader.trusted() && performance.now() - claimedAt < staleMs / 3;

  while (!signal.aborted) {
    if (reach.isLost() || pace.pausedMs() > 0) {
      await stock.giveAllBack();
      if (reach.isLost()) await reach.regain(signal);
      else await sleep(pace.pausedMs(), undefined, { signal }).catch(() => undefined);
      continue;
    }
    const parcel = await stock.next();
    if (parcel === undefined) continue;
    const letter = await compose(options, leader, parcel);
    if (letter === undefined) {
      stock.done(parcel);
      continue;
    }
    while (flying.size >= (reach.isCold() ? 1 : most)) await Promise.race(flying);
    const hasTurn = await pace.turn(signal);
    if (!hasTurn || !mayBeSent(parcel)) {
      await stock.putBack(parcel);
      continue;
    }
    const flight = deliver(options, leader, { pace, reach }, letter)
      .catch(failed)
      .finally(() => {
        flying.delete(flight);
        stock.done(parcel);
        bell.ring();
      });
    flying.add(flight);
  }
  await stock.giveAllBack();
  await Promise.all(flying);
}

/** A parcel and what it says. */
type Letter = { parcel: Parcel; news: News; message: OutgoingMessage };

/** Renders what a parcel says; records it and gives undefined when there is nothing to send. */
async function compose(options: SenderOptions, leader: Leader, parcel: Parcel): Promise<Letter | undefined> {
  const { orm, render, report, failed } = options;
  const { epoch } = leader.term;
  const { ids, rows, chatId, streamerId, head } = parcel;
  const checkNumbers = rows.map(({ checkNumber }) => checkNumber);
  const write = (build: (db: Orm) => Statement[]) => record(leader, "loop_record_send", build, failed);
  const setAsideAs = async (state: "skipped" | "parked", error: string) => {
    await write((db) => [setAside(db, epoch, { ids, state, error })]);
    report({ outcome: state, chatId, rows: ids.length, error, ageMs: head.ageMs });
    return undefined;
  };

  let news: News | undefined;
  try {
    news = await newsFor(orm("loop_news"), { chatId, streamerId, checkNumbers }, ITEMS_READ);
  } catch (error) {
    failed(error);
    const again = { ids, delayMs: UNREADABLE_RETRY_MS, error: "the news cannot be read" };
    await write((db) => [postpone(db, epoch, again, { noAttempt: true })]);
    return undefined;
  }
  // The word that Undo looks for.
  if (news === undefined) return await setAsideAs("skipped", "untracked");
  try {
    const message = render(news);
    return message === undefined ? await setAsideAs("skipped", "nothing to tell") : { parcel, news, message };
  } catch (error) {
    failed(error);
    return await setAsideAs("parked", `cannot be written: ${describe(error)}`);
  }
}

/** Sends a message, and records what became of it. */
async function deliver(
  { telegram, report, failed }: SenderOptions,
  leader: Leader,
  { pace, reach }: { pace: Pace; reach: Reach },
  { parcel, news, message }: Letter,
): Promise<void> {
  const { chatId, threadId, head, ids } = parcel;
  const { epoch } = leader.term;
  const paceMs = paceOf(news.chatType);
  const told = { chatId, rows: ids.length, ageMs: head.ageMs };
  const write = (build: (db: Orm) => Statement[]) => record(leader, "loop_record_send", build, failed);
  const sending = telegram.send(chatId, head.plain ? 0 : threadId, message, head.plain);
  const answer = await sending.then(
    (messageId) => ({ messageId }),
    (error: unknown) => ({ refusal: readRefusal(error), error: describe(error) }),
  );

  if ("messageId" in answer) {
    reach.heard("sent");
    await write((db) => markSent(db, epoch, { ids, chatId, messageId: answer.messageId, paceMs }));
    report({ outcome: "sent", ...told });
    return;
  }
  const { refusal, error } = answer;
  reach.heard(refusal.kind, error);
  if (refusal.kind === "wait") pace.refused(chatId, refusal.ms);
  const { suspectMs } = news;
  const { end, statements } = consequence(refusal, { ids, chatId, epoch, head, paceMs, suspectMs, error });
  await write(statements);
  report({ outcome: end ?? refusal.kind, error, ...told });
}
