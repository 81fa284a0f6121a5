import { noteLookupMessage } from "../db/lookups.ts";
import { type TrackResult, track, type Wanted } from "../db/trackings.ts";
import { readAddresses } from "./addresses.ts";
import { renderTracking } from "./lookup-message.ts";
import { mayChange } from "./rights.ts";
import { say, threadOf } from "./talk.ts";
import { aboutChat, begin, headed, type Request, type Turn } from "./turn.ts";

/** First looks that may wait for one chat. */
export const MAX_WAITING = 50;
/** A look waits this long for its "looking…" message; if the process dies between the two, it is answered anew. */
export const GRACE_MS = 5_000;

/** /track: what is known is answered at once, what is not becomes a look and a "looking…" message for all of them. */
export async function trackCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  const { wanted, remarks } = readAddresses(args, text);
  if (wanted.length > 0) await trackWanted(turn, wanted, remarks);
  else await say(ctx, remarks.length === 0 ? text("track-usage") : remarks.join("\n\n"));
}

/** The same for addresses that have been read, ten at most; `remarks` are said along. */
export async function trackWanted(turn: Turn, wanted: Wanted[], remarks: string[] = []): Promise<void> {
  const { talk, ctx, text, language } = turn;
  const chat = aboutChat(turn);
  if (!(await mayChange(turn))) {
    await say(ctx, text("only-admins"));
    return;
  }
  const { db, maxTrackings, texts } = talk;
  const mayLook = await talk.quota.mayLook(ctx);
  const results = await track(db.for("track"), {
    ...{ chat, language, threadId: turn.isAway ? 0 : threadOf(ctx), wanted, maxTrackings },
    ...{ maxWaiting: mayLook ? MAX_WAITING : 0, graceMs: GRACE_MS, answerChatId: ctx.chat?.id },
  });
  await tellLooking(
    turn,
    wanted.filter((_, n) => results[n]?.kind === "looking"),
  );
  const answers = results.flatMap((result, n) => answer(result, wanted[n]?.nickname ?? ""));
  const said = [...new Set([...answers, ...remarks])];
  if (said.length > 0) await say(ctx, headed(turn, said.join("\n\n")));

  function answer(result: TrackResult, nickname: string): string[] {
    switch (result.kind) {
      case "tracking":
        return [renderTracking(texts, language, "track-done", result.streamer)];
      case "already":
        return [renderTracking(texts, language, "track-already", result.streamer)];
      case "looking":
        return [];
      case "waiting":
        return [text("track-waiting", { nickname })];
      case "full":
        return [text("track-full", { max: maxTrackings })];
      case "busy":
        return [mayLook ? text("track-busy", { nickname }) : text("quota-looks")];
    }
  }
}

/** Says what is looked for, and notes the message: its lines will be replaced by what was found. Ten at most. */
export async function tellLooking(turn: Turn, looking: Wanted[]): Promise<void> {
  const { talk, ctx, chatId, text } = turn;
  if (looking.length === 0) return;
  await talk.quota.looked(ctx, looking.length);
  const lines = looking.map(({ nickname }) => text("track-looking", { nickname }));
  const message = await say(ctx, headed(turn, lines.join("\n\n")));
  await noteLookupMessage(talk.db.for("note_lookup"), chatId, looking, message.message_id);
}
