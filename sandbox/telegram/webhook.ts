import http from "node:http";
import https from "node:https";
import { badRequest } from "./errors.ts";
import { flagOf, integerOf, isObject, type Params, textOf } from "./fields.ts";
import type { Queued, Updates } from "./updates.ts";

export type WebhookOptions = {
  /** The first pause after a failed delivery; doubles from then on, up to a minute. Default 200. */
  retryMs?: number;
  /** How long a delivery may take. Default 60 000, as Telegram. */
  timeoutMs?: number;
};

type Hook = {
  url: string;
  secretToken: string | undefined;
  maxConnections: number;
  agent: http.Agent;
  timers: Set<NodeJS.Timeout>;
};
/** Updates of one chat, in order; one of them is under way, waits for its next try, or is about to go out. */
type Lane = { queued: Queued[]; retryMs: number };
type Outcome = { ok: boolean; reason: string; retryAfterMs: number; body: string };

const longestRetryMs = 60_000;

/**
 * Delivers updates to the bot's server as Telegram does: the next update of a chat waits until the one before it was
 * answered with 2xx, other chats go in parallel, failures are tried again. `reply` performs a method that the answer's body names.
 */
export function createWebhook({
  updates,
  now,
  onSet,
  reply,
  options = {},
}: {
  updates: Updates;
  now: () => number;
  onSet: () => void;
  reply: (method: string, params: Params) => void;
  options?: WebhookOptions | undefined;
}) {
  const { retryMs = 200, timeoutMs = 60_000 } = options;
  const lanes = new Map<number, Lane>();
  const ready: Lane[] = [];
  let hook: Hook | undefined;
  let active = 0;
  let lastError: { at: number; reason: string } | undefined;

  function enqueue(queued: Queued) {
    const lane = lanes.get(queued.chatId);
    if (lane !== undefined) return void lane.queued.push(queued);
    const fresh = { queued: [queued], retryMs };
    lanes.set(queued.chatId, fresh);
    ready.push(fresh);
  }

  function pump() {
    while (hook !== undefined && active < hook.maxConnections) {
      const lane = ready.shift();
      if (lane === undefined) return;
      active++;
      void deliver(hook, lane);
    }
  }

  async function deliver(to: Hook, lane: Lane) {
    const [queued] = lane.queued;
    const outcome = queued === undefined ? undefined : await post(to, queued.update, timeoutMs);
    if (to !== hook) return; // set anew or deleted meanwhile: the new one starts from the queue
    active--;
    if (queued !== undefined && outcome?.ok) {
      lane.queued.shift();
      lane.retryMs = retryMs;
      updates.confirm(queued.id);
      replyFrom(outcome.body);
      if (lane.queued.length > 0) ready.push(lane);
      else lanes.delete(queued.chatId);
    } else if (outcome !== undefined) {
      lastError = { at: now(), reason: outcome.reason };
      const timer = setTimeout(() => {
        to.timers.delete(timer);
        ready.push(lane);
        pump();
      }, outcome.retryAfterMs || lane.retryMs);
      to.timers.add(timer);
      lane.retryMs = Math.min(lane.retryMs * 2, longestRetryMs);
    }
    pump();
  }

  function replyFrom(body: string) {
    if (!body.startsWith("{")) return;
    try {
      const answer: unknown = JSON.parse(body);
      if (isObject(answer) && typeof answer.method === "string") reply(answer.method, answer);
    } catch {
      // An answer that is not JSON is no request; the update is confirmed all the same.
    }
  }

  function remove() {
    for (const timer of hook?.timers ?? []) clearTimeout(timer);
    hook?.agent.destroy();
    hook = undefined;
    active = 0;
    lanes.clear();
    ready.length = 0;
  }

  function deleteWebhook(params: Params) {
    remove();
    if (flagOf(params, "drop_pending_updates")) updates.keepNewest(0);
    return true;
  }

  updates.onPush((queued) => {
    if (hook === undefined) return;
    enqueue(queued);
    // On the next turn: whoever speaks gets the update's id before the bot gets the update.
    setImmediate(pump);
  });

  return {
    get: () => hook && { url: hook.url, secretToken: hook.secretToken },
    setWebhook(params: Params) {
      const url = textOf(params, "url");
      const secret = textOf(params, "secret_token");
      if (url === "") return deleteWebhook(params);
      const { protocol } = checkAddress(url);
      if (secret.length > 256) throw badRequest("secret token is too long");
      if (!/^[A-Za-z0-9_-]*$/.test(secret)) throw badRequest("secret token contains unallowed characters");
      const isDropping = flagOf(params, "drop_pending_updates");
      const maxConnections = integerOf(params, "max_connections", 40, 1, 100);
      updates.allow(params);
      const isSame = hook?.url === url && (hook.secretToken ?? "") === secret && hook.maxConnections === maxConnections;
      if (isSame && !isDropping) return true;
      if (isDropping) updates.keepNewest(0);
      onSet();
      remove();
      const agent = new (protocol === "https:" ? https : http).Agent({ keepAlive: true });
      hook = { url, secretToken: secret || undefined, maxConnections, agent, timers: new Set() };
      lastError = undefined;
      for (const queued of updates.first(updates.pending())) enqueue(queued);
      pump();
      return true;
    },
    deleteWebhook,
    getWebhookInfo() {
      const kinds = updates.allowed();
      return {
        url: hook?.url ?? "",
        has_custom_certificate: false,
        pending_update_count: updates.pending(),
        ...(hook === undefined ? {} : { max_connections: hook.maxConnections }),
        ...(hook === undefined || lastError === undefined
          ? {}
          : { last_error_date: Math.floor(lastError.at / 1000), last_error_message: lastError.reason }),
        ...(kinds.length > 0 ? { allowed_updates: kinds } : {}),
      };
    },
    close: remove,
  };
}

/** Telegram wants HTTPS on four ports; here loopback may do as it likes. */
function checkAddress(url: string): URL {
  const address = URL.parse(/^[a-z]+:\/\//i.test(url) ? url : `https://${url}`);
  if (address === null || !/^https?:$/.test(address.protocol)) throw badRequest("invalid webhook URL specified");
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address.hostname)) return address;
  if (address.protocol === "http:") throw badRequest("bad webhook: An HTTPS URL must be provided for webhook");
  if (!["", "443", "80", "88", "8443"].includes(address.port)) {
    throw badRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
  }
  return address;
}

/** Never rejects: what went wrong is in `reason`. */
function post({ url, secretToken, agent }: Hook, update: object, timeoutMs: number): Promise<Outcome> {
  const body = JSON.stringify(update);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(secretToken === undefined ? {} : { "x-telegram-bot-api-secret-token": secretToken }),
  };
  return new Promise((resolve) => {
    const fail = (reason: string) => resolve({ ok: false, reason, retryAfterMs: 0, body: "" });
    const request = (url.startsWith("https:") ? https : http).request(url, { method: "POST", agent, headers });
    request.setTimeout(timeoutMs, () => request.destroy(new Error("Read timeout expired")));
    request.on("error", (error) => fail(error.message));
    request.on("response", (response) => {
      const status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => fail(error.message));
      response.on("end", () =>
        resolve({
          ok: status >= 200 && status <= 299,
          reason: `Wrong response from the webhook: ${status} ${response.statusMessage}`,
          retryAfterMs: Math.min(Number(response.headers["retry-after"]) || 0, 3600) * 1000,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(body);
  });
}
