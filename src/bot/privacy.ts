import { InlineKeyboard, InputFile } from "grammy";
import { eraseChat, exportChat } from "../db/person.ts";
import { callbackData } from "./buttons.ts";
import { mayChange } from "./rights.ts";
import { acknowledge, redraw, say } from "./talk.ts";
import { plainText } from "./texts.ts";
import { begin, type Request } from "./turn.ts";

/** /privacy: what is stored, why and for how long. */
export async function privacyCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  await say(turn.ctx, turn.text("privacy"));
}

/** /export: all that is stored of this chat, as a file. In a group it is its administrators'. */
export async function exportCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const stored = await exportChat(talk.db.for("export"), chatId);
  if (stored === undefined) return void (await say(ctx, text("export-nothing")));
  const file = new InputFile(Buffer.from(`${JSON.stringify(stored, null, 2)}\n`), "wishbell.json");
  await ctx.replyWithDocument(file, { caption: plainText(text("export-done", { count: stored.trackings.length })) });
}

/** /delete_me: asks first. */
export async function deleteCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const keyboard = new InlineKeyboard()
    .text(text("delete-yes"), callbackData(turn, "d", 1))
    .text(text("delete-no"), callbackData(turn, "d", 0));
  await say(ctx, text("delete-ask"), keyboard);
}

/** The answer: 1 erases everything. */
export async function deletePressed(request: Request, [answer = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const { ctx, talk, chatId, text } = turn;
  if (!(await mayChange(turn))) return await acknowledge(ctx, text("only-admins"));
  if (answer === 1) await eraseChat(talk.db.for("erase"), chatId);
  await redraw(ctx, text(answer === 1 ? "delete-done" : "delete-kept"), new InlineKeyboard());
  await acknowledge(ctx);
}
