import type { Room, Stored } from "./chats.ts";
import type { Core } from "./core.ts";
import { longestText } from "./sends.ts";
import { tidyText } from "./text.ts";
import type { Chat, Message, Person } from "./types.ts";
import type { Kind } from "./updates.ts";

export type SayOptions = {
  from?: Person;
  chat?: Chat;
  threadId?: number;
  /** As an administrator who stays anonymous. */
  anonymous?: boolean;
  /** Changes the sender's latest message in the chat instead of writing a new one. */
  edited?: boolean;
  replyTo?: Message;
  /** Sends a file, with the text as its caption. */
  document?: { fileName: string; text: string };
};

/** People's messages, and which of them the bot gets to see. `privacy` is the mode BotFather sets. */
export function createTalk(core: Core, { privacy }: { privacy: boolean }) {
  const { bot, chats, messages, updates } = core;

  /** Gives the update's id; 0 when the bot is not told (privacy mode, `allowed_updates`, not in the chat). */
  function say(
    text: string,
    { from, chat, threadId, anonymous = false, edited = false, replyTo, document }: SayOptions,
  ): number {
    const room = roomFor(chat ?? from, threadId);
    const asChat = anonymous || room.type === "channel";
    if (!asChat && from === undefined) throw new Error("Someone must say it: give `from`, or `anonymous` in a group");
    const sender = asChat ? undefined : from?.id;
    if (sender !== undefined && room.type !== "private" && !room.roles.has(sender)) room.roles.set(sender, "member");
    const formatted = tidyText({ text, entities: [] }, { allowEmpty: document !== undefined });
    if (formatted.text.length > longestText)
      throw new Error(`A person's message has at most ${longestText} characters`);
    const { text: shown, entities } = formatted;
    const message = edited
      ? messages.edit(room, latest(room, sender), { text: shown, entities })
      : messages.post(room, { text: shown, entities, from: sender, asChat, threadId, replyTo: replyTo?.id, document });
    if (room.access !== "open" || !isSeen(room, message)) return 0;
    const kind = room.type === "channel" ? "channel_post" : "message";
    return updates.push(room.id, (edited ? `edited_${kind}` : kind) as Kind, core.json(room, message));
  }

  function roomFor(place: { id: number } | undefined, threadId: number | undefined): Room {
    if (place === undefined) throw new Error("Where? Give `from` or `chat`");
    const room = chats.room(place);
    if (room.access === "blocked" || room.access === "deactivated") {
      throw new Error(`Person ${room.id} cannot write to the bot: ${room.access}`);
    }
    if (room.access === "unstarted") room.access = "open";
    if (threadId !== undefined && room.isForum && !room.topics.has(threadId)) {
      throw new Error(`There is no topic ${threadId} in chat ${room.id}`);
    }
    return room;
  }

  /**
   * Privacy mode (core.telegram.org/bots/features#privacy-mode): in groups the bot sees commands that may be meant for
   * it and replies to it; everything as an administrator.
   */
  function isSeen(room: Room, message: Stored): boolean {
    if (!privacy || room.botIsAdministrator || room.type === "private" || room.type === "channel") return true;
    if (room.messages.get(message.replyTo ?? 0)?.fromBot) return true;
    const command = /^\/[a-z0-9_]+(?:@([a-z0-9_]+))?(?![a-z0-9_@/])/i.exec(message.text);
    return command !== null && (command[1] ?? bot.username).toLowerCase() === bot.username.toLowerCase();
  }

  return { say };
}

function latest(room: Room, sender: number | undefined): Stored {
  const own = room.messages.values().filter((one) => !one.fromBot && one.service === undefined && one.from === sender);
  const last = own.toArray().at(-1);
  if (last === undefined) throw new Error(`Nothing to edit in chat ${room.id}`);
  return last;
}
