import { setTimeout as sleep } from "node:timers/promises";
import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import {
  type Claimed,
  claimHeads,
  markSent,
  type NewsItem,
  newsOf,
  postpone,
  setAside,
  suspectForMs,
} from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { consequence, type Sending } from "./consequence.ts";
import { createPace, type Pace, paceOf } from "./pace.ts";
import { describe, type Refusal, readRefusal } from "./verdict.ts";

/** What a notification is made of: the items of one or more checks of one streamer, the newest check first. */
export type News = {
  language: string;
  streamerId: number;
  streamerName: string;
  streamerUrl: string;
  /** The first items; `total` counts all of them. */
  items: NewsItem[];
  total: number;
};

/** A message as Telegram gets it; `html` is absent when only plain text will do. */
export type OutgoingMessage = { html: string; plain: string; previewUrl?: string | undefined };

export type SenderReport = {
  outcome: "sent" | "skipped" | "parked" | Refusal["kind"];
  chatId: number;
  rows: number;
  error?: string;
  ageMs: number;
};

export type SenderOptions = {
  orm: (query: string) => Orm;
  /** Sends one message; gives its id. Ends within the send timeout. */
  send: (chatId: number, threadId: number, message: OutgoingMessage, plain: boolean) => Promise<number>;
  render: (news: News) => OutgoingMessage | undefined;
  messagesPerSecond: number;
  staleMs: number;
  bell: Bell;
  report: (report: SenderReport) => void;
  failed: (error: unknown) => void;
};

/** Sends in flight or about to be: what a crash can double at most. Enough for the full rate at 300 ms a send. */
const IN_FLIGHT = 10;
const POLL_MS = 1_000;
/** Items of a check that a notification may show. */
const ITEMS_SHOWN = 10;

/** A message to one chat, of all the rows claimed for the same streamer there. */
type Parcel = { head: Claimed; rows: Claimed[] };

/**
 * Takes what is owed from the outbox to Telegram until the leader's signal aborts; then finishes what is in flight,
 * and gives the rest back. A message is sent at least once: an outcome that was not recorded is a message sent again.
 */
export async function runSender(options: SenderOptions, leader: Leader): Promise<void> {
  const { messagesPerSecond, bell, failed } = options;
  const pace = createPace(messagesPerSecond);
  const flying = new Set<Promise<void>>();
  const chats = new Map<number, Promise<void>>();
  let claim = 0;
  while (!leader.signal.aborted) {
    let parcels: Parcel[] = [];
    if (flying.size <= IN_FLIGHT / 2 && pace.pausedMs() < POLL_MS) {
      try {
        parcels = await claimParcels(options, leader, ++claim, IN_FLIGHT - flying.size);
      } catch (error) {
        if (error instanceof LockLost) break;
        failed(error);
      }
    }
    for (const parcel of parcels) {
      const { chatId } = parcel.head;
      const before = chats.get(chatId) ?? Promise.resolve();
      const flight = before.then(() => deliver(options, leader, pace, parcel)).catch(failed);
      chats.set(chatId, flight);
      flying.add(flight);
      void flight.then(() => {
        flying.delete(flight);
        if (chats.get(chatId) === flight) chats.delete(chatId);
        if (flying.size <= IN_FLIGHT / 2) bell.ring();
      });
    }
    if (parcels.length === 0 || flying.size > IN_FLIGHT / 2)
      await bell.wait(flying.size > 0 ? 100 : POLL_MS, leader.signal);
  }
  await Promise.all(flying);
}

async function claimParcels(
  { staleMs }: SenderOptions,
  leader: Leader,
  claim: number,
  limit: number,
): Promise<Parcel[]> {
  const { epoch } = leader.term;
  // The other term's sends have all timed out by then.
  const orphanMs = Math.round((staleMs * 2) / 3);
  const results = await leader.write("loop_claim", (orm) => claimHeads(orm, { epoch, claim }, { limit, orphanMs }));
  const parcels = new Map<string, Parcel>();
  for (const row of (results.at(-1)?.rows ?? []) as unknown as Claimed[]) {
    const key = `${row.chatId} ${row.threadId} ${row.plain ? row.id : row.streamerId}`;
    const parcel = parcels.get(key);
    if (parcel === undefined) parcels.set(key, { head: row, rows: [row] });
    else parcel.rows.push(row);
  }
  return [...parcels.values()];
}

async function deliver(options: SenderOptions, leader: Leader, pace: Pace, { head, rows }: Parcel): Promise<void> {
  const { orm, send, render, report, bell } = options;
  const { epoch } = leader.term;
  const ids = rows.map(({ id }) => id);
  const { chatId, threadId, ageMs } = head;
  const claimedAt = performance.now();
  const told = (outcome: SenderReport["outcome"], error?: string) =>
    report({ outcome, chatId, rows: rows.length, ageMs, ...(error === undefined ? {} : { error }) });

  let message: OutgoingMessage | undefined;
  try {
    message = render(await gatherNews(orm("loop_news"), rows));
  } catch (error) {
    await record(leader, (db) => [
      postpone(db, epoch, { ids, delayMs: 5_000, error: "unreadable" }, { noAttempt: true }),
    ]);
    throw error;
  }
  if (message === undefined) {
    await record(leader, (db) => [setAside(db, epoch, { ids, state: "skipped", error: "nothing to tell" })]);
    return told("skipped");
  }
  await pace.turn(chatId);
  // From here on another instance might send it too: not without trust, and not when the claim has grown old.
  const old = performance.now() - claimedAt > options.staleMs / 3;
  if (leader.signal.aborted || !leader.trusted() || old) {
    if (leader.trusted()) {
      await record(leader, (db) => [
        postpone(db, epoch, { ids, delayMs: 0, error: "given back" }, { noAttempt: true }),
      ]);
    }
    return;
  }
  const paceMs = paceOf(head.chatType);
  pace.sent(chatId, paceMs);
  try {
    const messageId = await send(chatId, head.plain ? 0 : threadId, message, head.plain);
    await record(leader, (db) => markSent(db, epoch, { ids, chatId, messageId, paceMs }));
    told("sent");
  } catch (error) {
    if (error instanceof LockLost) return;
    const refusal = readRefusal(error);
    if (refusal.kind === "wait") pace.refused(chatId, refusal.ms);
    const suspectMs = refusal.kind === "suspect" ? await suspectForMs(orm("loop_suspect"), chatId) : undefined;
    const sending: Sending = { ids, chatId, epoch, head, suspectMs, error: describe(error) };
    const { state, statements, pauseAllMs } = consequence(refusal, sending);
    if (pauseAllMs !== undefined) pace.pauseAll(pauseAllMs);
    await record(leader, statements);
    told(state ?? refusal.kind, describe(error));
    if (refusal.kind === "migrated" || refusal.kind === "refused") bell.ring();
  }
}

/** The items of all the checks that a parcel tells of, the newest check first. */
async function gatherNews(orm: Orm, rows: Claimed[]): Promise<News> {
  const checks = [...rows].sort((a, b) => b.checkNumber - a.checkNumber);
  const found = [];
  for (const check of checks) found.push(await newsOf(orm, check, ITEMS_SHOWN));
  const [head] = checks;
  if (head === undefined) throw new Error("a parcel without rows");
  const { language, streamerId, streamerName, streamerUrl } = head;
  const items = found.flatMap(({ items }) => items).slice(0, ITEMS_SHOWN);
  const total = found.reduce((sum, { total }) => sum + total, 0);
  return { language, streamerId, streamerName, streamerUrl, items, total };
}

/**
 * Records what became of a send, again and again until it is written or the term is over: a row of our own term that
 * is forgotten stays `sending` until the next term takes it up, and is sent twice then.
 */
async function record(leader: Leader, build: (orm: Orm) => Statement[]): Promise<void> {
  for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 2_000)) {
    try {
      await leader.write("loop_record_send", build);
      return;
    } catch (error) {
      if (error instanceof LockLost || !leader.trusted()) return;
      await sleep(delayMs);
    }
  }
}
