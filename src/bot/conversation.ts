import { Composer, type Context, type FilterQuery } from "grammy";
import { parseAddress } from "../checker/sources/index.ts";
import { reopenChat, writeAll } from "../db/users.ts";
import { callbackButtons, readCallback } from "./buttons.ts";
import { readCommand } from "./command.ts";
import { historyShown } from "./history.ts";
import { listCommand, listTurned } from "./list.ts";
import { newCommand, newTurned } from "./new.ts";
import { priorityCommand } from "./priority.ts";
import { readPrompt } from "./prompt.ts";
import { mayManage } from "./rights.ts";
import { acknowledge, say, type Talk, textFor } from "./talk.ts";
import { trackCommand } from "./track.ts";
import { begin, type Request } from "./turn.ts";
import { undoPressed, untrackCommand, untrackPage, untrackPressed } from "./untrack.ts";
import { wishlistChoice, wishlistCommand, wishlistShown, wishShown } from "./wishlist.ts";

/** What follows a command's name, trimmed. */
type Command = (request: Request, args: string) => Promise<unknown>;
/** The numbers of a button's data, see buttons.ts. */
type Press = (request: Request, numbers: number[]) => Promise<unknown>;
/** The same for the question that was asked, and what was answered. */
type Answer = (request: Request, numbers: number[], text: string) => Promise<unknown>;

const COMMANDS: Record<string, Command> = {
  start: startCommand,
  help: async (request) => say(request.ctx, (await begin(request)).text("help")),
  track: trackCommand,
  untrack: untrackCommand,
  list: listCommand,
  wishlist: wishlistCommand,
  new: newCommand,
  priority: priorityCommand,
};

const BUTTONS: Record<string, Press> = {
  l: listTurned,
  up: untrackPage,
  u: untrackPressed,
  r: undoPressed,
  w: wishlistShown,
  wc: wishlistChoice,
  wi: wishShown,
  n: newTurned,
  h: historyShown,
};

const ANSWERS: Record<string, Answer> = {};

/**
 * Commands, buttons, and answers to what the bot asked. In a private chat everything a person writes gets an answer; in
 * groups and channels only our commands do. Edited messages are not updates we ask for, so a command counts once.
 */
export function conversation(talk: Talk) {
  const composer = new Composer();
  composer.on(["message", "channel_post"], async (ctx) => {
    if (ctx.msg.is_automatic_forward) return;
    const text = ctx.msg.text ?? ctx.msg.caption ?? "";
    const isPrivate = ctx.chat.type === "private";
    const request = { talk, ctx, chatId: ctx.chat.id };
    const command = readCommand(text, ctx.me.username);
    if (command !== undefined) {
      const handler = command === "foreign" ? undefined : own(COMMANDS, command.name);
      if (command !== "foreign" && handler !== undefined) await handler(request, command.args);
      else if (isPrivate) await say(ctx, (await begin(request)).text("unknown-command"));
      return;
    }
    const asked = readPrompt(ctx);
    const answer = asked && own(ANSWERS, asked.kind);
    if (asked !== undefined && answer !== undefined) {
      const about = await placeOf(ctx, asked.chatId);
      if (about === undefined) await say(ctx, (await begin(request)).text("only-admins"));
      else await answer({ ...request, chatId: about }, asked.numbers, text);
      return;
    }
    if (!isPrivate || ctx.has(SERVICE)) return;
    const links = text.split(/\s+/).filter(isLink);
    if (links.length > 0) await trackCommand(request, links.join(" "));
    else await say(ctx, (await begin(request)).text("hint"));
  });

  composer.on("callback_query:data", async (ctx) => {
    const { data } = ctx.callbackQuery;
    const callback = readCallback(data);
    // What a press carries is whatever its sender likes; what the message shows is ours.
    const buttons = callbackButtons(ctx);
    const isShown = buttons.length === 0 || buttons.some((button) => button.callback_data === data);
    const handler = isShown && callback !== undefined ? own(BUTTONS, callback.kind) : undefined;
    if (handler === undefined || callback === undefined) {
      await acknowledge(ctx, textFor(talk, ctx)("button-outdated"));
      return;
    }
    const chatId = await placeOf(ctx, callback.chatId);
    if (chatId === undefined) await acknowledge(ctx, textFor(talk, ctx)("only-admins"));
    else await handler({ talk, ctx, chatId }, callback.numbers);
  });
  return composer;
}

/** What Telegram notes in a private chat by itself, such as that a message was pinned: nobody speaks to us. */
const SERVICE: FilterQuery[] = [
  "message:pinned_message",
  "message:message_auto_delete_timer_changed",
  "message:write_access_allowed",
  "message:forum_topic_created",
  "message:forum_topic_edited",
];

/** Who starts the bot anew is there again, whatever Telegram has told of the chat before. */
async function startCommand(request: Request): Promise<void> {
  const { talk, ctx, chatId } = request;
  const orm = talk.db.for("start");
  await writeAll(orm, reopenChat(orm, chatId));
  await say(ctx, (await begin(request)).text("start"));
}

/**
 * The chat that a press or an answer is about. Another one than it is given in is a group or channel, and only its
 * administrators get through, from their private chat; undefined for everybody else.
 */
async function placeOf(ctx: Context, chatId: number | undefined): Promise<number | undefined> {
  if (chatId === undefined || chatId === ctx.chat?.id) return ctx.chat?.id;
  return ctx.chat?.type === "private" && chatId < 0 && (await mayManage(ctx, chatId)) ? chatId : undefined;
}

function own<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A link to a wishlist, or to another site of that kind: a bare nickname in a sentence is just a word. */
function isLink(word: string): boolean {
  return word.includes("/") && parseAddress(word) !== undefined;
}
