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
import { runChecks } from "./checker/checks.ts";
import type { Leader } from "./checker/leader.ts";
import { runLookups } from "./checker/lookups.ts";
import type { Site } from "./checker/site.ts";
import { sources } from "./checker/sources/index.ts";
import type { Config } from "./config.ts";
import type { Database } from "./db/client.ts";
import { markDistrustTold, readDistrust } from "./db/source-states.ts";
import { runBroadcastProgress } from "./delivery/broadcast-progress.ts";
import { runBroadcasts } from "./delivery/broadcasts.ts";
import type { Render } from "./delivery/compose.ts";
import { runEdits } from "./delivery/edits.ts";
import { runIncidentDigest } from "./delivery/incident-digest.ts";
import { runLookupAnswers } from "./delivery/lookup-answers.ts";
import type { Pace } from "./delivery/pace.ts";
import { runSender } from "./delivery/sender.ts";
import { createTelegram } from "./delivery/telegram.ts";
import { watchAnswers } from "./delivery/watch.ts";
import { runUnlessHalted } from "./halts.ts";
import { type Counts, keepHouse } from "./housekeeping.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { createReports } from "./reports.ts";
import { openSites } from "./sites.ts";

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

const WARN_POLL_MS = 5_000;
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
  const tell = createReports({ log, metrics, term: leader.term.epoch });
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
          report: tell.check,
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
          report: tell.lookup,
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
          report: tell.send,
          reached: tell.reach,
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
          report: tell.edit,
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
          report: tell.announcement,
          failed: failed("announcement not handled"),
        },
        leader,
      ),
  ];
  const loops = [
    runUnlessHalted(
      { orm, told: tell.halts, failed: failed("halts not read") },
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
        report: tell.answer,
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
    keepHouse(
      { orm, sources: sources.map(({ name }) => name), counted, failed: failed("housekeeping failed") },
      leader,
    ),
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
            { source: source.name, age_ms: Math.round(distrust.sinceMs), term: leader.term.epoch },
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

  function counted({ activeUsers, blockedChats, owed, oldestOwedMs, lagsMs, size }: Counts) {
    metrics.activeUsers.set(activeUsers);
    metrics.blockedChats.set(blockedChats);
    metrics.outboxDepth.set(owed);
    metrics.outboxOldest.set(oldestOwedMs / 1_000);
    // A file's is asked by each instance, when it is scraped.
    if (db.size() === undefined) metrics.databaseSize.set(size?.bytes ?? 0);
    metrics.databaseFree.set(size?.freeBytes ?? 0);
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

function telegramApi({ botToken, botApiRoot }: Config, timeoutSeconds: number): Api {
  return new Api(botToken, { apiRoot: botApiRoot, timeoutSeconds });
}
