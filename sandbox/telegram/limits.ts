import type { Room } from "./chats.ts";
import { tooManyRequests } from "./errors.ts";

/** Messages and edits Telegram takes (core.telegram.org/bots/faq, "My bot is hitting limits"). */
export type Limits = {
  overallPerSecond: number;
  /** A private chat takes one a second, and this many at once after a rest. */
  privateBurst: number;
  groupPerMinute: number;
};
const defaults: Limits = { overallPerSecond: 30, privateBurst: 3, groupPerMinute: 20 };

/** Flood control: `take` counts one message or edit, or refuses it with 429. A refused one is not counted. */
export function createLimits({ now, limits = {} }: { now: () => number; limits?: Partial<Limits> }) {
  const { overallPerSecond, privateBurst, groupPerMinute } = { ...defaults, ...limits };
  const overall = createWindow(overallPerSecond, 1000);
  const groups = new Map<number, ReturnType<typeof createWindow>>();
  const buckets = new Map<number, { tokens: number; at: number }>();

  return {
    /** @throws {ApiError} 429 with `retry_after` in whole seconds */
    take(room: Room) {
      const at = now();
      const group = room.type === "private" ? undefined : (groups.get(room.id) ?? createWindow(groupPerMinute, 60_000));
      const bucket = buckets.get(room.id) ?? { tokens: privateBurst, at };
      const tokens = Math.min(privateBurst, bucket.tokens + (at - bucket.at) / 1000);
      const own = group === undefined ? (tokens >= 1 ? 0 : (1 - tokens) * 1000) : group.wait(at);
      const wait = Math.max(overall.wait(at), own);
      if (wait > 0) throw tooManyRequests(Math.ceil(wait / 1000));
      overall.add(at);
      if (group === undefined) return void buckets.set(room.id, { tokens: tokens - 1, at });
      groups.set(room.id, group);
      group.add(at);
    },
  };
}

/** At most `count` in any `lengthMs`. */
function createWindow(count: number, lengthMs: number) {
  let taken: number[] = [];
  return {
    /** How long until the next one may come, in ms. */
    wait(at: number) {
      taken = taken.filter((one) => one > at - lengthMs);
      const oldest = taken[taken.length - count];
      return oldest === undefined ? 0 : oldest + lengthMs - at;
    },
    add: (at: number) => void taken.push(at),
  };
}
