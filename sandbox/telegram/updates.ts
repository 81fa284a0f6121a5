import type { Changes } from "./changes.ts";
import { jsonOf, type Params } from "./fields.ts";

export type Kind =
  | "message"
  | "edited_message"
  | "channel_post"
  | "edited_channel_post"
  | "callback_query"
  | "my_chat_member";
export type Update = { update_id: number } & Params;
/** An update the bot has not confirmed. `chatId` is whose order it must keep. */
export type Queued = { id: number; chatId: number; update: Update };

export type Updates = ReturnType<typeof createUpdates>;

/** Takes updates to the bot in Telegram's place. */
export type Carrier = (update: Update) => void;

/** What the bot has yet to hear, oldest first. Ids only grow. With a carrier nothing waits here. */
export function createUpdates({ changes, carrier }: { changes: Changes; carrier?: Carrier | undefined }) {
  const queue = new Map<number, Queued>();
  const listeners = new Set<(queued: Queued) => void>();
  let lastId = 100_000_000;
  let allowed: string[] = [];

  const changed = () => changes.emit({ kind: "updates", pending: queue.size });

  return {
    /** Gives the update's id, or 0 when the bot did not ask for this kind (`allowed_updates`). */
    push(chatId: number, kind: Kind, payload: object): number {
      if (allowed.length > 0 && !allowed.includes(kind)) return 0;
      const id = ++lastId;
      const queued: Queued = { id, chatId, update: { update_id: id, [kind]: payload } };
      if (carrier !== undefined) {
        carrier(queued.update);
        return id;
      }
      queue.set(id, queued);
      changed();
      for (const listener of listeners) listener(queued);
      return id;
    },
    onPush: (listener: (queued: Queued) => void) => void listeners.add(listener),
    /** Takes `allowed_updates` of a request; without it the last choice stays, and [] means every kind. */
    allow(params: Params) {
      let kinds: unknown;
      try {
        kinds = jsonOf(params, "allowed_updates", "");
      } catch {}
      if (Array.isArray(kinds)) allowed = kinds.map((kind) => String(kind).toLowerCase());
    },
    allowed: () => allowed,
    first(limit: number): Queued[] {
      return queue.values().take(limit).toArray();
    },
    has: (id: number) => queue.has(id),
    confirm(id: number) {
      if (queue.delete(id)) changed();
    },
    confirmBelow(id: number) {
      const before = queue.size;
      for (const old of queue.keys()) {
        if (old >= id) break;
        queue.delete(old);
      }
      if (queue.size !== before) changed();
    },
    /** Forgets all but the newest `count`. */
    keepNewest(count: number) {
      for (const id of [...queue.keys()].slice(0, Math.max(queue.size - count, 0))) queue.delete(id);
      changed();
    },
    pending: () => queue.size,
  };
}
