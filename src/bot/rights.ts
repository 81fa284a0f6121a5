import { type Context, GrammyError } from "grammy";

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
  return await isAdministrator(ctx, chat.id, from.id);
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
