import { type Context, type Filter, type FilterQuery, matchFilter } from "grammy";
import { parseAddress } from "../checker/sources/known-sites.ts";
import { broadcastAnswered, broadcastCommand, broadcastPressed } from "./broadcast.ts";
import { callbackButtons, readCallback } from "./buttons.ts";
import { cardPressed } from "./card.ts";
import { priorityPressed } from "./card-priority.ts";
import { readCommand } from "./command.ts";
import { groupsCommand, groupsPressed } from "./groups.ts";
import { haltCommand, haltPressed, resumeCommand } from "./halt.ts";
import { historyShown } from "./history.ts";
import { importCommand, isImport } from "./import.ts";
import { listCommand, listTurned } from "./list.ts";
import { muteChoice, muteCommand, mutePressed, unmuteCommand } from "./mute.ts";
import { newCommand, newTurned } from "./new.ts";
import { newsMutePressed, newsUndoPressed, newsUntrackPressed } from "./news-presses.ts";
import { forOperators, pressedByOperators } from "./operators.ts";
import { priorityCommand } from "./priority.ts";
import { deleteCommand, deletePressed, exportCommand, privacyCommand } from "./privacy.ts";
import { readPrompt } from "./prompt.ts";
import { recheckCommand, recheckPressed } from "./recheck.ts";
import { mayManage } from "./rights.ts";
import { langCommand, settingsAnswered, settingsCommand, settingsPressed } from "./settings.ts";
import { startCommand, trackAsked } from "./start.ts";
import { statusCommand } from "./status.ts";
import { acknowledge, say, type Talk } from "./talk.ts";
import { trackCommand } from "./track.ts";
import { trackingAnswered, trackingPressed } from "./tracking-settings.ts";
import { begin, type Request } from "./turn.ts";
import { cardUndone, cardUntracked, undoPressed, untrackCommand, untrackPage, untrackPressed } from "./untrack.ts";
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
  privacy: privacyCommand,
  export: exportCommand,
  import: importCommand,
  delete_me: deleteCommand,
  new: newCommand,
  mute: muteCommand,
  unmute: unmuteCommand,
  settings: settingsCommand,
  groups: groupsCommand,
  lang: langCommand,
  priority: forOperators(priorityCommand),
  status: forOperators(statusCommand),
  halt: forOperators(haltCommand),
  resume: forOperators(resumeCommand),
  recheck: forOperators(recheckCommand),
  broadcast: forOperators(broadcastCommand),
};

const BUTTONS: Record<string, Press> = {
  l: listTurned,
  c: cardPressed,
  m: mutePressed,
  mc: muteChoice,
  p: priorityPressed,
  cu: cardUntracked,
  cr: cardUndone,
  nm: newsMutePressed,
  nu: newsUntrackPressed,
  nr: newsUndoPressed,
  s: settingsPressed,
  t: trackingPressed,
  up: untrackPage,
  u: untrackPressed,
  r: undoPressed,
  ta: trackAsked,
  g: groupsPressed,
  d: deletePressed,
  w: wishlistShown,
  wc: wishlistChoice,
  wi: wishShown,
  n: newTurned,
  h: historyShown,
  os: pressedByOperators(statusCommand),
  oh: pressedByOperators(haltPressed),
  oc: pressedByOperators(recheckPressed),
  ob: pressedByOperators(broadcastPressed),
};

const ANSWERS: Record<string, Answer> = {
  ta: (request, _, text) => trackCommand(request, text),
  im: (request, _, text) => importCommand(request, text),
  ob: (request) => forOperators(broadcastAnswered)(request, ""),
  s: settingsAnswered,
  t: trackingAnswered,
};

const isWritten = matchFilter(["message", "channel_post"]);
const isPress = matchFilter("callback_query:data");

/**
 * Commands, buttons, and answers to what the bot asked. In a private chat everything a person writes gets an answer; in
 * groups and channels only our commands do. Edited messages are not updates we ask for, so a command counts once.
 */
export function conversation(talk: Talk) {
  return async (ctx: Context): Promise<void> => {
    if (isWritten(ctx)) await read(talk, ctx);
    else if (isPress(ctx)) await press(talk, ctx);
  };
}

async function read(talk: Talk, ctx: Filter<Context, "message" | "channel_post">): Promise<void> {
  const request = { talk, ctx, chatId: ctx.chat.id };
  const react = reaction(request, ctx.msg.text ?? ctx.msg.caption ?? "");
  if (react === undefined) return;
  const ruling = await talk.quota.command(ctx);
  if (ruling === "allowed") await react();
  else if (ruling === "refused") await say(ctx, (await begin(request)).text("quota-command"));
}

async function press(talk: Talk, ctx: Filter<Context, "callback_query:data">): Promise<void> {
  const { data } = ctx.callbackQuery;
  const callback = readCallback(data);
  // What a press carries is whatever its sender likes; what the message shows is ours.
  const buttons = callbackButtons(ctx);
  const isShown = buttons.length === 0 || buttons.some((button) => button.callback_data === data);
  const handler = isShown && callback !== undefined ? own(BUTTONS, callback.kind) : undefined;
  const here = { talk, ctx, chatId: ctx.chat?.id ?? ctx.from.id };
  const ruling = await talk.quota.press(ctx);
  if (ruling !== "allowed") {
    await acknowledge(ctx, ruling === "refused" ? (await begin(here)).text("quota-press") : undefined);
    return;
  }
  if (handler === undefined || callback === undefined) {
    await acknowledge(ctx, (await begin(here)).text("button-outdated"));
    return;
  }
  const chatId = await placeOf(talk, ctx, callback.chatId);
  if (chatId === undefined) await acknowledge(ctx, (await begin(here)).text("only-admins"));
  else await handler({ talk, ctx, chatId }, callback.numbers);
}

/** What a message makes the bot do; undefined for what is not meant for it. */
function reaction(request: Request, text: string): (() => Promise<unknown>) | undefined {
  const { talk, ctx } = request;
  if (ctx.msg?.is_automatic_forward) return undefined;
  const isPrivate = ctx.chat?.type === "private";
  const told = (key: string) => async () => say(ctx, (await begin(request)).text(key));
  const command = readCommand(text, ctx.me.username);
  if (command !== undefined) {
    const handler = command === "foreign" ? undefined : own(COMMANDS, command.name);
    if (command !== "foreign" && handler !== undefined) return () => handler(request, command.args);
    return isPrivate ? told("unknown-command") : undefined;
  }
  const asked = readPrompt(ctx);
  const answer = asked && own(ANSWERS, asked.kind);
  if (asked !== undefined && answer !== undefined) {
    return async () => {
      const about = await placeOf(talk, ctx, asked.chatId);
      if (about === undefined) await told("only-admins")();
      else await answer({ ...request, chatId: about }, asked.numbers, text);
    };
  }
  if (!isPrivate || ctx.has(SERVICE)) return undefined;
  if (isImport(ctx)) return () => importCommand(request, text);
  const links = text.split(/\s+/).filter(isLink);
  return links.length > 0 ? () => trackCommand(request, links.join(" ")) : told("hint");
}

/** What Telegram notes in a private chat by itself, such as that a message was pinned: nobody speaks to us. */
const SERVICE: FilterQuery[] = [
  "message:pinned_message",
  "message:message_auto_delete_timer_changed",
  "message:write_access_allowed",
  "message:forum_topic_created",
  "message:forum_topic_edited",
];

/**
 * The chat that a press or an answer is about. Another one than it is given in is a group or channel, and only its
 * administrators get through, from their private chat; undefined for everybody else.
 */
async function placeOf(talk: Talk, ctx: Context, chatId: number | undefined): Promise<number | undefined> {
  if (chatId === undefined || chatId === ctx.chat?.id) return ctx.chat?.id;
  return ctx.chat?.type === "private" && chatId < 0 && (await mayManage(talk, ctx, chatId)) ? chatId : undefined;
}

function own<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A link to a wishlist, or to another site of that kind: a bare nickname in a sentence is just a word. */
function isLink(word: string): boolean {
  return word.includes("/") && parseAddress(word) !== undefined;
}
