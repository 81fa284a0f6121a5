import type { Finding } from "./history.ts";

/** What a run came to, in the form in which runs are kept. Times in ms. */
export type Report = {
  seed: number;
  minutes: number;
  machine: { cpus: number; load: number; node: string };
  faults: {
    kills: number;
    kills_of_leader: number;
    stops: number;
    sigterms: number;
    stalls: number;
    site: number;
    telegram: { refused: number; gateway: number; unanswered: number; reset: number };
  };
  changes: number;
  commands: { asked: number; answered: number; asked_again: number; first_looks: number };
  messages: number;
  events: number;
  lost: number;
  unexpected: number;
  order_violations: number;
  duplicates: { total: number; after_unknown_reply: number; after_crash: number; unexplained: number; allowed: number };
  subscriptions_lost: number;
  unanswered: number;
  terms: number;
  takeover_ms: { longest: number; cause: string };
  /** Of leaders that stood still until another led: how long until they said so, and what they wrote all the same. */
  step_down_ms: number;
  zombie_commits: number;
  news_delay_ms: { median: number; p99: number; longest: number };
  /** The bucket of the histogram that the longest one fell in; not counting what we stopped. */
  loop_delay_ms: number;
  poisoned: number;
  earned_429: { news: number; answers: number };
  early_sends: { same_term: number; new_term: number };
  drain_ms: number;
  integrity: string;
  /** What the database was made to watch for, and what the instances did that they must not. */
  inside: number;
  instances: number;
  /** What the instances logged as a warning or worse, and how often. */
  logged: Record<string, number>;
  findings: Finding[];
  failures: string[];
};

/** Why a run has failed; none: it has not. */
export function failuresOf(report: Omit<Report, "failures">): string[] {
  const { duplicates } = report;
  const rules: [boolean, string][] = [
    [report.lost > 0, "news was lost"],
    [report.unexpected > 0, "somebody was told what they should not have been"],
    [report.order_violations > 0, "messages overtook each other"],
    [report.subscriptions_lost > 0, "what somebody follows is not what the bot said"],
    [report.unanswered > 0, "a command was never answered"],
    [report.integrity !== "ok", "the database is damaged"],
    [report.poisoned > 0, "a busy database escaped to a prepared statement"],
    [duplicates.total > duplicates.allowed, "more messages came twice than crashes and unknown replies explain"],
    [duplicates.unexplained > 0, "a message came twice although nothing had happened"],
    [report.early_sends.same_term > 0, "news was sent before the wait of a 429 was over"],
    [report.zombie_commits > 0, "an instance wrote in the name of a term that was over"],
    [report.inside > 0, "the database saw what it must not"],
    [report.instances > 0, "an instance ended, or complained, by itself"],
  ];
  return rules.flatMap(([isBroken, what]) => (isBroken ? [what] : []));
}

/** A table for people. */
export function describe(report: Report): string {
  const { faults, duplicates, commands, takeover_ms: takeover, news_delay_ms: delay, failures } = report;
  const { telegram } = faults;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const lines: [string, string | number][] = [
    ["seed", report.seed],
    ["kill -9 (of the leader)", `${faults.kills} (${faults.kills_of_leader})`],
    ["stops longer than the lease", faults.stops],
    ["SIGTERM", faults.sigterms],
    ["database held by others", faults.stalls],
    ["troubles of the site", faults.site],
    [
      "Telegram: 429 / 502 / no reply / reset",
      `${telegram.refused} / ${telegram.gateway} / ${telegram.unanswered} / ${telegram.reset}`,
    ],
    ["changes of wishlists", report.changes],
    ["commands (asked again, first looks)", `${commands.answered} (${commands.asked_again}, ${commands.first_looks})`],
    ["messages of news", report.messages],
    ["events", report.events],
    ["lost", report.lost],
    ["unexpected", report.unexpected],
    ["order violations", report.order_violations],
    [
      "twice (unknown reply, crash, unexplained)",
      `${duplicates.total} (${duplicates.after_unknown_reply}, ${duplicates.after_crash}, ${duplicates.unexplained})`,
    ],
    ["twice, at most", duplicates.allowed],
    ["subscriptions lost", report.subscriptions_lost],
    ["commands never answered", report.unanswered],
    ["terms of the lock", report.terms],
    ["longest takeover", `${seconds(takeover.longest)} (${takeover.cause})`],
    ["longest step-down after waking, writes by then", `${report.step_down_ms} ms, ${report.zombie_commits}`],
    ["news: median, 99 %, longest", `${seconds(delay.median)}, ${seconds(delay.p99)}, ${seconds(delay.longest)}`],
    ["longest delay of an event loop, at most", `${report.loop_delay_ms} ms`],
    ["429s earned: news, answers", `${report.earned_429.news}, ${report.earned_429.answers}`],
    ["sent before a wait was over: same, new term", `${report.early_sends.same_term}, ${report.early_sends.new_term}`],
    ["drained in", seconds(report.drain_ms)],
    ["integrity", report.integrity],
    ["seen inside the database, of the instances", `${report.inside}, ${report.instances}`],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  for (const finding of report.findings.slice(0, 20)) table.push(`finding: ${JSON.stringify(finding)}`);
  if (report.findings.length > 20) table.push(`… and ${report.findings.length - 20} more findings`);
  table.push(failures.length === 0 ? "passed" : `FAILED: ${failures.join("; ")}`);
  return table.join("\n");
}
