import { createBatcher } from "../db/batcher.ts";
import { sql } from "../db/orm.ts";
import { countAdded, recordSnapshot } from "../db/snapshots.ts";
import { distrustSource, trustSource } from "../db/source-states.ts";
import {
  bringForward,
  type DueStreamer,
  postponeProfile,
  recordFailedCheck,
  recordProfile,
  recordUnchanged,
  tellUnreadable,
} from "../db/streamers.ts";
import { isPlausible } from "./canary.ts";
import type { Leader } from "./leader.ts";
import { forget } from "./schedule.ts";
import { counting, type Site } from "./site.ts";
import type { Complete, Failure, Look } from "./source.ts";

/** How one check went, for the log and the metrics. */
export type CheckReport = {
  source: string;
  streamerId: number;
  outcome: Look["outcome"];
  reason?: string | undefined;
  added: number;
  requests: number;
  seconds: number;
  lateMs: number;
};

const DAY_MS = 24 * 3_600_000;
/** A list of many pages is read whole at least at every so manieth look. */
const SWEEP_EVERY = 10;
/** The longest wait between two looks at a streamer that fails by its own fault; never given up. */
const MAX_BACKOFF_MS = DAY_MS;
/** Sites show empty lists while they are broken: so many items at once, so soon after an empty baseline, are no news. */
const EMPTY_BASELINE = { items: 5, withinMs: DAY_MS };
/** A list that cannot be read for so long is its subscribers' business. */
const TELL_AFTER_MS = 3 * DAY_MS;
/** Between two transactions that record unchanged looks: those that come meanwhile are recorded together. */
const REST_MS = 50;

/**
 * One check: look, compare, record. What each outcome of a look leads to is decided here and nowhere else: only complete
 * and empty lists are compared; a failure changes the schedule alone. `looked` is told when only recording is left to do.
 */
export function createCheck(site: Site, leader: Leader) {
  const { source, budget, circuit, canary, planner } = site;
  const unchanged = createBatcher<Parameters<typeof recordUnchanged>[1][number]>(async (looks) => {
    await leader.write("loop_record_unchanged", (orm) => [recordUnchanged(orm, looks)]);
  }, REST_MS);

  return async function check(streamer: DueStreamer, looked = () => {}): Promise<CheckReport> {
    const start = performance.now();
    const { get, requests } = counting(site.get("check"));
    const options = {
      first: streamer.isBaseline,
      known: streamer.isBaseline ? undefined : (streamer.fingerprint ?? undefined),
      sweep: streamer.unchangedLooks >= SWEEP_EVERY - 1,
    };
    const look = await source.look(get, streamer.ownerId, options, leader.signal);
    const concluded = conclude(look, streamer, requests());
    looked(); // not before: what this look says of the site counts for the next
    const added = await concluded;
    if (!("reason" in look) && streamer.profileAgeMs > DAY_MS) await refreshProfile(streamer);
    return {
      source: source.name,
      streamerId: streamer.id,
      outcome: look.outcome,
      reason: "reason" in look ? look.reason : undefined,
      added,
      requests: requests(),
      seconds: (performance.now() - start) / 1000,
      lateMs: streamer.lateMs,
    };
  };

  /** Draws the consequence of a look; gives how many items were news. */
  async function conclude(look: Look, streamer: DueStreamer, cost: number): Promise<number> {
    switch (look.outcome) {
      case "complete":
      case "empty":
        circuit.succeeded();
        await judge(streamer, isPlausible(look.items.length, streamer.listed));
        return await recordList(look, streamer, cost);
      case "unchanged":
        circuit.succeeded();
        await judge(streamer, true);
        await unchanged({ id: streamer.id, intervalMs: planner.periodOf(streamer), cost, sweep: look.swept });
        return 0;
      case "blocked":
        await budget.refused(look.retryAfterMs);
        await recordFailure(look, streamer);
        return 0;
      case "partial":
      case "unreachable":
        if (look.retryAfterMs !== undefined) await budget.refused(look.retryAfterMs);
        await recordFailure(look, streamer);
        return 0;
      case "private":
      case "not_found":
      case "too_long":
      case "page_changed":
        await recordFailure(look, streamer);
        return 0;
    }
  }

  async function recordList({ items, fingerprint }: Complete, streamer: DueStreamer, cost: number): Promise<number> {
    const intervalMs = planner.periodOf(streamer);
    const phaseMs = Math.ceil(Math.random() * intervalMs);
    const news = forget(streamer.news, streamer.newsAgeMs);
    const rebaseline =
      streamer.isUnseen && items.length > EMPTY_BASELINE.items && streamer.baselineAgeMs < EMPTY_BASELINE.withinMs;
    const countMisses = !canary.isDistrusted() && !streamer.isHurried;
    const subscribers = planner.mostSubscribers(streamer.id);
    const notes = {
      ...{ intervalMs, phaseMs, cost, news, countMisses, subscribers, rebaseline },
      // What a hurried look has missed uncounted must not be taken for an unchanged list by the next one.
      fingerprint: streamer.isHurried ? undefined : fingerprint,
    };
    const statements = await leader.write("loop_record_check", (orm) =>
      recordSnapshot(orm, sql`SELECT ${streamer.id}`, items, notes),
    );
    const added = countAdded(statements);
    if (added > 0) await lookSooner(streamer, news + added, intervalMs);
    return added;
  }

  /** The period was chosen before this look's own news were known: they may call for a shorter one. */
  async function lookSooner(streamer: DueStreamer, news: number, plannedMs: number): Promise<void> {
    const intervalMs = planner.periodOf({ ...streamer, news, newsAgeMs: 0 });
    if (intervalMs < plannedMs) {
      await leader.write("loop_look_sooner", (orm) => [bringForward(orm, [{ id: streamer.id, withinMs: intervalMs }])]);
    }
  }

  async function recordFailure({ outcome }: Failure, streamer: DueStreamer): Promise<void> {
    // While nothing else works either, it is the site that fails, and no streamer waits longer for it.
    const own = circuit.works();
    circuit.failed();
    await judge(streamer, false);
    const period = planner.periodOf(streamer);
    const backoffMs = Math.min(period * 2 ** Math.min(streamer.failures, 30), MAX_BACKOFF_MS);
    const intervalMs = own ? Math.max(period, backoffMs) : period;
    // A page that we cannot read is our fault: the operators learn of it, the subscribers do not.
    const isTold = streamer.failureTold || outcome === "page_changed" || canary.isDistrusted();
    const tell = !isTold && streamer.failingMs >= TELL_AFTER_MS;
    await leader.write("loop_record_failure", (orm) => [
      recordFailedCheck(orm, streamer.id, { intervalMs, own }),
      ...(tell ? tellUnreadable(orm, streamer.id, outcome, planner.mostSubscribers(streamer.id)) : []),
    ]);
  }

  /** What this look says of the site as a whole. */
  async function judge({ id }: DueStreamer, good: boolean): Promise<void> {
    if (!canary.saw(id, good)) return;
    if (canary.isDistrusted()) await budget.refused();
    await leader.write("loop_record_trust", (orm) => [
      canary.isDistrusted() ? distrustSource(orm, source.name) : trustSource(orm, source.name),
    ]);
  }

  /** Once a day: a new name, a new picture, or a nickname that leads elsewhere now. */
  async function refreshProfile({ id, ownerId, nickname }: DueStreamer): Promise<void> {
    const found = await source.find(site.get("check"), nickname, leader.signal);
    await leader.write("loop_record_profile", (orm) => {
      if (found.outcome === "found") {
        return recordProfile(orm, source.name, id, found.profile.ownerId === ownerId ? found.profile : undefined);
      }
      return found.outcome === "not_found"
        ? recordProfile(orm, source.name, id, undefined)
        : [postponeProfile(orm, id)];
    });
  }
}
