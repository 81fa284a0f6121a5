import type { Context } from "grammy";
import { type Callback, readCallback } from "./buttons.ts";
import { escapeHtml } from "./texts.ts";

/**
 * Asks a question whose answer is a reply to it. What the answer is for travels in a link that nobody sees, so that it
 * is found again by any instance and after any restart. `data`: as in a button, see buttons.ts.
 */
export async function prompt(ctx: Context, html: string, data: string, placeholder: string): Promise<void> {
  // In a group only the one who asked for it is shown a field to answer in: a reply or a mention tells who that is.
  const isPress = ctx.callbackQuery !== undefined;
  const mention =
    isPress && ctx.from !== undefined && ctx.chat?.type !== "private"
      ? `<a href="tg://user?id=${ctx.from.id}">${escapeHtml(ctx.from.first_name)}</a>: `
      : "";
  const link = `https://t.me/${ctx.me.username}?prompt=${encodeURIComponent(data)}`;
  await ctx.reply(`<a href="${link}">\u2060</a>${mention}${html}`, {
    parse_mode: "HTML",
    link_preview_options: { is_disabled: true },
    ...(ctx.msg !== undefined &&
      !isPress && { reply_parameters: { message_id: ctx.msg.message_id, allow_sending_without_reply: true } }),
    reply_markup: { force_reply: true, selective: true, input_field_placeholder: placeholder },
  });
}

/** What the question was for that this message answers; undefined when it answers none of ours. */
export function readPrompt(ctx: Context): Callback | undefined {
  const question = ctx.msg?.reply_to_message;
  if (question === undefined || question.from?.id !== ctx.me.id) return undefined;
  const [entity] = question.entities ?? [];
  if (entity?.type !== "text_link" || entity.offset !== 0) return undefined;
  const { searchParams } = new URL(entity.url);
  return readCallback(searchParams.get("prompt") ?? "");
}
