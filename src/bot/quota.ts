import { createRequire } from "node:module";
import type { Context } from "grammy";

const require = createRequire(import.meta.url);
// The package's index loads fifteen kinds of stores: 10 MB for the one that counts in memory.
const RateLimiterMemory: typeof import("rate-limiter-flexible").RateLimiterMemory = require("rate-limiter-flexible/lib/RateLimiterMemory.js");

export type QuotaLimits = {
  /** Commands and messages of one person, and of one chat, in a minute. */
  perPerson: number;
  perChat: number;
  /** Presses of one person in a minute. */
  presses: number;
  /** First looks at streamers that one person asks for in an hour. */
  looks: number;
};

const LIMITS: QuotaLimits = { perPerson: 20, perChat: 40, presses: 60, looks: 100 };

/**
 * - `allowed` · `refused`: too much, and this is the first time it is told · `ignored`: it has been told
 */
export type Ruling = "allowed" | "refused" | "ignored";

/**
 * How much one person, and one chat, may ask. Counted in this process's memory: several instances allow several times
 * as much, and a restart forgets, which is cheap and enough against those who hammer.
 */
export function createQuota(limits: QuotaLimits = LIMITS) {
  const minute = (points: number) => new RateLimiterMemory({ points, duration: 60 });
  const people = minute(limits.perPerson);
  const chats = minute(limits.perChat);
  const presses = minute(limits.presses);
  const looks = new RateLimiterMemory({ points: limits.looks, duration: 3_600 });

  async function take(limiter: InstanceType<typeof RateLimiterMemory>, key: number, points = 1): Promise<Ruling> {
    const { points: most } = limiter;
    const { consumedPoints } = await limiter.penalty(key, points);
    if (consumedPoints <= most) return "allowed";
    return consumedPoints - points <= most ? "refused" : "ignored";
  }

  return {
    /** One command or message. Whoever is over the limit costs the chat nothing. */
    async command({ from, chat }: Context): Promise<Ruling> {
      const own = from === undefined ? "allowed" : await take(people, from.id);
      return own === "allowed" && chat !== undefined ? await take(chats, chat.id) : own;
    },
    async press({ from }: Context): Promise<Ruling> {
      return from === undefined ? "allowed" : await take(presses, from.id);
    },
    /** Whether the asker may have more first looks. A channel's posts have nobody to count them for but itself. */
    async mayLook(ctx: Context): Promise<boolean> {
      return ((await looks.get(asker(ctx)))?.consumedPoints ?? 0) < limits.looks;
    },
    /** So many first looks are made for the asker. */
    async looked(ctx: Context, count: number): Promise<void> {
      if (count > 0) await looks.penalty(asker(ctx), count);
    },
  };
}

export type Quota = ReturnType<typeof createQuota>;

const asker = ({ from, chat }: Context) => from?.id ?? chat?.id ?? 0;
