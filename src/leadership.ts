import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "grammy";
import type { Update } from "grammy/types";
import { createBell } from "./bell.ts";
import { broadcastScreen } from "./bot/broadcast-screen.ts";
import { renderDigest } from "./bot/digest.ts";
import { renderIncidents } from "./bot/incident-digest.ts";
import { renderLookups } from "./bot/lookup-message.ts";
import { renderNews } from "./bot/notification.ts";
import { pollUpdates } from "./bot/polling.ts";
import { publishProfile } from "./bot/profile.ts";
import { plainText, type Texts } from "./bot/texts.ts";
import { createBudget } from "./checker/budget.ts";
import { createCanary } from "./checker/canary.ts";
import type { CheckReport } from "./checker/check.ts";
import { runChecks } from "./checker/checks.ts";
import { createCircuit } from "./checker/circuit.ts";
import { createFetcher } from "./checker/fetcher.ts";
import type { Leader } from "./checker/leader.ts";
import { type LookupReport, runLookups } from "./checker/lookups.ts";
import { createPlanner } from "./checker/planner.ts";
import type { Plan } from "./checker/schedule.ts";
import type { Site } from "./checker/site.ts";
import type { Source } from "./checker/source.ts";
import { sources } from "./checker/sources/index.ts";
import type { Config } from "./config.ts";
import type { Database } from "./db/client.ts";
import { PARTS, type Part } from "./db/halts.ts";
import { markDistrustTold, readBudget, readDistrust, writeBudget } from "./db/source-states.ts";
import { runBroadcastProgress } from "./delivery/broadcast-progress.ts";
import { runBroadcasts } from "./delivery/broadcasts.ts";
import type { Render } from "./delivery/compose.ts";
import { runEdits } from "./delivery/edits.ts";
import { runIncidentDigest } from "./delivery/incident-digest.ts";
import { runLookupAnswers } from "./delivery/lookup-answers.ts";
import type { Pace } from "./delivery/pace.ts";
import type { ReachEvent } from "./delivery/reach.ts";
import { runSender, type SenderReport } from "./delivery/sender.ts";
import { createTelegram } from "./delivery/telegram.ts";
import { watchAnswers } from "./delivery/watch.ts";
import { runUnlessHalted } from "./halts.ts";
import { type Counts, keepHouse } from "./housekeeping.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type LeadershipOptions = {
  config: Config;
  db: Database;
  log: Log;
  metrics: Metrics;
  texts: Texts;
  /** Of everything that goes out. */
  pace: Pace;
  /** Handles one update; in polling mode the leader takes them. */
  handle: (update: Update) => Promise<void>;
};

/** While a site fails, it is asked about once an interval, but neither hammered nor forgotten. */
const PROBE_MS = { least: 1_000, most: 60_000 };
const WARN_POLL_MS = 5_000;
const READ_RETRY_MS = 1_000;
/** A stop waits for the sends in flight. */
const MAX_SEND_SECONDS = 10;
/** Longer than the long poll. */
const POLL_SECONDS = 45;

/** Everything that only the leader does, until its signal aborts and what it had begun is finished. */
export async function workAsLeader(options: LeadershipOptions, { signal, ...given }: Leader): Promise<void> {
  const { config, db, log, metrics, texts, pace } = options;
  const orm = db.for;
  // A loop that throws ends the others as a stop would: what they had begun is finished before the lock is given back.
  const crashed = new AbortController();
  const leader = { ...given, signal: AbortSignal.any([signal, crashed.signal]) };
  const failed = (what: string) => (error: unknown) => log.error({ err: error, term: leader.term.epoch }, what);
  const news = createBell();
  const answers = createBell();
  const opened = await openSites(options, leader, failed("what is known of the sites cannot be read"));
  const sites = opened.map(({ site }) => site);
  const { checkIntervalMs: intervalMs, sourceConcurrency: concurrency, maxTrackings } = config;

  // Sends end before a rival may take over: a sixth of the lease, where trust ends a quarter before it does.
  const api = telegramApi(config, Math.min(config.lockStaleMs / 6_000, MAX_SEND_SECONDS));
  const telegram = createTelegram(api);
  const rendering: Render = {
    render: (told) => renderNews(texts, told),
    renderDigest: (told) => renderDigest(texts, told),
  };
  const checking = sites.flatMap((site) => [
    (leader: Leader) =>
      runChecks(
        {
          orm,
          site,
          intervalMs,
          concurrency,
          report: tellCheck,
          owed: news.ring,
          failed: failed("check not recorded"),
        },
        leader,
      ),
    (leader: Leader) =>
      runLookups(
        {
          orm,
          site,
          concurrency,
          maxTrackings,
          report: tellLookup,
          answered: answers.ring,
          failed: failed("lookup not recorded"),
        },
        leader,
      ),
  ]);
  const delivering = [
    (leader: Leader) => {
      for (const why of ["silent", "revoked"]) metrics.telegramLost.set({ why }, 0);
      return runSender(
        {
          ...rendering,
          orm,
          telegram,
          pace,
          staleMs: config.lockStaleMs,
          bell: news,
          report: tellSend,
          reached: tellReach,
          failed: failed("notification not handled"),
        },
        leader,
      );
    },
    (leader: Leader) =>
      runEdits(
        {
          ...rendering,
          orm,
          telegram,
          pace,
          report: ({ chatId, outcome, error }) => {
            metrics.telegramAnswers.inc({ method: "editMessageText", answer: outcome });
            if (error !== undefined) log.warn({ chat_id: chatId, outcome, error }, "told news not changed");
          },
          failed: failed("told news not looked after"),
        },
        leader,
      ),
    (leader: Leader) =>
      runBroadcasts(
        {
          orm,
          telegram,
          pace,
          staleMs: config.lockStaleMs,
          report: ({ chatId, outcome, error }) => {
            metrics.telegramAnswers.inc({ method: "broadcast", answer: outcome });
            if (error !== undefined) log.warn({ chat_id: chatId, outcome, error }, "announcement not delivered");
          },
          failed: failed("announcement not handled"),
        },
        leader,
      ),
  ];
  const loops = [
    runUnlessHalted(
      { orm, told: tellHalts, failed: failed("halts not read") },
      [
        ...checking.map((run) => ({ part: "checks", run }) as const),
        ...delivering.map((run) => ({ part: "delivery", run }) as const),
      ],
      leader,
    ),
    runLookupAnswers(
      {
        orm,
        edit(chatId, messageId, html) {
          pace.overtaken();
          return telegram.edit(chatId, messageId, { html, plain: html });
        },
        send(chatId, threadId, html) {
          pace.overtaken();
          return telegram.send(chatId, threadId, { html, plain: html });
        },
        render: (message) => renderLookups(texts, message, maxTrackings),
        bell: answers,
        report: ({ chatId, outcome, error }) => {
          metrics.telegramAnswers.inc({ method: "lookup_answer", answer: outcome });
          if (error !== undefined) log.warn({ chat_id: chatId, outcome, error }, "answer not shown");
        },
        failed: failed("answers not shown"),
      },
      leader,
    ),
    runBroadcastProgress(
      {
        orm,
        telegram,
        pace,
        render: (broadcast, audience) => {
          const view = { broadcast, audience, messagesPerSecond: config.messagesPerSecond };
          const { html, keyboard } = broadcastScreen(texts, broadcast.language, view);
          return { html, plain: plainText(html), keyboard };
        },
        failed: failed("a broadcast's progress not shown"),
      },
      leader,
    ),
    runIncidentDigest(
      {
        orm,
        adminIds: config.adminIds,
        send(chatId, html) {
          pace.overtaken();
          return telegram.send(chatId, 0, { html, plain: plainText(html) });
        },
        render: (language, untold) => renderIncidents(texts, language, untold),
        failed: failed("operators not told"),
      },
      leader,
    ),
    keepHouse({ orm, sources: Object.keys(sources), counted, failed: failed("housekeeping failed") }, leader),
  ];
  loops.push(...sites.map((site) => warnOperators(site)));
  if (config.webhook === undefined) loops.push(takeUpdates());
  const profile = {
    api,
    orm,
    texts,
    adminIds: config.adminIds,
    failed: failed("commands and descriptions not published"),
  };
  loops.push(publishProfile(profile, leader));
  try {
    await Promise.all(loops.map((loop) => loop.catch(crash)));
  } finally {
    await Promise.allSettled(loops);
    metrics.standBy();
    await Promise.all(opened.map(({ close }) => close()));
  }

  function crash(error: unknown): never {
    crashed.abort(error);
    throw error;
  }

  async function takeUpdates() {
    const poller = telegramApi(config, POLL_SECONDS);
    poller.config.use(watchAnswers((method, answer) => metrics.telegramAnswers.inc({ method, answer })));
    const { trusted, signal } = leader;
    await pollUpdates({ api: poller, handle: options.handle, trusted, failed: failed("updates not received") }, signal);
  }

  /** One message to the operators when a site is not trusted any more; at least once, so that a crash does not hide it. */
  async function warnOperators({ source, canary }: Site) {
    const warnFailed = failed("operators not warned");
    while (!leader.signal.aborted) {
      metrics.sourceDistrusted.set({ source: source.name }, canary.isDistrusted() ? 1 : 0);
      try {
        const distrust = canary.isDistrusted() ? await readDistrust(orm("loop_read_trust"), source.name) : undefined;
        if (distrust?.told === false && leader.trusted()) {
          log.error(
            { source: source.name, since_ms: distrust.sinceMs },
            "most looks fail or are implausible: no conclusions drawn",
          );
          const text = texts("en", "operator-distrust", { source: source.name });
          for (const id of config.adminIds) if (leader.trusted()) await api.sendMessage(id, text).catch(warnFailed);
          await leader.write("loop_mark_told", (db) => [markDistrustTold(db, source.name)]);
        }
      } catch (error) {
        if (!leader.signal.aborted) warnFailed(error);
      }
      await sleep(WARN_POLL_MS, undefined, { signal: leader.signal }).catch(() => undefined);
    }
  }

  function tellHalts(halted: Part[]) {
    for (const part of PARTS) metrics.halted.set({ part }, halted.includes(part) ? 1 : 0);
    const term = leader.term.epoch;
    if (halted.length > 0) log.warn({ halted, term }, "halted by an operator");
    else log.info({ term }, "nothing is halted");
  }

  function tellCheck({ source, streamerId, outcome, reason, added, requests, seconds, lateMs }: CheckReport) {
    metrics.streamersChecked.inc({ source, outcome });
    metrics.checkDuration.observe(seconds);
    metrics.newItems.inc(added);
    const event = {
      source,
      streamer: streamerId,
      outcome,
      reason,
      added,
      requests,
      seconds,
      late_ms: lateMs,
      term: leader.term.epoch,
    };
    if (reason === undefined) log[added > 0 ? "info" : "debug"](event, "checked");
    else log.warn(event, "check failed");
  }

  function tellLookup({ source, outcome, reason, seconds }: LookupReport) {
    metrics.lookups.inc({ outcome });
    log.info({ source, outcome, reason, seconds, term: leader.term.epoch }, "looked up");
  }

  function tellSend({ outcome, chatId, rows, error, ageMs, held }: SenderReport) {
    metrics.telegramAnswers.inc({ method: "sendMessage", answer: outcome });
    if (outcome === "sent") {
      metrics.notificationsSent.inc();
      metrics.deliveryDelay.observe({ held: held ? "yes" : "no" }, ageMs / 1_000);
    }
    if (outcome === "parked") metrics.notificationsParked.inc(rows);
    const event = { chat_id: chatId, outcome, rows, error, age_ms: ageMs, term: leader.term.epoch };
    if (outcome === "sent" || outcome === "skipped") log.debug(event, "notified");
    else if (outcome === "parked" || outcome === "revoked") log.error(event, "notification not delivered");
    else log.warn(event, "notification not delivered yet");
  }

  function tellReach(event: ReachEvent) {
    const term = leader.term.epoch;
    for (const why of ["silent", "revoked"]) {
      metrics.telegramLost.set({ why }, event.kind === "lost" && event.why === why ? 1 : 0);
    }
    if (event.kind === "back") return log.info({ term }, "Telegram answers again: sending goes on");
    const { why, error } = event;
    if (why === "silent") return log.warn({ error, term }, "Telegram does not answer: sending waits until it does");
    log.error(
      { error, term },
      "Telegram refuses BOT_TOKEN: nothing is sent. Has it been revoked? Put a new one in and restart",
    );
  }

  function counted({ activeUsers, blockedChats, owed, oldestOwedMs, lagsMs }: Counts) {
    metrics.activeUsers.set(activeUsers);
    metrics.blockedChats.set(blockedChats);
    metrics.outboxDepth.set(owed);
    metrics.outboxOldest.set(oldestOwedMs / 1_000);
    for (const [source, ms] of lagsMs) metrics.checkLag.set({ source }, ms / 1_000);
    for (const { source, budget } of sites) {
      const { used, perMinute, pausedMs, slowness } = budget.state();
      metrics.sourceBudgetUsed.set({ source: source.name }, used);
      metrics.sourceBudget.set({ source: source.name }, perMinute);
      metrics.sourceSlowness.set({ source: source.name }, slowness);
      metrics.sourcePaused.set({ source: source.name }, pausedMs > 0 ? 1 : 0);
    }
  }
}

type OpenSite = { site: Site; close: () => Promise<void> };

/** A database that cannot be read is waited for; no sites when that takes until the end of the term. */
async function openSites(
  options: LeadershipOptions,
  leader: Leader,
  failed: (error: unknown) => void,
): Promise<OpenSite[]> {
  while (!leader.signal.aborted) {
    try {
      return await Promise.all(Object.values(sources).map((source) => openSite(options, leader, source)));
    } catch (error) {
      failed(error);
    }
    await sleep(READ_RETRY_MS, undefined, { signal: leader.signal }).catch(() => undefined);
  }
  return [];
}

async function openSite(
  { config, db, log, metrics }: LeadershipOptions,
  leader: Leader,
  source: Source,
): Promise<OpenSite> {
  const budget = createBudget({
    perMinute: config.sourceRequestsPerMinute,
    spent: await readBudget(db.for("loop_read_budget"), source.name),
    save: async (spent) => {
      await leader.write("loop_save_budget", (orm) => [writeBudget(orm, source.name, spent)]);
    },
  });
  const fetcher = createFetcher({
    baseUrl: { fetta: config.fettaBaseUrl }[source.name] ?? source.home,
    connections: config.sourceConcurrency,
    observe: (outcome) => metrics.sourceRequests.inc({ source: source.name, outcome }),
  });
  const circuit = createCircuit(Math.min(Math.max(config.checkIntervalMs, PROBE_MS.least), PROBE_MS.most));
  const canary = createCanary((await readDistrust(db.for("loop_read_trust"), source.name)) !== undefined);
  const planner = createPlanner({
    orm: db.for("loop_schedule"),
    write: leader.write,
    source: source.name,
    limits: () => ({
      minMs: config.checkIntervalMs,
      maxMs: config.maxCheckIntervalMs,
      requestsPerMs: budget.checksPerMs(),
    }),
    planned: tellPlan,
  });
  let toldMinutes: number | undefined;
  const get = (purpose: "lookup" | "check") =>
    fetcher.within(async (signal) => {
      const end = metrics.sourceBudgetWait.startTimer({ source: source.name, purpose });
      await budget.take(purpose, signal).finally(end);
    });
  return { site: { source, budget, circuit, canary, planner, get }, close: fetcher.close };

  /** Told when it changes: that the budget allows less than the operator's shortest period. */
  function tellPlan({ multiplier, stretch, load, limits }: Plan, streamers: number, cost: number) {
    metrics.scheduleStretch.set({ source: source.name }, stretch);
    metrics.scheduleLoad.set({ source: source.name }, load);
    const minutes = (ms: number) => Math.round(ms / 60_000) || 1;
    const about = multiplier === 0 ? minutes(limits.minMs) : minutes((streamers * cost) / limits.requestsPerMs);
    if (about === toldMinutes) return;
    toldMinutes = about;
    if (multiplier === 0) return;
    const fields = { source: source.name, streamers, requests_per_look: cost, stretch };
    const words = `${streamers} streamers, ${cost.toFixed(1)} requests each: about every ${about} min, wanted ${minutes(limits.minMs)}`;
    if (stretch > 1) log.warn(fields, `${words}; longer than MAX_CHECK_INTERVAL_SECONDS, all are stretched`);
    else log.info(fields, words);
  }
}

function telegramApi({ botToken, botApiRoot }: Config, timeoutSeconds: number): Api {
  return new Api(botToken, { apiRoot: botApiRoot, timeoutSeconds });
}
