import { Composer } from "grammy";
import { closeChat, migrateChat, reopenChat, writeAll } from "../db/users.ts";
import { say, type Talk, textFor } from "./talk.ts";

/** What Telegram tells of the chats themselves: added, removed, blocked, unblocked, moved to a new id. */
export function membership(talk: Talk) {
  const composer = new Composer();
  composer.on("my_chat_member", async (ctx) => {
    const { old_chat_member: before, new_chat_member: now } = ctx.myChatMember;
    const orm = talk.db.for("membership");
    const isOut = now.status === "kicked" || now.status === "left" || (now.status === "restricted" && !now.is_member);
    if (isOut) {
      await writeAll(orm, closeChat(orm, ctx.chat.id, `the bot is ${now.status}`));
      return;
    }
    await writeAll(orm, reopenChat(orm, ctx.chat.id));
    const isNew = before.status === "left" || before.status === "kicked";
    const isGroup = ctx.chat.type === "group" || ctx.chat.type === "supergroup";
    if (isNew && isGroup && now.status !== "restricted") await say(ctx, textFor(talk, ctx)("group-hello"));
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
