import { InlineKeyboard } from "grammy";
import { knownSites } from "../checker/sources/known-sites.ts";
import type { Wanted } from "../db/trackings.ts";
import { reopenChat, writeAll } from "../db/users.ts";
import { callbackData } from "./buttons.ts";
import { manageFromHere, readGroupPayload } from "./groups.ts";
import { prompt } from "./prompt.ts";
import { mayChange } from "./rights.ts";
import { acknowledge, say } from "./talk.ts";
import { trackWanted } from "./track.ts";
import { begin, type Request } from "./turn.ts";

/**
 * /start: three lines and where to begin. Who starts the bot anew is there again, whatever Telegram has told of the chat
 * before. A link may bring the streamer to track along, see startPayload().
 */
export async function startCommand(request: Request, args: string): Promise<void> {
  const { talk, ctx, chatId } = request;
  const orm = talk.db.for("start");
  await writeAll(orm, reopenChat(orm, chatId));
  const turn = await begin(request);
  const group = readGroupPayload(args);
  if (group !== undefined && ctx.chat?.type === "private") return await manageFromHere(request, group);
  // Telegram says "new" in a group by itself when the bot is added by our link, and the greeting has been given.
  if (ctx.chat?.type !== "private" && args === "new") return;
  const wanted = readStartPayload(args);
  if (wanted !== undefined) return await trackWanted(turn, [wanted]);
  const { text } = turn;
  const keyboard = new InlineKeyboard()
    .text(text("start-track"), callbackData(turn, "ta"))
    .text(text("start-list"), callbackData(turn, "l", 0));
  if (ctx.chat?.type === "private") {
    keyboard.row().url(text("start-group"), `https://t.me/${ctx.me.username}?startgroup=new`);
  }
  await say(ctx, text("start"), keyboard);
}

/** "Track" was pressed: whom? */
export async function trackAsked(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  await acknowledge(ctx);
  await prompt(ctx, text("track-ask"), callbackData(turn, "ta"), text("track-placeholder"));
}

/** The start parameter's characters and length are Telegram's (core.telegram.org/bots/features#deep-linking). */
const LONGEST = 64;

/**
 * What stands behind `?start=` in a link that tracks a streamer: `t_<source>_<nickname>`, or `tb_` with the nickname in
 * base64url where it has characters that the parameter may not have. Undefined when it would be too long.
 */
export function startPayload({ source, nickname }: { source: string; nickname: string }): string | undefined {
  const payload = /^[A-Za-z0-9_-]+$/.test(nickname)
    ? `t_${source}_${nickname}`
    : `tb_${source}_${Buffer.from(nickname).toString("base64url")}`;
  return payload.length > LONGEST ? undefined : payload;
}

/** The streamer that such a parameter names; undefined for what is none. */
export function readStartPayload(payload: string): Wanted | undefined {
  const [, kind, source = "", rest = ""] = /^(tb?)_([a-z0-9]+)_([A-Za-z0-9_-]+)$/.exec(payload) ?? [];
  if (kind === undefined || !Object.hasOwn(knownSites, source)) return undefined;
  const nickname = kind === "t" ? rest : Buffer.from(rest, "base64url").toString();
  return knownSites[source]?.parseAddress(nickname);
}
