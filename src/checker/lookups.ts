import { setTimeout as sleep } from "node:timers/promises";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import {
  type DueLookup,
  dueLookups,
  isWatched,
  type LookupOutcome,
  recordFound,
  recordLookupFailure,
} from "../db/lookups.ts";
import type { Leader } from "./leader.ts";
import type { Site } from "./site.ts";
import type { Failure, Look, Profile } from "./source.ts";

export type LookupReport = { source: string; outcome: LookupOutcome; reason?: string | undefined; seconds: number };

export type LookupsOptions = {
  orm: (query: string) => Orm;
  site: Site;
  intervalMs: number;
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
const GIVE_UP_MS = 24 * 3_600_000;

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
  const { orm, site, intervalMs, maxTrackings, report, answered } = options;
  const { name: source } = site.source;
  const start = performance.now();
  const get = site.get("lookup");
  const found = await site.source.find(get, lookup.nickname, leader.signal);
  let failure: Failure | undefined;
  if (found.outcome === "found") {
    const look = (await isWatched(orm("loop_is_watched"), source, found.profile.ownerId))
      ? undefined
      : await site.source.look(get, found.profile.ownerId, { first: true }, leader.signal);
    failure = await record(found.profile, look);
  } else {
    failure = found;
  }
  const seconds = (performance.now() - start) / 1000;
  if (failure === undefined) {
    site.circuit.succeeded();
    report({ source, outcome: "tracking", seconds });
  } else {
    if (failure.retryAfterMs !== undefined) await site.budget.pause(failure.retryAfterMs);
    const verdict = verdictOn(failure, lookup);
    await leader.write("loop_record_lookup", (orm) => [recordLookupFailure(orm, lookup, verdict)]);
    report({ source, outcome: verdict.outcome, reason: failure.reason, seconds });
  }
  answered();

  /** Stores the baseline and the trackings; gives the failure when the list could not be read whole. */
  async function record(profile: Profile, look: Look | undefined): Promise<Failure | undefined> {
    if (look !== undefined && "reason" in look) {
      // The profile is there: a list that is not must be the site's mistake.
      return look.outcome === "not_found" ? { ...look, outcome: "page_changed" } : look;
    }
    await leader.write("loop_record_lookup", (orm) =>
      recordFound(orm, { source, key: lookup.key }, profile, look?.items, { maxTrackings, intervalMs }),
    );
    return undefined;
  }
}

/** What to tell those who wait, and when to look again: what the site has said for good is final, the rest may pass. */
function verdictOn(
  { outcome, retryAfterMs = 0 }: Failure,
  { attempts, ageMs }: DueLookup,
): { outcome: LookupOutcome; retryMs?: number } {
  switch (outcome) {
    case "not_found":
    case "private":
    case "too_long":
      return { outcome };
    case "partial":
    case "blocked":
    case "page_changed":
    case "unreachable": {
      if (ageMs > GIVE_UP_MS) return { outcome: "gave_up" };
      return {
        outcome,
        retryMs: Math.max(Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts, 10), MAX_RETRY_MS), retryAfterMs),
      };
    }
  }
}
