import { GrammyError, InlineKeyboard } from "grammy";
import {
  type Announcement,
  continueBroadcast,
  draftBroadcast,
  dropBroadcast,
  type FormattedText,
  readAudience,
  readBroadcast,
  startBroadcast,
  stopBroadcast,
} from "../db/broadcasts.ts";
import { readHalts } from "../db/halts.ts";
import { part, readAnnouncement } from "./announcement.ts";
import { ACTIONS, type Action, broadcastScreen } from "./broadcast-screen.ts";
import { callbackData } from "./buttons.ts";
import { prompt } from "./prompt.ts";
import { show } from "./screen.ts";
import { say } from "./talk.ts";
import { begin, type Request, type Turn } from "./turn.ts";

/** /broadcast: asks what to announce, or takes what stands behind the command. */
export async function broadcastCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (ctx.chat?.type !== "private") return void (await say(ctx, text("broadcast-private")));
  const said = saidIn(turn);
  const command = /^\/\S+/.exec(said.text)?.[0].length ?? 0;
  const behind = part(said, command, said.text.length);
  if (behind === undefined) {
    return await prompt(ctx, text("broadcast-ask"), callbackData(turn, "ob"), text("broadcast-placeholder"));
  }
  await preview(turn, behind);
}

/** The answer to that question. */
export async function broadcastAnswered(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (ctx.chat?.type !== "private") return void (await say(ctx, text("broadcast-private")));
  await preview(turn, saidIn(turn));
}

function saidIn({ ctx }: Turn): FormattedText {
  return { text: ctx.msg?.text ?? "", entities: ctx.msg?.entities ?? [] };
}

/** Shows the announcement as chats will see it, and below it who would get it. */
async function preview(turn: Turn, said: FormattedText): Promise<void> {
  const { ctx, talk, text } = turn;
  const announcement = readAnnouncement(said);
  if (announcement === undefined) return void (await say(ctx, text("broadcast-usage")));
  try {
    for (const { text: shown, entities } of versionsOf(announcement)) {
      await ctx.reply(shown, { entities, link_preview_options: { is_disabled: true } });
    }
  } catch (error) {
    if (!(error instanceof GrammyError) || error.error_code !== 400) throw error;
    return void (await say(ctx, text("broadcast-refused", { error: error.description })));
  }
  const id = await draftBroadcast(talk.db.for("broadcast"), announcement, turn.language);
  await showBroadcast(turn, id, "show");
}

function versionsOf({ ru, en }: Announcement): FormattedText[] {
  return ru === en ? [ru] : [ru, en];
}

/** A button below a broadcast: [its id, the action]. */
export async function broadcastPressed(request: Request, [id = 0, number = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const db = request.talk.db.for("broadcast");
  const action = ACTIONS[number] ?? "show";
  const place = { chatId: request.ctx.chat?.id ?? 0, messageId: request.ctx.msg?.message_id ?? 0 };
  let isDone = true;
  switch (action) {
    case "rehearse":
    case "send":
      isDone = await startBroadcast(db, id, place, action === "rehearse");
      break;
    case "stop":
      await stopBroadcast(db, id);
      break;
    case "continue":
      isDone = await continueBroadcast(db, id);
      break;
    case "drop":
      if (await dropBroadcast(db, id)) {
        return await show(turn, { html: turn.text("broadcast-dropped"), keyboard: new InlineKeyboard() });
      }
      break;
    case "show":
    case "ask":
      break;
  }
  await showBroadcast(turn, id, action, isDone ? undefined : turn.text("broadcast-busy"));
}

async function showBroadcast(turn: Turn, id: number, action: Action, toast?: string): Promise<void> {
  const { talk, text, language } = turn;
  const db = talk.db.for("broadcast");
  const broadcast = await readBroadcast(db, id);
  if (broadcast === undefined) {
    return await show(turn, { html: text("broadcast-gone"), keyboard: new InlineKeyboard() });
  }
  const { messagesPerSecond } = talk.deployment;
  const isAsking = action === "ask";
  const view = { broadcast, audience: await readAudience(db), messagesPerSecond, isAsking };
  const { html, keyboard } = broadcastScreen(talk.texts, language, view);
  const isRunning = broadcast.state === "sending" || broadcast.state === "rehearsing";
  const isHalted = isRunning && (await readHalts(db)).some(({ part }) => part === "delivery");
  await show(turn, { html: isHalted ? `${html}\n${text("broadcast-halted")}` : html, keyboard }, toast);
}
