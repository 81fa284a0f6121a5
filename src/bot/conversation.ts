import { Composer, type Context, type FilterQuery } from "grammy";
import { parseAddress } from "../checker/sources/index.ts";
import { reopenChat, writeAll } from "../db/users.ts";
import { readCommand } from "./command.ts";
import { listCommand, listTurned } from "./list.ts";
import { priorityCommand } from "./priority.ts";
import { acknowledge, callbackButtons, say, type Talk, textFor } from "./talk.ts";
import { trackCommand } from "./track.ts";
import { undoPressed, untrackCommand, untrackPage, untrackPressed } from "./untrack.ts";

type Handler = (talk: Talk, ctx: Context, args: string) => Promise<unknown>;

const COMMANDS: Record<string, Handler> = {
  start: startCommand,
  help: (talk, ctx) => say(ctx, textFor(talk, ctx)("help")),
  track: trackCommand,
  untrack: untrackCommand,
  list: listCommand,
  priority: priorityCommand,
};

const BUTTONS: Record<string, (talk: Talk, ctx: Context, number: number) => Promise<void>> = {
  l: listTurned,
  up: untrackPage,
  u: untrackPressed,
  r: undoPressed,
};

/**
 * Commands and buttons. In a private chat everything a person writes gets an answer; in groups and channels only our
 * commands do. Edited messages are not updates we ask for, so a command counts once.
 */
export function conversation(talk: Talk) {
  const composer = new Composer();
  composer.on(["message", "channel_post"], async (ctx) => {
    if (ctx.msg.is_automatic_forward) return;
    const text = ctx.msg.text ?? ctx.msg.caption ?? "";
    const isPrivate = ctx.chat.type === "private";
    const command = readCommand(text, ctx.me.username);
    if (command !== undefined) {
      const handler =
        command !== "foreign" && Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
      if (command !== "foreign" && handler !== undefined) await handler(talk, ctx, command.args);
      else if (isPrivate) await say(ctx, textFor(talk, ctx)("unknown-command"));
      return;
    }
    if (!isPrivate || ctx.has(SERVICE)) return;
    const links = text.split(/\s+/).filter(isLink);
    if (links.length > 0) await trackCommand(talk, ctx, links.join(" "));
    else await say(ctx, textFor(talk, ctx)("hint"));
  });

  composer.on("callback_query:data", async (ctx) => {
    const { data } = ctx.callbackQuery;
    const [, kind = "", number = ""] = /^v1:([a-z]{1,2}):(\d{1,15})$/.exec(data) ?? [];
    // What a press carries is whatever its sender likes; what the message shows is ours.
    const buttons = callbackButtons(ctx);
    const isShown = buttons.length === 0 || buttons.some((button) => button.callback_data === data);
    const handler = isShown && Object.hasOwn(BUTTONS, kind) ? BUTTONS[kind] : undefined;
    if (handler === undefined) await acknowledge(ctx, textFor(talk, ctx)("button-outdated"));
    else await handler(talk, ctx, Number(number));
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
async function startCommand(talk: Talk, ctx: Context): Promise<void> {
  const orm = talk.db.for("start");
  if (ctx.chat !== undefined) await writeAll(orm, reopenChat(orm, ctx.chat.id));
  await say(ctx, textFor(talk, ctx)("start"));
}

/** A link to a wishlist, or to another site of that kind: a bare nickname in a sentence is just a word. */
function isLink(word: string): boolean {
  return word.includes("/") && parseAddress(word) !== undefined;
}
