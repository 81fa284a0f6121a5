import type { Context, NextFunction } from "grammy";

/** The updates we ask Telegram for. */
export const ALLOWED_UPDATES = ["message", "channel_post", "callback_query", "my_chat_member"] as const;

export type UpdateKind = (typeof ALLOWED_UPDATES)[number] | "other";

/** What became of one update. */
export type UpdateReport = {
  updateId: number;
  chatId: number | undefined;
  kind: UpdateKind;
  /**
   * `silent`: handled, and nothing was asked of Telegram for it. `shut_out`: the chat takes no messages, the bot having
   * been blocked or removed meanwhile.
   */
  outcome: "answered" | "silent" | "shut_out" | "failed";
  error?: unknown;
  /** From its arrival, with its wait for earlier updates of the chat. */
  seconds: number;
};

/** Tells of each update once, when it has been handled. `watch` comes before all other middleware. */
export function createUpdateReports(tell: (report: UpdateReport) => void) {
  const ends = new WeakMap<Context, Pick<UpdateReport, "outcome" | "error">>();
  return {
    /** The handler of this update threw. */
    failed: (ctx: Context, error: unknown) => void ends.set(ctx, { outcome: "failed", error }),
    shutOut: (ctx: Context) => void ends.set(ctx, { outcome: "shut_out" }),
    async watch(ctx: Context, next: NextFunction): Promise<void> {
      const arrivedAt = performance.now();
      let calls = 0;
      ctx.api.config.use((call, method, payload, signal) => {
        calls += 1;
        return call(method, payload, signal);
      });
      try {
        await next();
      } finally {
        const end = ends.get(ctx) ?? { outcome: calls > 0 ? "answered" : "silent" };
        const seconds = (performance.now() - arrivedAt) / 1_000;
        const { update_id: updateId } = ctx.update;
        // Whatever else stands there was not sent by Telegram, and is nobody's id.
        const chatId = Number.isSafeInteger(ctx.chat?.id) ? ctx.chat?.id : undefined;
        tell({ updateId, chatId, kind: kindOf(ctx.update), ...end, seconds });
      }
    },
  };
}

/** One of few names, whatever the update has in it. */
export function kindOf(update: object): UpdateKind {
  return ALLOWED_UPDATES.find((kind) => Object.hasOwn(update, kind)) ?? "other";
}
