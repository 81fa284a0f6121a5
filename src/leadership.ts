import { Api } from "grammy";
import type { Update } from "grammy/types";
import { createBell } from "./bell.ts";
import { renderLookups } from "./bot/lookup-message.ts";
import { renderNews } from "./bot/notification.ts";
import { pollUpdates } from "./bot/polling.ts";
import type { Texts } from "./bot/texts.ts";
import { createBudget } from "./checker/budget.ts";
import { type CheckReport, runChecks } from "./checker/checks.ts";
import { createCircuit } from "./checker/circuit.ts";
import { createFetcher } from "./checker/fetcher.ts";
import type { Leader } from "./checker/leader.ts";
import { type LookupReport, runLookups } from "./checker/lookups.ts";
import type { Site } from "./checker/site.ts";
import type { Source } from "./checker/source.ts";
import { sources } from "./checker/sources/index.ts";
import type { Config } from "./config.ts";
import { readBudget, writeBudget } from "./db/budgets.ts";
import type { Database } from "./db/client.ts";
import { runLookupAnswers } from "./delivery/lookup-answers.ts";
import { type OutgoingMessage, runSender, type SenderReport } from "./delivery/sender.ts";
import { keepHouse } from "./housekeeping.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type LeadershipOptions = {
  config: Config;
  db: Database;
  log: Log;
  metrics: Metrics;
  texts: Texts;
  /** Handles one update; in polling mode the leader takes them. */
  handle: (update: Update) => Promise<void>;
};

/** While a site fails, it is asked about once an interval, but neither hammered nor forgotten. */
const PROBE_MS = { least: 1_000, most: 60_000 };

/** Everything that only the leader does, until its signal aborts and what it had begun is finished. */
export async function workAsLeader(options: LeadershipOptions, leader: Leader): Promise<void> {
  const { config, db, log, metrics, texts } = options;
  const orm = db.for;
  const failed = (what: string) => (error: unknown) => log.error({ err: error, term: leader.term.epoch }, what);
  const news = createBell();
  const answers = createBell();
  const opened = await Promise.all(Object.values(sources).map((source) => openSite(options, leader, source)));
  const sites = opened.map(({ site }) => site);
  const { checkIntervalMs: intervalMs, sourceConcurrency: concurrency, maxTrackings, messagesPerSecond } = config;

  // Sends end before a rival may take over: a sixth of the lease, where trust ends a quarter before it does.
  const api = telegramApi(config, config.lockStaleMs / 6000);
  const loops = [
    ...sites.flatMap((site) => [
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
      runLookups(
        {
          orm,
          site,
          intervalMs,
          concurrency,
          maxTrackings,
          report: tellLookup,
          answered: answers.ring,
          failed: failed("lookup not recorded"),
        },
        leader,
      ),
    ]),
    runSender(
      {
        orm,
        send: (chatId, threadId, message, plain) => sendNews(api, chatId, threadId, message, plain),
        render: (told) => renderNews(texts, told),
        messagesPerSecond,
        staleMs: config.lockStaleMs,
        bell: news,
        report: tellSend,
        failed: failed("notification not handled"),
      },
      leader,
    ),
    runLookupAnswers(
      {
        orm,
        edit: async (chatId, messageId, html) => {
          await api.editMessageText(chatId, messageId, html, {
            parse_mode: "HTML",
            link_preview_options: { is_disabled: true },
          });
        },
        send: (chatId, threadId, html) => sendNews(api, chatId, threadId, { html, plain: html }, false),
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
    keepHouse({ orm, counted, failed: failed("housekeeping failed") }, leader),
  ];
  if (config.webhook === undefined) loops.push(takeUpdates());
  try {
    await Promise.all(loops);
  } finally {
    await Promise.all(opened.map(({ close }) => close()));
  }

  async function takeUpdates() {
    // Longer than the long poll; a webhook left over from another deployment would make every poll a conflict.
    const poller = telegramApi(config, 45);
    const pollFailed = failed("updates not received");
    await poller.deleteWebhook({ drop_pending_updates: false }).catch(pollFailed);
    await pollUpdates({ api: poller, handle: options.handle, failed: pollFailed }, leader.signal);
  }

  function tellCheck({ source, streamerId, outcome, reason, added, seconds, lateMs }: CheckReport) {
    metrics.streamersChecked.inc({ source, outcome });
    metrics.checkDuration.observe(seconds);
    metrics.newItems.inc(added);
    const event = {
      source,
      streamer: streamerId,
      outcome,
      reason,
      added,
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

  function tellSend({ outcome, chatId, rows, error, ageMs }: SenderReport) {
    metrics.telegramAnswers.inc({ method: "sendMessage", answer: outcome });
    if (outcome === "sent") metrics.notificationsSent.inc();
    if (outcome === "parked") metrics.notificationsParked.inc(rows);
    const event = { chat_id: chatId, outcome, rows, error, age_ms: ageMs, term: leader.term.epoch };
    if (outcome === "sent" || outcome === "skipped") log.debug(event, "notified");
    else if (outcome === "parked" || outcome === "revoked") log.error(event, "notification not delivered");
    else log.warn(event, "notification not delivered yet");
  }

  function counted({ activeUsers, owed }: { activeUsers: number; owed: number }) {
    metrics.activeUsers.set(activeUsers);
    metrics.outboxDepth.set(owed);
    for (const { source, budget } of sites) {
      const { used, pausedMs } = budget.state();
      metrics.sourceBudgetUsed.set({ source: source.name }, used);
      metrics.sourcePaused.set({ source: source.name }, pausedMs > 0 ? 1 : 0);
    }
  }
}

async function openSite(
  { config, db, metrics }: LeadershipOptions,
  leader: Leader,
  source: Source,
): Promise<{ site: Site; close: () => Promise<void> }> {
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
  const get = (purpose: "lookup" | "check") => fetcher.within((signal) => budget.take(purpose, signal));
  return { site: { source, budget, circuit, get }, close: fetcher.close };
}

function telegramApi({ botToken, botApiRoot }: Config, timeoutSeconds: number): Api {
  return new Api(botToken, { apiRoot: botApiRoot, timeoutSeconds });
}

async function sendNews(
  api: Api,
  chatId: number,
  threadId: number,
  { html, plain, previewUrl }: OutgoingMessage,
  asPlain: boolean,
): Promise<number> {
  const { message_id: messageId } = await api.sendMessage(chatId, asPlain ? plain : html, {
    ...(asPlain ? {} : { parse_mode: "HTML" as const }),
    ...(threadId === 0 ? {} : { message_thread_id: threadId }),
    link_preview_options:
      previewUrl === undefined || asPlain
        ? { is_disabled: true }
        : { url: previewUrl, prefer_large_media: true, show_above_text: true },
  });
  return messageId;
}
