import { setTimeout as sleep } from "node:timers/promises";
import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Claimed } from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import type { News } from "../db/news.ts";
import { markSent, postpone, setAside } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { describe, type Meaning, readAnswer } from "./answers.ts";
import { type Part, type Render, readParts, seenIn, whyNothing, writeMessage } from "./compose.ts";
import { type Pace, type Passage, paceOf } from "./pace.ts";
import { createReach, type Reach, type ReachEvent } from "./reach.ts";
import { record } from "./record.ts";
import { createStock, type Parcel } from "./stock.ts";
import type { OutgoingMessage, Telegram } from "./telegram.ts";

export type SenderReport = {
  outcome: "sent" | "skipped" | "parked" | Meaning;
  chatId: number;
  /** Whom it is about; absent when several. */
  streamerId: number | undefined;
  /** What Telegram calls the message that it took. */
  messageId?: number;
  rows: number;
  error?: string;
  /** How long the oldest of the rows has been owed. */
  ageMs: number;
  /** How long Telegram took to answer; absent when it was not asked. */
  seconds?: number;
  /** The chat wanted it later than it was found. */
  held: boolean;
};

export type SenderOptions = Render & {
  orm: (query: string) => Orm;
  /** Its calls end within a sixth of `staleMs`. */
  telegram: Telegram;
  /** Its turns are the sender's alone. */
  pace: Pace;
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
const UNREADABLE_RETRY_MS = 5_000;

/**
 * Takes what is owed from the outbox to Telegram until the leader's signal aborts; then finishes what is in flight,
 * and gives the rest back. A message is sent at least once: an outcome that was not recorded is a message sent again.
 */
export async function runSender(options: SenderOptions, leader: Leader): Promise<void> {
  const { telegram, pace, staleMs, bell, reached, failed } = options;
  const { signal } = leader;
  const reach = createReach({ probe: telegram.probe, tell: reached });
  const { messagesPerSecond } = pace;
  const stock = createStock({ ...options, messagesPerSecond }, leader);
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
    const passage = await pace.turn(signal);
    if (passage === undefined || !mayBeSent(parcel)) {
      await stock.putBack(letter.parcel);
      continue;
    }
    const flight = deliver(options, leader, reach, letter, passage)
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

/** A parcel, the news in it, and what it says. */
type Letter = { parcel: Parcel; news: [News, ...News[]]; message: OutgoingMessage };

/**
 * Writes what a parcel says. The rows with nothing to tell are set aside; undefined when none is left, or when the news
 * cannot be read or written, which is recorded too.
 */
async function compose(options: SenderOptions, leader: Leader, parcel: Parcel): Promise<Letter | undefined> {
  const { orm, report, failed } = options;
  const { chatId, claim } = parcel;
  const write = (build: (db: Orm) => Statement[]) => record(leader, "loop_record_send", build, failed);
  const setAsideAs = async (rows: Claimed[], state: "skipped" | "parked", error: string) => {
    const ids = rows.map(({ id }) => id);
    await write((db) => [setAside(db, claim, { ids, state, error })]);
    const oldestMs = Math.max(...rows.map(({ ageMs }) => ageMs));
    const streamerId = streamerOf(rows);
    report({ outcome: state, chatId, streamerId, rows: ids.length, error, ageMs: oldestMs, held: parcel.held });
    return undefined;
  };

  let parts: Part<Claimed>[];
  try {
    parts = await readParts(orm("loop_news"), chatId, parcel.rows);
  } catch (error) {
    failed(error);
    const again = { ids: parcel.ids, delayMs: UNREADABLE_RETRY_MS, error: "the news cannot be read" };
    await write((db) => [postpone(db, claim, again, { noAttempt: true })]);
    return undefined;
  }
  const told = new Set<Claimed>();
  const news: News[] = [];
  for (const part of parts) {
    const reason = whyNothing(part.news);
    if (part.news === undefined || reason !== undefined) await setAsideAs(part.rows, "skipped", reason ?? "untracked");
    else {
      news.push(part.news);
      for (const row of part.rows) told.add(row);
    }
  }
  const rows = parcel.rows.filter((row) => told.has(row));
  const [[head], [first, ...others]] = [rows, news];
  if (head === undefined || first === undefined) return undefined;
  try {
    const message = writeMessage(options, news);
    if (message === undefined) return await setAsideAs(rows, "skipped", "nothing to tell");
    return { parcel: { ...parcel, rows, head, ids: rows.map(({ id }) => id) }, news: [first, ...others], message };
  } catch (error) {
    failed(error);
    return await setAsideAs(rows, "parked", `cannot be written: ${describe(error)}`);
  }
}

/** Sends a message, and records what became of it. */
async function deliver(
  { telegram, pace, report, failed }: SenderOptions,
  leader: Leader,
  reach: Reach,
  { parcel, news, message }: Letter,
  passage: Passage,
): Promise<void> {
  const { chatId, threadId, head, ids, silent, held, claim, claimedAt } = parcel;
  const [{ chatType, suspectMs }] = news;
  const paceMs = paceOf(chatType);
  const setOutAt = performance.now();
  const told = (seconds: number) => ({
    ...{ chatId, seconds },
    streamerId: streamerOf(parcel.rows),
    rows: ids.length,
    ageMs: Math.round(head.ageMs + performance.now() - claimedAt),
    held,
  });
  const write = (build: (db: Orm) => Statement[]) => record(leader, "loop_record_send", build, failed);
  const sending = telegram.send(chatId, head.plain || head.besideTopic ? 0 : threadId, message, {
    plain: head.plain,
    silent,
  });
  const answer = await sending.then((messageId) => ({ messageId }), readAnswer);
  const seconds = (performance.now() - setOutAt) / 1000;

  if ("messageId" in answer) {
    reach.heard("sent");
    pace.arrived(passage);
    const { messageId } = answer;
    await write((db) => markSent(db, claim, { ids, chatId, messageId, paceMs, seen: seenIn(news) }));
    report({ outcome: "sent", messageId, ...told(seconds) });
    return;
  }
  const { meaning, text: error, change, waitMs } = answer;
  reach.heard(meaning, error, head.uncertain > 0);
  if (meaning === "wait") pace.refused(chatId, waitMs);
  const { end, statements } = change({ ids, chatId, claim, head, paceMs, suspectMs, answer });
  await write(statements);
  report({ outcome: end ?? meaning, error, ...told(seconds) });
}

function streamerOf([first, ...others]: Claimed[]): number | undefined {
  return others.every(({ streamerId }) => streamerId === first?.streamerId) ? first?.streamerId : undefined;
}
