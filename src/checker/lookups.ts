import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import {
  type DueLookup,
  dueLookups,
  isWatched,
  type LookupOutcome,
  readStreamerId,
  recordFound,
  recordLookupFailure,
  recordLookupRefusal,
} from "../db/lookups.ts";
import type { Statement } from "../db/sql.ts";
import type { Leader } from "./leader.ts";
import type { Site } from "./site.ts";
import type { Failure } from "./source.ts";

export type LookupReport = {
  source: string;
  /** Found; absent when there is no such streamer, or no list. */
  streamerId?: number | undefined;
  outcome: LookupOutcome;
  reason?: string | undefined;
  seconds: number;
};

export type LookupsOptions = {
  orm: (query: string) => Orm;
  site: Site;
  concurrency: number;
  maxTrackings: number;
  report: (lookup: LookupReport) => void;
  /** An answer can be shown now. */
  answered: () => void;
  failed: (error: unknown) => void;
};

/** How often new lookups are looked for, in ms: any instance may have written them. */
const POLL_MS = 300;
/** Between the starts of two first looks at one site, in ms. */
const SPACING_MS = 1_000;
/** A look that failed for a passing reason is made again after 10 s, 20 s … at most 10 min, for a day. */
const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_MS = 10 * 60_000;
const PATIENCE_MS = 24 * 3_600_000;
/** What was found is stored a second time after this, when the first failed. */
const STORE_AGAIN_MS = 500;
/** Requests that a later look is expected to take; its own looks tell better. */
const FIRST_COST = 1;

/** Makes the first looks that chats wait for, until the leader's signal aborts: one for each nickname, however many wait. */
export async function runLookups(options: LookupsOptions, leader: Leader): Promise<void> {
  const { orm, site, concurrency, failed } = options;
  const running = new Map<string, Promise<void>>();
  while (!leader.signal.aborted) {
    let started = false;
    if (running.size < concurrency) {
      try {
        const query = { source: site.source.name, limit: 1, running: [...running.keys()] };
        for (const lookup of await dueLookups(orm("loop_due_lookups"), query)) {
          started = true;
          const done = lookUp(options, leader, lookup)
            .catch((error: unknown) => {
              if (!leader.signal.aborted && !(error instanceof LockLost)) failed(error);
            })
            .finally(() => running.delete(lookup.key));
          running.set(lookup.key, done);
        }
      } catch (error) {
        failed(error);
      }
    }
    await sleep(started ? SPACING_MS : POLL_MS, undefined, { signal: leader.signal }).catch(() => undefined);
  }
  await Promise.all(running.values());
}

async function lookUp(options: LookupsOptions, leader: Leader, lookup: DueLookup): Promise<void> {
  const { site, report, answered } = options;
  const { name: source } = site.source;
  const start = performance.now();
  const found = await findAndRecord(options, leader, lookup).catch((error: unknown): Failure => {
    if (leader.signal.aborted || error instanceof LockLost) throw error;
    // Not even a mistake of ours may be repeated without a pause, or keep those who wait in the dark.
    options.failed(error);
    return { outcome: "page_changed", reason: "the look failed unexpectedly" };
  });
  const seconds = (performance.now() - start) / 1000;
  if ("streamerId" in found) {
    site.circuit.succeeded();
    report({ source, streamerId: found.streamerId, outcome: "tracking", seconds });
  } else {
    if (found.retryAfterMs !== undefined) await site.budget.refused(found.retryAfterMs);
    await leader.write("loop_record_lookup", (orm) => [recordFailure(orm, lookup, found)]);
    report({ source, outcome: found.outcome, reason: found.reason, seconds });
  }
  answered();
}

/** Stores the baseline and the trackings; gives the failure when there is no such streamer, or no whole list. */
async function findAndRecord(
  { orm, site, maxTrackings }: LookupsOptions,
  leader: Leader,
  lookup: DueLookup,
): Promise<Failure | { streamerId: number | undefined }> {
  const { name: source } = site.source;
  const get = site.get("lookup");
  const found = await site.source.find(get, lookup.nickname, leader.signal);
  if (found.outcome !== "found") return found;
  const { profile } = found;
  const isKnown = await isWatched(orm("loop_is_watched"), source, profile.ownerId);
  const look = isKnown ? undefined : await site.source.look(get, profile.ownerId, { first: true }, leader.signal);
  if (look !== undefined && "reason" in look) {
    // The profile is there: a list that is not must be the site's mistake.
    return look.outcome === "not_found" ? { ...look, outcome: "page_changed" } : look;
  }
  const list = look !== undefined && "items" in look ? look : undefined;
  const intervalMs = site.planner.firstPeriod(FIRST_COST);
  const phaseMs = Math.ceil(Math.random() * intervalMs);
  const notes = { intervalMs, phaseMs, fingerprint: list?.fingerprint, cost: FIRST_COST, news: 0, countMisses: true };
  const store = () =>
    leader.write("loop_record_lookup", (orm) =>
      recordFound(orm, { source, key: lookup.key }, profile, list?.items, { maxTrackings, notes }),
    );
  const stored = await store().catch(async (error: unknown) => {
    if (error instanceof LockLost) throw error;
    // A database that did not answer may answer now, and may have stored it: neither is a reason to blame the site.
    await sleep(STORE_AGAIN_MS, undefined, { signal: leader.signal });
    return await store();
  });
  return { streamerId: readStreamerId(stored) };
}

/** What the site has said for good is final, the rest may pass. */
function recordFailure(orm: Orm, lookup: DueLookup, { outcome, retryAfterMs = 0 }: Failure): Statement {
  switch (outcome) {
    case "not_found":
    case "private":
    case "too_long":
      return recordLookupRefusal(orm, lookup, outcome);
    case "partial":
    case "blocked":
    case "page_changed":
    case "unreachable": {
      const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(lookup.attempts, 10), MAX_RETRY_MS);
      const retryMs = Math.max(backoffMs, retryAfterMs);
      return recordLookupFailure(orm, lookup, { outcome, retryMs, patienceMs: PATIENCE_MS });
    }
  }
}
