import { autoRetry } from "@grammyjs/auto-retry";
import { sequentialize } from "@grammyjs/runner";
import { Bot, type Context } from "grammy";
import { conversation } from "./conversation.ts";
import { membership } from "./membership.ts";
import { acknowledge, say, type Talk, textFor } from "./talk.ts";

/** The updates we ask Telegram for. */
export const ALLOWED_UPDATES = ["message", "channel_post", "callback_query", "my_chat_member"] as const;

export type BotOptions = Talk & {
  token: string;
  apiRoot: string;
  /** A handler threw; the person has been told. */
  failed: (error: unknown, updateId: number) => void;
};

/** The bot as chats know it. It neither fetches updates nor wishlists: those are handed to it, and done elsewhere. */
export function createBot({ token, apiRoot, failed, ...talk }: BotOptions) {
  const bot = new Bot(token, { client: { apiRoot, timeoutSeconds: 15 } });
  // An answer is worth one more try; what must not be lost goes through the outbox.
  bot.api.config.use(
    autoRetry({ maxRetryAttempts: 1, maxDelaySeconds: 5, rethrowHttpErrors: true, rethrowInternalServerErrors: true }),
  );
  bot.use(sequentialize((ctx: Context) => ctx.chat?.id.toString()));
  bot.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      failed(error, ctx.update.update_id);
      await apologise(talk, ctx).catch(() => undefined);
    }
  });
  bot.use(membership(talk), conversation(talk));
  return bot;
}

async function apologise(talk: Talk, ctx: Context): Promise<void> {
  const text = textFor(talk, ctx)("failed");
  if (ctx.callbackQuery !== undefined) await acknowledge(ctx, text);
  else if (ctx.msg !== undefined) await say(ctx, text);
}
