import { setTimeout as sleep } from "node:timers/promises";
import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Claimed } from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import { postpone, setAside } from "../db/outbox.ts";
import { type Meaning, readAnswer } from "./answers.ts";
import { type Render, readParts, seenIn } from "./compose.ts";
import { type Aside, type Letter, type Opened, writeLetter } from "./letter.ts";
import { type Outcome, recordOutcomes } from "./outcome.ts";
import { type Pace, type Passage, paceOf } from "./pace.ts";
import { createReach, type Reach, type ReachEvent } from "./reach.ts";
import { createRecorder } from "./record.ts";
import { createStock, type Parcel } from "./stock.ts";
import type { Telegram } from "./telegram.ts";

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
  /** False when the term was over before the outcome could be written: another instance does it all again. */
  isRecorded: boolean;
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
/** News is read together for what goes within so long, which is how old it may be, and for so many messages at most. */
const READ_AHEAD = { ms: 100, most: 20 };
const UNREADABLE_RETRY_MS = 5_000;

/**
 * Takes what is owed from the outbox to Telegram until the leader's signal aborts; then finishes what is in flight,
 * and gives the rest back. A message is sent at least once: an outcome that was not recorded is a message sent again.
 */
export async function runSender(options: SenderOptions, leader: Leader): Promise<void> {
  const { orm, telegram, pace, staleMs, bell, report, reached, failed } = options;
  const { signal } = leader;
  const reach = createReach({ probe: telegram.probe, tell: reached });
  const { messagesPerSecond } = pace;
  const stock = createStock({ ...options, messagesPerSecond }, leader);
  const write = createRecorder(leader, "loop_record_send", recordOutcomes, failed);
  const flying = new Set<Promise<void>>();
  const most = () => (reach.isCold() ? 1 : inFlight(messagesPerSecond));
  const readAhead = Math.min(Math.ceil((messagesPerSecond * READ_AHEAD.ms) / 1000), READ_AHEAD.most);
  const opened: Opened[] = [];
  // Another instance might send it too: not without trust, and not when the claim has grown old.
  const mayBeSent = ({ claimedAt }: Parcel) =>
    !reach.isLost() && !signal.aborted && leader.trusted() && performance.now() - claimedAt < staleMs / 3;

  async function next(): Promise<Opened | undefined> {
    if (opened.length === 0) opened.push(...(await open(await stock.next(Math.min(most() - flying.size, readAhead)))));
    return opened.shift();
  }

  /** Reads the news of parcels. When it cannot be read each is read by itself: one that cannot be holds up no other. */
  async function open(parcels: Parcel[]): Promise<Opened[]> {
    try {
      const parts = parcels.length === 0 ? [] : await readParts(orm("loop_news"), parcels);
      return parcels.map((parcel, n) => ({ parcel, parts: parts[n] ?? [] }));
    } catch (error) {
      if (parcels.length > 1) return (await Promise.all(parcels.map((parcel) => open([parcel])))).flat();
      failed(error);
      for (const parcel of parcels) {
        const again = { ids: parcel.ids, delayMs: UNREADABLE_RETRY_MS, error: "the news cannot be read" };
        await write((db) => [postpone(db, parcel.claim, again, { noAttempt: true })]);
        stock.done(parcel);
      }
      return [];
    }
  }

  async function setRowsAside({ chatId, claim, held }: Parcel, { rows, state, error }: Aside): Promise<void> {
    const ids = rows.map(({ id }) => id);
    const isRecorded = await write((db) => [setAside(db, claim, { ids, state, error })]);
    const ageMs = Math.max(...rows.map(({ ageMs }) => ageMs));
    const told = { chatId, streamerId: streamerOf(rows), rows: ids.length, error, ageMs, held };
    report({ outcome: state, ...told, isRecorded });
  }

  function launch(parcel: Parcel, work: Promise<unknown>): void {
    const flight = work
      .then(() => undefined, failed)
      .finally(() => {
        flying.delete(flight);
        stock.done(parcel);
        bell.ring();
      });
    flying.add(flight);
  }

  async function giveAllBack(): Promise<void> {
    await stock.putBack(opened.splice(0).map(({ parcel }) => parcel));
    await stock.giveAllBack();
  }

  while (!signal.aborted) {
    if (reach.isLost() || pace.pausedMs() > 0) {
      await giveAllBack();
      if (reach.isLost()) await reach.regain(signal);
      else await sleep(pace.pausedMs(), undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (flying.size >= most()) {
      await Promise.race(flying);
      continue;
    }
    const found = await next();
    if (found === undefined) continue;
    const { parcel } = found;
    const { letter, aside } = writeLetter(options, found);
    const settingAside = Promise.all(aside.map((rows) => setRowsAside(parcel, rows)));
    if (letter === undefined) {
      launch(parcel, settingAside);
      continue;
    }
    await settingAside;
    const passage = await pace.turn(signal);
    if (passage === undefined || !mayBeSent(parcel)) await stock.putBack([letter.parcel]);
    else launch(parcel, deliver({ ...options, write }, reach, letter, passage));
  }
  await giveAllBack();
  await Promise.all(flying);
}

type DeliverOptions = Pick<SenderOptions, "telegram" | "pace" | "report"> & {
  write: (outcome: Outcome) => Promise<boolean>;
};

/** Sends a message, and records what became of it. */
async function deliver(
  { telegram, pace, report, write }: DeliverOptions,
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
    const isRecorded = await write({ claim, sent: { ids, chatId, messageId, paceMs, seen: seenIn(news) } });
    report({ outcome: "sent", messageId, ...told(seconds), isRecorded });
    return;
  }
  const { meaning, text: error, change, waitMs } = answer;
  reach.heard(meaning, error, head.uncertain > 0);
  if (meaning === "wait") pace.refused(chatId, waitMs);
  const { end, statements } = change({ ids, chatId, claim, head, paceMs, suspectMs, answer });
  const isRecorded = await write(statements);
  report({ outcome: end ?? meaning, error, ...told(seconds), isRecorded });
}

/** Whom rows are about; undefined when several. */
function streamerOf([first, ...others]: Claimed[]): number | undefined {
  return others.every(({ streamerId }) => streamerId === first?.streamerId) ? first?.streamerId : undefined;
}
