import type { CheckReport } from "./checker/check.ts";
import type { LookupReport } from "./checker/lookups.ts";
import { PARTS, type Part } from "./db/halts.ts";
import type { ReachEvent } from "./delivery/reach.ts";
import type { SenderReport } from "./delivery/sender.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What the leader's loops report, as lines of the log and as metrics. `term` counts the leaders there have been. */
export function createReports({ log, metrics, term }: { log: Log; metrics: Metrics; term: number }) {
  function tellHalts(halted: Part[]) {
    for (const part of PARTS) metrics.halted.set({ part }, halted.includes(part) ? 1 : 0);
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
      term: term,
    };
    if (reason === undefined) log[added > 0 ? "info" : "debug"](event, "checked");
    else log.warn(event, "check failed");
  }

  function tellLookup({ source, outcome, reason, seconds }: LookupReport) {
    metrics.lookups.inc({ outcome });
    log.info({ source, outcome, reason, seconds, term: term }, "looked up");
  }

  function tellSend({ outcome, chatId, rows, error, ageMs, held }: SenderReport) {
    metrics.telegramAnswers.inc({ method: "sendMessage", answer: outcome });
    if (outcome === "sent") {
      metrics.notificationsSent.inc();
      metrics.deliveryDelay.observe({ held: held ? "yes" : "no" }, ageMs / 1_000);
    }
    if (outcome === "parked") metrics.notificationsParked.inc(rows);
    const event = { chat_id: chatId, outcome, rows, error, age_ms: ageMs, term: term };
    if (outcome === "sent" || outcome === "skipped") log.debug(event, "notified");
    else if (outcome === "parked" || outcome === "revoked") log.error(event, "notification not delivered");
    else log.warn(event, "notification not delivered yet");
  }

  function tellReach(event: ReachEvent) {
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

  return { tellHalts, tellCheck, tellLookup, tellSend, tellReach };
}
