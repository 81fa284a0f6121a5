import type { Context } from "grammy";
import { parseAddress } from "../checker/sources/known-sites.ts";
import { track, type Wanted } from "../db/trackings.ts";
import { callbackData } from "./buttons.ts";
import { readText } from "./file.ts";
import { prompt } from "./prompt.ts";
import { mayChange } from "./rights.ts";
import { say, threadOf } from "./talk.ts";
import { GRACE_MS, MAX_WAITING, tellLooking } from "./track.ts";
import { aboutChat, begin, headed, type Request } from "./turn.ts";

/** In bytes. A list of addresses is small; an export of fifty trackings has about 20 kB. */
const LONGEST_FILE = 256 * 1024;
/** As many as fit into one message when each is answered for itself. */
const LOOKS_A_MESSAGE = 10;

/** Whether a message brings a file that can be read as a list. */
export function isImport(ctx: Context): boolean {
  const { file_name: name = "", mime_type: type = "" } = ctx.msg?.document ?? {};
  return /\.(json|txt|csv)$/i.test(name) || type === "application/json" || type === "text/plain";
}

/**
 * /import: many streamers at once, from the text behind the command, the answer to its question, or a file: an export,
 * or whatever has addresses in it, separated by spaces, commas, semicolons or lines.
 */
export async function importCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { talk, ctx, text, language } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const document = ctx.msg?.document ?? ctx.msg?.reply_to_message?.document;
  if (document === undefined && args === "") {
    return await prompt(ctx, text("import-ask"), callbackData(turn, "im"), text("import-placeholder"));
  }
  if ((document?.file_size ?? 0) > LONGEST_FILE) return void (await say(ctx, text("import-too-big")));
  const source = document === undefined ? args : await readFile(request, document.file_id);
  if (source === undefined) return void (await say(ctx, text("import-unreadable")));

  const { wanted, unknown } = readList(source, talk.maxTrackings);
  if (wanted.length === 0) return void (await say(ctx, text("import-nothing")));
  const mayLook = await talk.quota.mayLook(ctx);
  const results = await track(talk.db.for("import"), {
    ...{
      chat: aboutChat(turn),
      language,
      threadId: turn.isAway ? 0 : threadOf(ctx),
      wanted,
      maxTrackings: talk.maxTrackings,
    },
    ...{ maxWaiting: mayLook ? MAX_WAITING : 0, graceMs: GRACE_MS, answerChatId: ctx.chat?.id },
  });
  const looking = wanted.filter((_, n) => results[n]?.kind === "looking");
  for (let n = 0; n < looking.length; n += LOOKS_A_MESSAGE) {
    await tellLooking(turn, looking.slice(n, n + LOOKS_A_MESSAGE));
  }
  const count = (...kinds: string[]) => results.filter(({ kind }) => kinds.includes(kind)).length;
  const lines = [
    text("import-done", { count: count("tracking") }),
    ...(looking.length > 0 ? [text("import-looking", { count: looking.length })] : []),
    ...(count("already", "waiting") > 0 ? [text("import-already", { count: count("already", "waiting") })] : []),
    ...(count("full", "busy") > 0
      ? [text("import-left", { count: count("full", "busy"), max: talk.maxTrackings })]
      : []),
    ...(mayLook ? [] : [text("quota-looks")]),
    ...(unknown > 0 ? [text("import-unknown", { count: unknown })] : []),
  ];
  await say(ctx, headed(turn, lines.join("\n")));
}

/** The addresses in a text, each once, at most `limit`; `unknown` counts words that are none. */
export function readList(source: string, limit: number): { wanted: Wanted[]; unknown: number } {
  const words = addressesOf(source) ?? source.split(/[\s,;"']+/);
  const wanted = new Map<string, Wanted>();
  let unknown = 0;
  for (const word of words) {
    if (word === "") continue;
    const address = parseAddress(word);
    if (address === undefined || address === "unsupported") unknown += 1;
    else if (wanted.size < limit) wanted.set(`${address.source}:${address.key}`, address);
  }
  return { wanted: [...wanted.values()], unknown };
}

/** The streamers' pages in an export; undefined when it is none. Whatever else is in it is not believed. */
function addressesOf(source: string): string[] | undefined {
  try {
    const { trackings } = JSON.parse(source) as { trackings?: unknown };
    if (!Array.isArray(trackings)) return undefined;
    return trackings.flatMap((one: unknown) =>
      typeof one === "object" && one !== null && "url" in one && typeof one.url === "string" ? [one.url] : [],
    );
  } catch {
    return undefined;
  }
}

/** The text of a file that was sent to the bot; undefined when Telegram does not hand it over, or not whole. */
async function readFile({ talk, ctx }: Request, fileId: string): Promise<string | undefined> {
  const { file_path: path } = await ctx.api.getFile(fileId);
  return path === undefined ? undefined : await readText(talk.fileUrl(path), LONGEST_FILE);
}
