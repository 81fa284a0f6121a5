import { type Context, GrammyError } from "grammy";
import type { Turn } from "./turn.ts";

/**
 * Whether the one who speaks may change what the chat follows and how it is told: everybody in their private chat,
 * administrators elsewhere, or everybody where the administrators have said so. A channel's posts are its
 * administrators'; an anonymous administrator speaks as the group itself.
 * @throws what Telegram answers when it cannot be asked
 */
export async function mayChange({ ctx, chatId, isAway, settings }: Turn): Promise<boolean> {
  const chat = ctx.chat;
  if (chat === undefined) return false;
  if (isAway) return await mayManage(ctx, chatId);
  if (settings.everybody === true && chat.type !== "channel") return true;
  if (chat.type === "private") return true;
  if (ctx.callbackQuery === undefined) {
    if (ctx.channelPost !== undefined) return true;
    if (ctx.msg?.sender_chat !== undefined) return ctx.msg.sender_chat.id === chat.id;
  }
  return await mayManage(ctx, chat.id);
}

/** Whether the person who speaks is an administrator of that chat. */
export async function mayManage(ctx: Context, chatId: number): Promise<boolean> {
  return ctx.from !== undefined && (await isAdministrator(ctx, chatId, ctx.from.id));
}

/**
 * Telegram promises an answer to getChatMember about others only to bots that are administrators themselves, so the
 * list of administrators is asked for first; a Bot API server that does not give it may still know the one member.
 */
async function isAdministrator({ api }: Context, chatId: number, userId: number): Promise<boolean> {
  try {
    return (await api.getChatAdministrators(chatId)).some(({ user }) => user.id === userId);
  } catch (error) {
    if (!(error instanceof GrammyError)) throw error;
    const { status } = await api.getChatMember(chatId, userId);
    return status === "creator" || status === "administrator";
  }
}
