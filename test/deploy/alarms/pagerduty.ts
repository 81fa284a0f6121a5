import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What woke somebody, or let them sleep again. */
export type Page = {
  /** On performance.now()'s clock. */
  at: number;
  action: "trigger" | "resolve";
  /** The incident. */
  key: string;
  severity: string;
  summary: string;
  /** The alerts that it tells of as firing, by the anchors of docs/alerts.md: in lower case. */
  alerts: string[];
};

export type PagerDuty = Awaited<ReturnType<typeof startPagerDuty>>;

type Event = {
  routing_key?: unknown;
  event_action?: unknown;
  dedup_key?: unknown;
  payload?: { summary?: unknown; source?: unknown; severity?: unknown; custom_details?: Record<string, unknown> };
};

/**
 * The end of PagerDuty that takes events, on loopback, as strict as its documentation
 * (https://developer.pagerduty.com/docs/send-alert-event: "Events API v2").
 * @param key of the integration: others are refused
 */
export async function startPagerDuty(key: string) {
  const pages: Page[] = [];
  const refused: string[] = [];
  const server = createServer(async (request, response) => {
    const event = (await json(request).catch(() => ({}))) as Event;
    const faults = request.url === "/v2/enqueue" && request.method === "POST" ? faultsOf(event, key) : ["no such path"];
    if (faults.length > 0) {
      refused.push(faults.join(", "));
      response.writeHead(400, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ status: "invalid event", message: "invalid", errors: faults }));
    }
    const { summary, severity, custom_details = {} } = event.payload ?? {};
    const anchors = String(custom_details.what_to_do ?? "").matchAll(/#(\w+)/g);
    pages.push({
      at: performance.now(),
      action: event.event_action === "trigger" ? "trigger" : "resolve",
      key: String(event.dedup_key),
      severity: String(severity),
      summary: String(summary),
      alerts: Array.from(anchors, ([, name = ""]) => name),
    });
    response.writeHead(202, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", message: "Event processed", dedup_key: event.dedup_key }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/enqueue`,
    pages,
    /** Why events were refused. */
    refused,
    /** Incidents that are open now. */
    open(): string[] {
      const last = new Map(pages.map(({ key: incident, action }) => [incident, action]));
      return [...last].filter(([, action]) => action === "trigger").map(([incident]) => incident);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function faultsOf({ routing_key, event_action, dedup_key, payload }: Event, key: string): string[] {
  const faults: string[] = [];
  if (routing_key !== key) faults.push("routing_key is not the integration's");
  if (event_action !== "trigger" && event_action !== "resolve") faults.push(`event_action is ${event_action}`);
  if (typeof dedup_key !== "string" || dedup_key.length > 255) faults.push("dedup_key is no text of 255 characters");
  if (event_action === "trigger" && !isPayload(payload)) faults.push(`payload is ${JSON.stringify(payload)}`);
  return faults;
}

function isPayload({ summary, source, severity }: NonNullable<Event["payload"]> = {}): boolean {
  const isSaid = typeof summary === "string" && summary !== "" && summary.length <= 1024;
  return isSaid && typeof source === "string" && ["critical", "error", "warning", "info"].includes(String(severity));
}
