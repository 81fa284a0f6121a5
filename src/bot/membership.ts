import { type Context, type Filter, matchFilter, type NextFunction } from "grammy";
import { addManager } from "../db/managers.ts";
import { closeChat, meetUser, migrateChat, reopenChat, writeAll } from "../db/users.ts";
import { chatOf, languageFor, say, type Talk, textFor } from "./talk.ts";
import { readable } from "./untrusted.ts";

const TITLE_LENGTH = 64;

const isMembership = matchFilter("my_chat_member");
const isMoveAway = matchFilter("message:migrate_to_chat_id");
const isMoveHere = matchFilter("message:migrate_from_chat_id");

/** What Telegram tells of the chats themselves: added, removed, blocked, unblocked, moved to a new id. `next`: all else. */
export function membership(talk: Talk) {
  return async (ctx: Context, next: NextFunction): Promise<void> => {
    if (isMembership(ctx)) await changeMembership(talk, ctx);
    else if (isMoveAway(ctx)) await move(talk, ctx.chat.id, ctx.msg.migrate_to_chat_id);
    else if (isMoveHere(ctx)) await move(talk, ctx.msg.migrate_from_chat_id, ctx.chat.id);
    else await next();
  };
}

async function move(talk: Talk, from: number, to: number): Promise<void> {
  const orm = talk.db.for("migrate_chat");
  await writeAll(orm, migrateChat(orm, from, to));
}

async function changeMembership(talk: Talk, ctx: Filter<Context, "my_chat_member">): Promise<void> {
  const { old_chat_member: before, new_chat_member: now } = ctx.myChatMember;
  const orm = talk.db.for("membership");
  talk.administrators.forget(ctx.chat.id);
  const isOut = now.status === "kicked" || now.status === "left" || (now.status === "restricted" && !now.is_member);
  if (isOut) {
    await writeAll(orm, closeChat(orm, ctx.chat.id, `the bot is ${now.status}`));
    return;
  }
  const isNew = before.status === "left" || before.status === "kicked";
  const isPrivate = ctx.chat.type === "private";
  // Whoever adds the bot may manage the chat from their private one, as long as they administer it.
  const chat = isNew && !isPrivate ? chatOf(ctx) : undefined;
  const met =
    chat === undefined
      ? []
      : [meetUser(orm, chat, languageFor(ctx)), addManager(orm, ctx.myChatMember.from.id, chat.id)];
  await writeAll(orm, [...met, ...reopenChat(orm, ctx.chat.id)]);
  if (chat?.type === "channel") await tellWhoAdded(talk, ctx);
  else if (chat !== undefined && now.status !== "restricted") await say(ctx, textFor(talk, ctx)("group-hello"));
}

/** In a channel a greeting would be a post: whoever added the bot is told in private, if they have ever started it. */
async function tellWhoAdded(talk: Talk, ctx: Context): Promise<void> {
  const { from, chat } = ctx;
  if (from === undefined || chat?.title === undefined) return;
  const html = textFor(talk, ctx)("group-connected", { title: readable(chat.title, TITLE_LENGTH) ?? "…" });
  await ctx.api.sendMessage(from.id, html, { parse_mode: "HTML" }).catch(() => undefined);
}
