import { InlineKeyboard } from "grammy";
import { readHalts } from "../db/halts.ts";
import { hurryLook, type LookState, readLookState, type Which } from "../db/rechecks.ts";
import { readAddresses } from "./addresses.ts";
import { callbackData } from "./buttons.ts";
import { duration, grouped } from "./measures.ts";
import { show } from "./screen.ts";
import { say } from "./talk.ts";
import { begin, type Request, type Turn } from "./turn.ts";
import { linked } from "./untrusted.ts";

/** /recheck nickname: the next look comes now. */
export async function recheckCommand(request: Request, args: string): Promise<void> {
  const turn = await begin(request);
  const { ctx, text } = turn;
  const { wanted, remarks } = readAddresses(args, text);
  const [address] = wanted;
  if (address === undefined || wanted.length > 1) {
    await say(ctx, [...remarks, text("recheck-usage")].join("\n"));
    return;
  }
  if (!(await showLooks(turn, address, true))) await say(ctx, text("recheck-unknown", { nickname: address.nickname }));
}

/** How it went: [streamer], and 1 for another look now. */
export async function recheckPressed(request: Request, [id = 0, again = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  const isShown = await showLooks(turn, { id }, again === 1);
  if (!isShown) await show(turn, { html: turn.text("recheck-gone"), keyboard: new InlineKeyboard() });
}

/** Gives whether there is such a streamer. */
async function showLooks(turn: Turn, which: Which, hurry: boolean): Promise<boolean> {
  const db = turn.talk.db.for("recheck");
  const state = await (hurry ? hurryLook : readLookState)(db, which);
  if (state === undefined) return false;
  const isHalted = (await readHalts(db)).some(({ part }) => part === "checks");
  const { text } = turn;
  const data = (...numbers: number[]) => callbackData(turn, "oc", state.id, ...numbers);
  const keyboard = new InlineKeyboard().text(text("status-refresh"), data());
  if (state.dueMs !== null && state.dueMs > 0) keyboard.text(text("recheck-again"), data(1));
  await show(turn, { html: looksOf(turn, state, isHalted).join("\n"), keyboard });
  return true;
}

function looksOf(
  { text, language }: Turn,
  { name, url, dueMs, lookedMs, listed, failures }: LookState,
  isHalted: boolean,
) {
  const next =
    dueMs === null
      ? text("recheck-asleep")
      : dueMs > 0
        ? text("recheck-next", { time: duration(language, dueMs) })
        : text(isHalted ? "recheck-halted" : "recheck-now");
  const last =
    lookedMs === null
      ? text("recheck-never")
      : text("recheck-last", { ago: duration(language, Math.max(lookedMs, 0)), listed: grouped(language, listed) });
  const failed = failures > 0 ? [text("recheck-failures", { failures: grouped(language, failures) })] : [];
  return [`🔎 <b>${linked(name, url)}</b>`, next, last, ...failed];
}
