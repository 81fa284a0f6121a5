import { InlineKeyboard } from "grammy";
import { addManager, managedChats, removeManager } from "../db/managers.ts";
import { meetUser, writeAll } from "../db/users.ts";
import { addPageButtons, callbackData, pageOf } from "./buttons.ts";
import { mayChange } from "./rights.ts";
import { show } from "./screen.ts";
import { acknowledge, say } from "./talk.ts";
import { aboutChat, begin, type Request, type Turn } from "./turn.ts";
import { readable } from "./untrusted.ts";

const CHATS_A_PAGE = 8;
const TITLE_LENGTH = 50;

/**
 * /groups: in a private chat the groups and channels that the person manages from there; in a group, for its
 * administrators, the way to do so.
 */
export async function groupsCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, text, chatId, language } = turn;
  if (ctx.chat?.type === "private") return await show(turn, await choice(turn, 0));
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const orm = talk.db.for("manage");
  if (ctx.from !== undefined && ctx.msg?.sender_chat === undefined) {
    await writeAll(orm, [meetUser(orm, aboutChat(turn), language), addManager(orm, ctx.from.id, chatId)]);
  }
  const keyboard = new InlineKeyboard().url(text("groups-go"), `https://t.me/${ctx.me.username}?start=g${chatId}`);
  await say(ctx, text("groups-from-here"), keyboard);
}

/** `/start g<chat>`: the link that the command gives in a group. Undefined for any other start parameter. */
export function readGroupPayload(payload: string): number | undefined {
  const id = /^g(-\d{1,15})$/.exec(payload)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Somebody comes from a group to manage it from here. */
export async function manageFromHere(request: Request, groupId: number): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, text } = turn;
  if (ctx.chat?.type !== "private" || ctx.from === undefined) return;
  const away = await begin({ ...request, chatId: groupId });
  if (away.isUnknown || !(await mayChange(away))) return void (await say(ctx, text("groups-not-yours")));
  const orm = talk.db.for("manage");
  await writeAll(orm, [addManager(orm, ctx.from.id, groupId)]);
  await show(away, hub(away));
}

/** The chats to choose from, or one of them: `v1:g:<page>`, `v1:g@<chat>`; -1 takes it off the list. */
export async function groupsPressed(request: Request, [page]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, isAway } = turn;
  if (ctx.chat?.type !== "private") return await acknowledge(ctx, turn.text("button-outdated"));
  if (!isAway) return await show(turn, await choice(turn, page ?? 0));
  if (page !== -1) return await show(turn, hub(turn));
  const orm = talk.db.for("manage");
  await writeAll(orm, [removeManager(orm, ctx.from?.id ?? 0, chatId)]);
  const here = await begin({ ...request, chatId: ctx.chat.id });
  await show(here, await choice(here, 0));
}

async function choice(turn: Turn, page: number) {
  const { ctx, talk, text, chatId } = turn;
  const managed = await managedChats(talk.db.for("managed_chats"), chatId);
  const { shown, number, pages } = pageOf(managed, page, CHATS_A_PAGE);
  const keyboard = new InlineKeyboard();
  for (const { id, type, title, trackings } of shown) {
    const mark = type === "channel" ? "📢" : "👥";
    keyboard.text(`${mark} ${readable(title, TITLE_LENGTH) ?? "…"} · ${trackings}`, `v1:g@${id}`).row();
  }
  addPageButtons(keyboard, { page: number, pages }, (to) => callbackData(turn, "g", to));
  const link = `https://t.me/${ctx.me.username}`;
  keyboard.url(text("start-group"), `${link}?startgroup=new`).row();
  // A channel lets in only those who may post there.
  keyboard.url(text("groups-add-channel"), `${link}?startchannel&admin=post_messages`);
  return { html: text(managed.length === 0 ? "groups-none" : "groups-choose"), keyboard };
}

/** What can be done about one chat from here. The title stands above, as on every screen about it. */
function hub(turn: Turn) {
  const { text, ctx } = turn;
  const keyboard = new InlineKeyboard()
    .text(text("start-track"), callbackData(turn, "ta"))
    .text(text("groups-list"), callbackData(turn, "l", 0))
    .row()
    .text(text("groups-new"), callbackData(turn, "n", 0))
    .text(text("groups-wishlist"), callbackData(turn, "wc", 0))
    .row()
    .text(text("groups-settings"), callbackData(turn, "s"))
    .text(text("groups-forget"), callbackData(turn, "g", -1))
    .row()
    .text(text("back"), callbackData({ isAway: false, chatId: ctx.chat?.id ?? 0 }, "g", 0));
  return { html: text("groups-hub"), keyboard };
}
