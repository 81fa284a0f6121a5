import { Composer, type Context } from "grammy";
import { parseAddress } from "../checker/sources/index.ts";
import { readCommand } from "./command.ts";
import { listCommand, listTurned } from "./list.ts";
import { acknowledge, say, type Talk, textFor } from "./talk.ts";
import { trackCommand } from "./track.ts";
import { undoPressed, untrackCommand, untrackPage, untrackPressed } from "./untrack.ts";

type Handler = (talk: Talk, ctx: Context, args: string) => Promise<unknown>;

const COMMANDS: Record<string, Handler> = {
  start: (talk, ctx) => say(ctx, textFor(talk, ctx)("start")),
  help: (talk, ctx) => say(ctx, textFor(talk, ctx)("help")),
  track: trackCommand,
  untrack: untrackCommand,
  list: listCommand,
};

const BUTTONS: Record<string, (talk: Talk, ctx: Context, number: number) => Promise<void>> = {
  l: listTurned,
  up: untrackPage,
  u: untrackPressed,
  r: undoPressed,
};

/**
 * Commands and buttons. In a private chat everything gets an answer; in groups and channels only our commands do.
 * Edited messages are not updates we ask for, so a command counts once.
 */
export function conversation(talk: Talk) {
  const composer = new Composer();
  composer.on(["message", "channel_post"], async (ctx) => {
    const text = ctx.msg.text ?? ctx.msg.caption ?? "";
    if (ctx.msg.is_automatic_forward) return;
    const command = readCommand(text, ctx.me.username);
    if (command === "foreign") return;
    const isPrivate = ctx.chat.type === "private";
    if (command !== undefined) {
      const handler = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
      if (handler !== undefined) await handler(talk, ctx, command.args);
      else if (isPrivate) await say(ctx, textFor(talk, ctx)("unknown-command"));
      return;
    }
    if (!isPrivate) return;
    if (text.split(/\s+/).some(isLink)) await trackCommand(talk, ctx, text.split(/\s+/).filter(isLink).join(" "));
    else await say(ctx, textFor(talk, ctx)("hint"));
  });

  // What a button carries is whatever its presser sends.
  composer.on("callback_query:data", async (ctx) => {
    const [, kind = "", number = ""] = /^v1:([a-z]{1,2}):(\d{1,15})$/.exec(ctx.callbackQuery.data) ?? [];
    const handler = Object.hasOwn(BUTTONS, kind) ? BUTTONS[kind] : undefined;
    if (handler === undefined) await acknowledge(ctx, textFor(talk, ctx)("page-outdated"));
    else await handler(talk, ctx, Number(number));
  });
  return composer;
}

/** A link to a wishlist, or to another site of that kind: a bare nickname in a sentence is just a word. */
function isLink(word: string): boolean {
  return word.includes("/") && parseAddress(word) !== undefined;
}
