import { autoRetry } from "@grammyjs/auto-retry";
import { sequentialize } from "@grammyjs/runner";
import { Bot, type Context, GrammyError, type Transformer } from "grammy";
import { createAdministrators } from "./administrators.ts";
import { conversation } from "./conversation.ts";
import { membership } from "./membership.ts";
import { createQuota, type Quota } from "./quota.ts";
import { acknowledge, say, type Talk, textFor } from "./talk.ts";
import { begin } from "./turn.ts";
import { createUpdateReports, type UpdateReport } from "./updates.ts";

export type BotOptions = Omit<Talk, "fileUrl" | "administrators" | "quota"> & { quota?: Quota } & {
  token: string;
  apiRoot: string;
  /** Told of each message and each change of one as it goes out. */
  sends?: () => void;
  /** Sees each call of the Bot API, also those that are made again. */
  watch?: Transformer;
  /** Told of each update when it has been handled, or its handler threw: then the person is told, too. */
  handled?: (update: UpdateReport) => void;
};

/** The bot as chats know it. It neither fetches updates nor wishlists: those are handed to it, and done elsewhere. */
export function createBot({ token, apiRoot, sends, watch, handled = () => undefined, ...given }: BotOptions) {
  const bot = new Bot(token, { client: { apiRoot, timeoutSeconds: 15 } });
  const talk: Talk = {
    quota: createQuota(),
    ...given,
    administrators: createAdministrators(bot.api),
    fileUrl: (path) => `${apiRoot}/file/bot${token}/${path}`,
  };
  if (watch !== undefined) bot.api.config.use(watch);
  bot.api.config.use(async (call, method, payload, signal) => {
    if (/^(send|edit)/.test(method) && method !== "sendChatAction") sends?.();
    return await call(method, payload, signal);
  });
  // Of many answers at once those above Telegram's limit come a second later, or two; what must not be lost goes through
  // the outbox.
  bot.api.config.use(
    autoRetry({ maxRetryAttempts: 3, maxDelaySeconds: 5, rethrowHttpErrors: true, rethrowInternalServerErrors: true }),
  );
  const reports = createUpdateReports(handled);
  const inOrder = sequentialize((ctx: Context) => ctx.chat?.id.toString());
  const tellOfChats = membership(talk);
  const converse = conversation(talk);
  async function answer(ctx: Context): Promise<void> {
    try {
      await tellOfChats(ctx, () => converse(ctx));
    } catch (error) {
      if (isShutOut(ctx, error)) return reports.shutOut(ctx);
      reports.failed(ctx, error);
      await apologise(talk, ctx).catch(() => undefined);
    }
  }
  // In one piece: for an update that asks nothing, the tree that use() and on() build costs twice what all else here does.
  bot.use((ctx) => reports.watch(ctx, () => inOrder(ctx, () => answer(ctx))));
  return bot;
}

/** The chat that the update came from does not take our messages any more: nobody is left to be told of anything. */
function isShutOut({ chat }: Context, error: unknown): boolean {
  return error instanceof GrammyError && error.error_code === 403 && error.payload.chat_id === chat?.id;
}

async function apologise(talk: Talk, ctx: Context): Promise<void> {
  // What went wrong may be the database, which knows the chat's language.
  const known = ctx.chat && (await begin({ talk, ctx, chatId: ctx.chat.id }).catch(() => undefined));
  const text = (known?.text ?? textFor(talk, ctx))("failed");
  if (ctx.callbackQuery !== undefined) await acknowledge(ctx, text);
  else if (ctx.msg !== undefined) await say(ctx, text);
}
