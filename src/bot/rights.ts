import type { Context } from "grammy";
import type { Talk } from "./talk.ts";
import type { Turn } from "./turn.ts";

/**
 * Whether the one who speaks may change what the chat follows and how it is told: everybody in their private chat,
 * administrators elsewhere, or everybody where the administrators have said so. A channel's posts are its
 * administrators'; an anonymous administrator speaks as the group itself.
 * @throws what Telegram answers when it cannot be asked
 */
export async function mayChange({ talk, ctx, chatId, isAway, settings }: Turn): Promise<boolean> {
  const chat = ctx.chat;
  if (chat === undefined) return false;
  if (isAway) return await mayManage(talk, ctx, chatId);
  if (settings.everybody === true && chat.type !== "channel") return true;
  if (chat.type === "private") return true;
  if (ctx.callbackQuery === undefined) {
    if (ctx.channelPost !== undefined) return true;
    if (ctx.msg?.sender_chat !== undefined) return ctx.msg.sender_chat.id === chat.id;
  }
  return await mayManage(talk, ctx, chat.id);
}

/** Whether the person who speaks is an administrator of that chat. */
export async function mayManage({ administrators }: Talk, { from }: Context, chatId: number): Promise<boolean> {
  return from !== undefined && (await administrators.has(chatId, from.id));
}
