import { availableParallelism, loadavg } from "node:os";
import { integrity, readRows, readTrackings, seen } from "./audit.ts";
import type { Finding, Follow } from "./history.ts";
import { balance } from "./ledger.ts";
import { disorder } from "./order.ts";
import { refusals } from "./refusals.ts";
import { repeats } from "./repeats.ts";
import { failuresOf, type Report } from "./report.ts";
import type { Stage } from "./stage.ts";
import { zombies } from "./zombies.ts";

/** Sends that may be under way when an instance dies or stands still (src/delivery/sender.ts), at 29 messages a second. */
const IN_FLIGHT = 10;

/** Counts, once all is quiet. */
export async function verdict(
  stage: Stage,
  { seed, minutes, drainMs }: { seed: number; minutes: number; drainMs: number },
): Promise<Report> {
  const { db, witness, wishes, follows, unknowns, warnings, cluster, reign, vitals, people, nemesis, site } = stage;
  const { told } = witness;
  const rows = await readRows(db);
  const terms = reign.terms.map(({ at }) => at);
  const { events, lost, unexpected, delaysMs } = balance({ wishes: wishes.all, follows, told, rows });
  const overtaken = disorder({ told, rows });
  const twice = repeats({ told, unknowns, terms });
  const { earned, early } = refusals(witness.sends(), terms);
  const forgotten = subscriptionsLost(follows, await readTrackings(db));
  const unanswered = people.waiting();
  const inside = await seen(db);
  const { stepDownMs, commits } = zombies(nemesis.hits, stage.traces, reign.terms);
  const { kills, killsOfLeader, stops, sigterms, stalls } = nemesis.counts;
  const longest = reign.takeovers.toSorted((a, b) => b.ms - a.ms)[0];
  const at = (share: number) => delaysMs[Math.min(Math.floor(delaysMs.length * share), delaysMs.length - 1)] ?? 0;
  const { asked, answered, askedAgain, firstLooks } = people.counts;

  const report = {
    seed,
    minutes,
    machine: { cpus: availableParallelism(), load: Math.round((loadavg()[0] ?? 0) * 10) / 10, node: process.version },
    faults: {
      ...{ kills, kills_of_leader: killsOfLeader, stops, sigterms, stalls, site: site.counts.site },
      telegram: { ...stage.telegramTrouble.counts },
    },
    changes: stage.changes.counts.changes,
    commands: { asked, answered, asked_again: askedAgain, first_looks: firstLooks },
    messages: told.length,
    events,
    lost: lost.length,
    unexpected: unexpected.length,
    order_violations: overtaken.length,
    duplicates: {
      total: twice.afterUnknown + twice.afterCrash + twice.unexplained.length,
      after_unknown_reply: twice.afterUnknown,
      after_crash: twice.afterCrash,
      unexplained: twice.unexplained.length,
      allowed: unknowns.length + (kills + stops + sigterms + stalls) * IN_FLIGHT,
    },
    subscriptions_lost: forgotten.length,
    unanswered: unanswered.length,
    terms: reign.epoch(),
    takeover_ms: { longest: longest?.ms ?? 0, cause: longest?.cause ?? "none" },
    step_down_ms: stepDownMs,
    zombie_commits: commits.length,
    news_delay_ms: { median: at(0.5), p99: at(0.99), longest: at(1) },
    loop_delay_ms: vitals.worst.loopDelayMs,
    poisoned: vitals.worst.poisoned,
    earned_429: earned,
    early_sends: { same_term: early.sameTerm.length, new_term: early.newTerm },
    drain_ms: drainMs,
    integrity: await integrity(db),
    inside: inside.length,
    instances: cluster.findings.length,
    logged: warnings,
    findings: [
      ...[lost, unexpected, overtaken, twice.unexplained, early.sameTerm, forgotten, unanswered],
      ...[commits, inside, cluster.findings],
    ].flat(),
  };
  return { ...report, failures: failuresOf(report) };
}

/** What the bot has said of who follows whom, against what it knows. */
function subscriptionsLost(follows: Follow[], trackings: Set<string>): Finding[] {
  const latest = Map.groupBy(follows, ({ chat, streamer }) => `${chat} ${streamer}`);
  return [...latest.values()].flatMap((spans) => {
    const last = spans.at(-1);
    if (last === undefined) return [];
    const { chat, thread, streamer, since, leftAskedAt, leftAt } = last;
    const has = trackings.has(`${chat} ${thread} ${streamer}`);
    if (leftAskedAt === undefined && since !== undefined && !has) {
      return [{ what: "the bot said that it tracks, and it does not", chat, streamer, at: since }];
    }
    if (leftAt !== undefined && has) {
      return [{ what: "the bot said that it does not track, and it does", chat, streamer, at: leftAt }];
    }
    return [];
  });
}
