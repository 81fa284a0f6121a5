import { setTimeout as sleep } from "node:timers/promises";
import type { Bell } from "../bell.ts";
import type { Leader } from "../checker/leader.ts";
import {
  type ChatPlan,
  type Claim,
  type Claimed,
  claim,
  dueHeads,
  type Head,
  planChats,
  readClaimed,
  readPlans,
} from "../db/claims.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import { giveBack, holdChat } from "../db/outbox.ts";
import type { Statement } from "../db/sql.ts";
import { type Hold, holdOf } from "./hold.ts";
import { record } from "./record.ts";

/** A message to one chat: the rows claimed for the same streamer there, or for all of them in a digest. */
export type Parcel = {
  chatId: number;
  threadId: number;
  head: Claimed;
  rows: Claimed[];
  ids: number[];
  /** It makes no sound. */
  silent: boolean;
  /** The chat wanted it later than it was found: it was held back, or is a digest. */
  held: boolean;
  claim: Claim;
  /** Not later than it was claimed, on the monotonic clock. */
  claimedAt: number;
};

export type StockOptions = {
  orm: (query: string) => Orm;
  messagesPerSecond: number;
  staleMs: number;
  /** Rung when something may be owed. */
  bell: Bell;
  failed: (error: unknown) => void;
};

/** What is owed is looked at once in so long, whoever rings. */
const POLL_MS = 1_000;
const SOONEST_MS = 10;
const LOOK_AGAIN_MS = 100;
/** Parcels are claimed for so long ahead, so that a claim costs no turn; less when the lease is short. */
const AHEAD_MS = 1_000;
/** Looking at a long queue takes time: it may use a tenth of it, and finds enough for so many claims. */
const SHARE = 10;

/**
 * Parcels claimed a little before their turn. A chat has one parcel at a time, here or in flight, until done() is told:
 * that keeps its pace, and an answer about the chat comes before the next attempt.
 */
export function createStock(options: StockOptions, leader: Leader) {
  const { orm, messagesPerSecond, staleMs, bell, failed } = options;
  const { signal } = leader;
  const { epoch } = leader.term;
  const ahead = Math.max(2, Math.ceil((messagesPerSecond * Math.min(AHEAD_MS, staleMs / 6)) / 1000));
  // The other term's sends have all timed out by then.
  const orphanMs = Math.round((staleMs * 2) / 3);
  const parcels: Parcel[] = [];
  const busy = new Set<number>();
  let heads: Head[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let restMs = 0;
  let waitMs = POLL_MS;
  let filling: Promise<void> | undefined;
  let claims = 0;

  /** Looks for heads anew, unless the last look is fresh enough, or too near for what it took. */
  async function look(): Promise<void> {
    const age = performance.now() - lookedAt;
    if (heads.length > 0 && age < Math.max(POLL_MS, restMs)) return;
    await sleep(Math.max(restMs - age, 0), undefined, { signal });
    lookedAt = performance.now();
    const found = await dueHeads(orm("loop_due"), { limit: ahead * SHARE, orphanMs });
    restMs = (performance.now() - lookedAt) * SHARE;
    heads = found.filter((head) => head.waitMs === 0);
    waitMs = Math.max(Math.min(found[heads.length]?.waitMs ?? POLL_MS, POLL_MS), SOONEST_MS);
  }

  function take(count: number): Head[] {
    const taken: Head[] = [];
    while (taken.length < count) {
      const head = heads.shift();
      if (head === undefined) break;
      if (busy.has(head.chatId)) continue;
      busy.add(head.chatId);
      taken.push(head);
    }
    return taken;
  }

  async function fill(): Promise<void> {
    while (!signal.aborted && (await claimSome()) === "held");
  }

  /** Tells when all that could be claimed is held back, so that what comes after it need not wait. */
  async function claimSome(): Promise<"held" | undefined> {
    let taken: Head[] = [];
    let outcome: "held" | undefined;
    try {
      await look();
      taken = take(ahead - parcels.length);
      if (taken.length === 0) return undefined;
      const claimedAt = performance.now();
      const ids = taken.map(({ id }) => id);
      const by = { epoch, number: ++claims };
      const [result, chats] = await leader.write("loop_claim", (db) => [
        claim(db, by, ids, orphanMs),
        planChats(db, ids),
      ]);
      const claimed = toParcels(readClaimed(result), readPlans(chats), { claim: by, claimedAt });
      const ready = await holdBack(claimed);
      if (claimed.length > 0 && ready.length === 0) outcome = "held";
      parcels.push(...ids.flatMap((id) => ready.find(({ head }) => head.id === id) ?? []));
      taken = taken.filter(({ chatId }) => !ready.some((parcel) => parcel.chatId === chatId));
    } catch (error) {
      // A claim that took place without our knowing is an orphan, and taken up as one.
      heads = [];
      waitMs = POLL_MS;
      if (!signal.aborted && !(error instanceof LockLost)) failed(error);
    }
    for (const { chatId } of taken) busy.delete(chatId);
    return outcome;
  }

  /** What must wait for its chat's hours goes back, until then; gives the rest. */
  async function holdBack(parcels: PlannedParcel[]): Promise<Parcel[]> {
    const held = parcels.flatMap((parcel) => (typeof parcel.hold === "string" ? [] : [{ ...parcel, ...parcel.hold }]));
    if (held.length > 0) {
      const hold = (db: Orm) =>
        held.map(({ plan, untilMs }) => holdChat(db, { chatId: plan.chatId, untilMs, settings: plan.storedSettings }));
      await record(leader, "loop_hold", (db) => [...giveParcelsBack(db, held), ...hold(db)], failed);
    }
    return parcels.filter(({ hold }) => typeof hold === "string");
  }

  async function giveAllBack(): Promise<void> {
    await filling;
    heads = [];
    await putBack(parcels.splice(0));
  }

  async function putBack(unsent: Parcel[]): Promise<void> {
    if (unsent.length > 0) await record(leader, "loop_give_back", (db) => giveParcelsBack(db, unsent), failed);
    for (const { chatId } of unsent) busy.delete(chatId);
  }

  return {
    /** The next parcels, so many at most; none when nothing was owed for a while, or the signal aborted. */
    async next(most: number): Promise<Parcel[]> {
      // While there are parcels, one look after another would find what is in them.
      const mayFindMore = parcels.length === 0 || heads.length > 0 || performance.now() - lookedAt >= LOOK_AGAIN_MS;
      if (parcels.length <= ahead / 2 && mayFindMore && !signal.aborted) {
        filling ??= fill().finally(() => {
          filling = undefined;
        });
      }
      if (parcels.length === 0) await filling;
      const next = parcels.splice(0, most);
      if (next.length === 0) await bell.wait(waitMs, signal);
      return next;
    },
    /** The outcome of a parcel is recorded. */
    done({ chatId }: Parcel) {
      busy.delete(chatId);
    },
    /** Parcels that were not sent go back to the queue as they were. */
    putBack,
    /** All parcels that nobody has asked for yet go back. */
    giveAllBack,
  };
}

export type Stock = ReturnType<typeof createStock>;

function giveParcelsBack(db: Orm, parcels: Parcel[]): Statement[] {
  const claims = Map.groupBy(parcels, ({ claim }) => claim);
  return [...claims].map(([claim, unsent]) => {
    const ids = unsent.flatMap((parcel) => parcel.ids);
    return giveBack(db, claim, ids);
  });
}

type PlannedParcel = Parcel & { plan: ChatPlan; hold: Hold };

/**
 * One parcel for each chat, topic and streamer, or for each chat and topic in a digest; a claim gives each row's whole
 * group or none of it.
 */
function toParcels(
  rows: Claimed[],
  plans: Map<number, ChatPlan>,
  claimed: Pick<Parcel, "claim" | "claimedAt">,
): PlannedParcel[] {
  const groups = Map.groupBy(rows, ({ chatId, threadId, streamerId }) =>
    plans.get(chatId)?.isDigest ? `${chatId} ${threadId}` : `${chatId} ${threadId} ${streamerId}`,
  );
  return [...groups.values()].flatMap((rows) => {
    const [head] = rows;
    const plan = head && plans.get(head.chatId);
    if (head === undefined || plan === undefined) return [];
    const { chatId, threadId } = head;
    const hold = holdOf(plan.settings, plan.now, plan.owedSince);
    const [ids, silent, held] = [rows.map(({ id }) => id), hold === "silent", plan.isDigest];
    return [{ chatId, threadId, head, rows, ids, silent, held, ...claimed, plan, hold }];
  });
}
