import { Composer, type Context } from "grammy";
import { addManager } from "../db/managers.ts";
import { closeChat, meetUser, migrateChat, reopenChat, writeAll } from "../db/users.ts";
import { chatOf, languageFor, say, type Talk, textFor } from "./talk.ts";
import { readable } from "./untrusted.ts";

const TITLE_LENGTH = 64;

/** What Telegram tells of the chats themselves: added, removed, blocked, unblocked, moved to a new id. */
export function membership(talk: Talk) {
  const composer = new Composer();
  composer.on("my_chat_member", async (ctx) => {
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
  });
  composer.on("message:migrate_to_chat_id", async (ctx) => {
    const orm = talk.db.for("migrate_chat");
    await writeAll(orm, migrateChat(orm, ctx.chat.id, ctx.msg.migrate_to_chat_id));
  });
  composer.on("message:migrate_from_chat_id", async (ctx) => {
    const orm = talk.db.for("migrate_chat");
    await writeAll(orm, migrateChat(orm, ctx.msg.migrate_from_chat_id, ctx.chat.id));
  });
  return composer;
}

/** In a channel a greeting would be a post: whoever added the bot is told in private, if they have ever started it. */
async function tellWhoAdded(talk: Talk, ctx: Context): Promise<void> {
  const { from, chat } = ctx;
  if (from === undefined || chat?.title === undefined) return;
  const html = textFor(talk, ctx)("group-connected", { title: readable(chat.title, TITLE_LENGTH) ?? "…" });
  await ctx.api.sendMessage(from.id, html, { parse_mode: "HTML" }).catch(() => undefined);
}
