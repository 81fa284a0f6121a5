import type { Context } from "grammy";

/**
 * Whether the one who speaks may change what this chat follows: everybody in their private chat, administrators
 * elsewhere. A channel's posts are its administrators'; an anonymous administrator speaks as the group itself.
 * @throws what Telegram answers when it cannot be asked
 */
export async function mayChange(ctx: Context): Promise<boolean> {
  const chat = ctx.chat;
  if (chat === undefined) return false;
  if (chat.type === "private") return true;
  if (ctx.callbackQuery === undefined) {
    if (ctx.channelPost !== undefined) return true;
    if (ctx.msg?.sender_chat !== undefined) return ctx.msg.sender_chat.id === chat.id;
  }
  const from = ctx.from;
  if (from === undefined) return false;
  // Telegram promises an answer to getChatMember about others only to bots that are administrators themselves.
  const administrators = await ctx.api.getChatAdministrators(chat.id);
  return administrators.some(({ user }) => user.id === from.id);
}
