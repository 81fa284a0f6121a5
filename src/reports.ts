import type { UpdateReport } from "./bot/updates.ts";
import type { CheckReport } from "./checker/check.ts";
import type { LookupReport } from "./checker/lookups.ts";
import { PARTS, type Part } from "./db/halts.ts";
import type { ReachEvent } from "./delivery/reach.ts";
import type { SenderReport } from "./delivery/sender.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What became of a call of the Bot API that is no news. */
type CallReport = { chatId: number; outcome: string; error?: string };

/** What the leader's loops report, as lines of the log and as metrics. `term` counts the leaders there have been. */
export function createReports({ log, metrics, term }: { log: Log; metrics: Metrics; term: number }) {
  function halts(halted: Part[]) {
    for (const part of PARTS) metrics.halted.set({ part }, halted.includes(part) ? 1 : 0);
    if (halted.length > 0) log.warn({ halted, term }, "halted by an operator");
    else log.info({ term }, "nothing is halted");
  }

  function check({ source, streamerId, outcome, reason, added, requests, seconds, lateMs }: CheckReport) {
    metrics.streamersChecked.inc({ source, outcome });
    metrics.checkDuration.observe(seconds);
    metrics.newItems.inc(added);
    const event = {
      ...{ source, streamer: streamerId, outcome, reason, added, requests },
      ...{ duration_ms: toMs(seconds), late_ms: Math.round(lateMs), term },
    };
    if (reason === undefined) log[added > 0 ? "info" : "debug"](event, "checked");
    else log.warn(event, "check failed");
  }

  function lookup({ source, streamerId, outcome, reason, seconds }: LookupReport) {
    metrics.lookups.inc({ outcome });
    log.info({ source, streamer: streamerId, outcome, reason, duration_ms: toMs(seconds), term }, "looked up");
  }

  function send({
    outcome,
    chatId,
    streamerId,
    messageId,
    rows,
    error,
    ageMs,
    seconds,
    held,
    isRecorded,
  }: SenderReport) {
    metrics.telegramAnswers.inc({ method: "sendMessage", answer: outcome });
    if (outcome === "sent") {
      metrics.notificationsSent.inc();
      metrics.deliveryDelay.observe({ held: held ? "yes" : "no" }, ageMs / 1_000);
    }
    if (outcome === "parked") metrics.notificationsParked.inc(rows);
    const event = {
      ...{ chat_id: chatId, streamer: streamerId, message_id: messageId, outcome, reason: error, rows },
      ...{ duration_ms: seconds === undefined ? undefined : toMs(seconds), age_ms: Math.round(ageMs), term },
      ...(isRecorded ? {} : { recorded: false }),
    };
    if (outcome === "sent") log.info(event, "notified");
    else if (outcome === "skipped") log.debug(event, "notified");
    else if (outcome === "parked" || outcome === "revoked") log.error(event, "notification not delivered");
    else log.warn(event, "notification not delivered yet");
  }

  /** `done` and `failed` are what the log says of a call that Telegram took, and of one that it did not take. */
  const call = (method: string, done: string, failed: string) => (report: CallReport) => {
    const { chatId, outcome, error } = report;
    metrics.telegramAnswers.inc({ method, answer: outcome });
    const event = { chat_id: chatId, outcome, reason: error, term };
    if (error === undefined) log.info(event, done);
    else log.warn(event, failed);
  };

  function reach(event: ReachEvent) {
    for (const why of ["silent", "revoked"]) {
      metrics.telegramLost.set({ why }, event.kind === "lost" && event.why === why ? 1 : 0);
    }
    if (event.kind === "back") return log.info({ term }, "Telegram answers again: sending goes on");
    const { why, error: reason } = event;
    if (why === "silent") return log.warn({ reason, term }, "Telegram does not answer: sending waits until it does");
    log.error(
      { reason, term },
      "Telegram refuses BOT_TOKEN: nothing is sent. Has it been revoked? Put a new one in and restart",
    );
  }

  return {
    ...{ halts, check, lookup, send, reach },
    edit: call("editMessageText", "told news changed", "told news not changed"),
    announcement: call("broadcast", "announced", "announcement not delivered"),
    answer: call("lookup_answer", "answer shown", "answer not shown"),
  };
}

/**
 * What becomes of each update, as a line of the log and as metrics. What people say to each other where the bot can hear
 * it is a detail.
 */
export function tellUpdates({ log, metrics }: { log: Log; metrics: Metrics }) {
  return ({ updateId, chatId, kind, outcome, error, seconds }: UpdateReport): void => {
    metrics.updates.inc({ kind });
    metrics.updateDuration.observe({ kind }, seconds);
    const event = { update_id: updateId, chat_id: chatId, kind, outcome, duration_ms: toMs(seconds) };
    if (outcome === "failed") {
      metrics.updatesFailed.inc();
      log.error({ err: error, ...event }, "update failed");
    } else if (outcome === "silent" && /message|post/.test(kind)) log.debug(event, "update handled");
    else log.info(event, "update handled");
  };
}

/** Whole ones. */
function toMs(seconds: number): number {
  return Math.round(seconds * 1_000);
}
