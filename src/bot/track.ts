import { noteLookupMessage } from "../db/lookups.ts";
import { type TrackResult, track } from "../db/trackings.ts";
import { readAddresses } from "./addresses.ts";
import { renderTracking } from "./lookup-message.ts";
import { mayChange } from "./rights.ts";
import { chatOf, say, threadOf } from "./talk.ts";
import { begin, type Request } from "./turn.ts";

/** First looks that may wait for one chat. */
const MAX_WAITING = 50;
/** A look waits this long for its "looking…" message; if the process dies between the two, it is answered anew. */
const GRACE_MS = 5_000;

/** /track: what is known is answered at once, what is not becomes a look and a "looking…" message for all of them. */
export async function trackCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { talk, ctx, text, language } = turn;
  const chat = chatOf(ctx);
  if (chat === undefined) return;
  if (!(await mayChange(turn))) {
    await say(ctx, text("only-admins"));
    return;
  }
  const { wanted, remarks } = readAddresses(args, text);
  if (wanted.length === 0) {
    await say(ctx, remarks.length === 0 ? text("track-usage") : remarks.join("\n\n"));
    return;
  }
  const { db, maxTrackings, texts } = talk;
  const limits = { maxTrackings, maxWaiting: MAX_WAITING, graceMs: GRACE_MS };
  const results = await track(db.for("track"), { chat, language, threadId: threadOf(ctx), wanted, ...limits });

  const looking = wanted.filter((_, n) => results[n]?.kind === "looking");
  if (looking.length > 0) {
    const lines = looking.map(({ nickname }) => text("track-looking", { nickname }));
    const message = await say(ctx, lines.join("\n\n"));
    await noteLookupMessage(db.for("note_lookup"), chat.id, looking, message.message_id);
  }
  const answers = results.flatMap((result, n) => answer(result, wanted[n]?.nickname ?? ""));
  const said = [...new Set([...answers, ...remarks])];
  if (said.length > 0) await say(ctx, said.join("\n\n"));

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
        return [text("track-busy", { nickname })];
    }
  }
}
