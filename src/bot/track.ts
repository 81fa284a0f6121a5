import type { Context } from "grammy";
import { parseAddress } from "../checker/sources/index.ts";
import { noteLookupMessage } from "../db/lookups.ts";
import { type TrackResult, track, type Wanted } from "../db/trackings.ts";
import { renderTracking } from "./lookup-message.ts";
import { mayChange } from "./rights.ts";
import { chatOf, languageFor, say, type Talk, textFor, threadOf } from "./talk.ts";
import { shorten } from "./texts.ts";

/** Addresses taken from one message. */
const MAX_AT_ONCE = 20;
/** First looks that may wait for one chat. */
const MAX_WAITING = 50;
/** A look waits this long for its "looking…" message; if the process dies between the two, it is answered anew. */
const GRACE_MS = 5_000;

/** /track: several addresses at once, with or without a look of our own at their lists before. */
export async function trackCommand(talk: Talk, ctx: Context, args: string): Promise<void> {
  const text = textFor(talk, ctx);
  const chat = chatOf(ctx);
  if (chat === undefined) return;
  if (!(await mayChange(ctx))) {
    await say(ctx, text("only-admins"));
    return;
  }
  const words = args.split(/[\s,;]+/).filter((word) => word !== "");
  if (words.length === 0) {
    await say(ctx, text("track-usage"));
    return;
  }
  const { wanted, remarks } = readAddresses(words.slice(0, MAX_AT_ONCE), text);
  if (words.length > MAX_AT_ONCE) remarks.push(text("track-too-many", { max: MAX_AT_ONCE }));

  const { db, maxTrackings, texts } = talk;
  const language = languageFor(ctx);
  const request = {
    chat,
    language,
    threadId: threadOf(ctx),
    wanted,
    maxTrackings,
    maxWaiting: MAX_WAITING,
    graceMs: GRACE_MS,
  };
  const results = wanted.length === 0 ? [] : await track(db.for("track"), request);

  const looking = wanted.filter((_, n) => results[n]?.kind === "looking");
  if (looking.length > 0) {
    const lines = looking.map(({ nickname }) => text("track-looking", { nickname }));
    const message = await say(ctx, lines.join("\n\n"));
    await noteLookupMessage(db.for("note_lookup"), chat.id, looking, message.message_id);
  }
  const lines = results.flatMap((result, n) => answer(result, wanted[n]?.nickname ?? ""));
  const said = [...new Set([...lines, ...remarks])];
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

/** Each streamer once, however it is spelled; and what to say of words that are no address. */
export function readAddresses(
  words: string[],
  text: ReturnType<typeof textFor>,
): { wanted: Wanted[]; remarks: string[] } {
  const wanted = new Map<string, Wanted>();
  const remarks: string[] = [];
  for (const word of words) {
    const address = parseAddress(word);
    if (address === undefined) remarks.push(text("track-unreadable", { text: shorten(word, 60) }));
    else if (address === "unsupported") remarks.push(text("track-unsupported", { text: shorten(word, 60) }));
    else if (!wanted.has(`${address.source}:${address.key}`)) wanted.set(`${address.source}:${address.key}`, address);
  }
  return { wanted: [...wanted.values()], remarks };
}
