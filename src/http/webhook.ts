import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Update } from "grammy/types";
import type { Log } from "../log.ts";

export type Answer = { status: number; headers?: Record<string, string>; body?: string };

export type WebhookOptions = {
  /** What Telegram was told to send along (setWebhook's `secret_token`). */
  secret: string;
  /** Resolves when the update is dealt with for good; a rejection makes Telegram send it again. */
  handle: (update: Update) => Promise<void>;
};

const maxBodyBytes = 1024 * 1024;
const maxInFlight = 200;
const busy: Answer = { status: 503, headers: { "retry-after": "1" } }; // Telegram waits as long before it tries again

/** Takes Telegram's updates: each is confirmed (200) only when its handler has finished, or else sent again later. */
export function createWebhook({ secret, handle, log }: WebhookOptions & { log: Log }) {
  const expected = digest(secret);
  const drained = Promise.withResolvers<void>();
  let inFlight = 0;
  let stopping = false;

  async function take(req: IncomingMessage): Promise<Answer> {
    // Before a byte of the body is read: a stranger costs a hash. Equal lengths, so the comparison's time tells nothing.
    const given = req.headers["x-telegram-bot-api-secret-token"];
    if (typeof given !== "string" || !timingSafeEqual(digest(given), expected)) return { status: 401 };
    if (stopping || inFlight >= maxInFlight) return busy;
    inFlight += 1;
    try {
      return await takeTrusted(req);
    } finally {
      inFlight -= 1;
      if (stopping && inFlight === 0) drained.resolve();
    }
  }

  async function takeTrusted(req: IncomingMessage): Promise<Answer> {
    const body = await readBody(req);
    if (body === "too large") return { status: 413 };
    if (body === "cut off") return { status: 400 };
    const update = parseUpdate(body);
    if (update === undefined) return { status: 400 };
    try {
      await handle(update);
      return { status: 200 };
    } catch (error) {
      log.error({ err: error, update_id: update.update_id, outcome: "failed" }, "update failed");
      return { status: 500 };
    }
  }

  /** Refuses new updates; resolves when those already taken are answered. */
  function stop(): Promise<void> {
    stopping = true;
    if (inFlight === 0) drained.resolve();
    return drained.promise;
  }

  return { take, stop };
}

/** Of its hexadecimal form, in Node's pool: memory of its own would cost more than the hash. */
function digest(text: string): Buffer {
  return Buffer.from(hash("sha256", text, "hex"));
}

/** What exceeds the limit is read and dropped, as far as the server's deadline allows: the client then sees its 413. */
function readBody(req: IncomingMessage): Promise<Buffer | "too large" | "cut off"> {
  if (Number(req.headers["content-length"]) > maxBodyBytes) return Promise.resolve("too large");
  const { promise, resolve } = Promise.withResolvers<Buffer | "too large" | "cut off">();
  let chunks: Buffer[] = [];
  let size = 0;
  req.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBodyBytes) {
      chunks.push(chunk);
    } else {
      chunks = [];
      resolve("too large");
    }
  });
  // Comes in any case, and of one that is cut off an error is told only to those who listen for it (Node 24).
  req.on("close", () => resolve(req.complete ? Buffer.concat(chunks) : "cut off"));
  return promise;
}

function parseUpdate(body: Buffer): Update | undefined {
  try {
    const update: unknown = JSON.parse(body.toString());
    const isUpdate = typeof update === "object" && update !== null && "update_id" in update;
    return isUpdate && Number.isSafeInteger(update.update_id) ? (update as Update) : undefined;
  } catch {
    return undefined;
  }
}
