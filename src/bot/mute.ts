import { InlineKeyboard } from "grammy";
import { changeTrackingSettings, FOREVER_MS, muteNickname, muteTracking } from "../db/settings.ts";
import { readAddresses } from "./addresses.ts";
import { callbackData } from "./buttons.ts";
import { cardTitle, findCard, showCard } from "./card.ts";
import { moment, zoneOf } from "./clock.ts";
import { listInstead } from "./list.ts";
import { mayChange } from "./rights.ts";
import { show } from "./screen.ts";
import { acknowledge, say } from "./talk.ts";
import { begin, type Request, type Turn } from "./turn.ts";
import { readDuration } from "./typed.ts";
import { linked } from "./untrusted.ts";

const HOUR_MS = 3_600_000;
const NAME_LENGTH = 100;
/** For how many hours a button mutes; -1 is for good. */
const CHOICES = [
  { hours: 24, label: "mute-day" },
  { hours: 7 * 24, label: "mute-week" },
  { hours: -1, label: "mute-forever" },
] as const;

/** For how long a streamer is to be muted. */
export async function muteChoice(request: Request, [streamerId = 0, place = 0]: number[]): Promise<void> {
  const { turn, card } = await findCard(request, streamerId);
  if (!(await mayChange(turn))) return await acknowledge(turn.ctx, turn.text("only-admins"));
  if (card === undefined) return await listInstead(request, place, "untrack-gone");
  const keyboard = new InlineKeyboard();
  for (const { hours, label } of CHOICES) {
    keyboard.text(turn.text(label), callbackData(turn, "m", streamerId, hours, place));
  }
  keyboard.row().text(turn.text("back"), callbackData(turn, "c", streamerId, place));
  await show(turn, { html: `${cardTitle(card)}\n${turn.text("mute-question")}`, keyboard });
}

/** Mutes a streamer from its card, or with 0 hours ends that. */
export async function mutePressed(request: Request, [streamerId = 0, hours = 0, place = 0]: number[]): Promise<void> {
  const turn = await begin(request);
  if (!(await mayChange(turn))) return await acknowledge(turn.ctx, turn.text("only-admins"));
  await setMute(turn, streamerId, hours);
  await showCard(request, streamerId, place, hours === 0 ? "mute-ended" : undefined);
}

/** Mutes for some hours, -1 for good, or with 0 ends that; gives whether the chat tracks the streamer at all. */
export async function setMute({ talk, chatId }: Turn, streamerId: number, hours: number): Promise<boolean> {
  const orm = talk.db.for("mute");
  const which = { chatId, streamerId };
  if (hours === 0) return (await changeTrackingSettings(orm, which, { mutedUntil: null })) > 0;
  return (await muteTracking(orm, which, hours < 0 ? FOREVER_MS : hours * HOUR_MS)) > 0;
}

/** /mute nickname [24h, 7d, forever]. */
export async function muteCommand(request: Request, args: string): Promise<void> {
  const [name = "", ...said] = args.split(/\s+/);
  await muteByName(request, name, said.length === 0 ? 24 * HOUR_MS : readDuration(said.join(" ")), "mute-usage");
}

/** /unmute nickname. */
export async function unmuteCommand(request: Request, args: string): Promise<void> {
  await muteByName(request, args, 0, "unmute-usage");
}

async function muteByName(request: Request, name: string, forMs: number | undefined, usage: string): Promise<void> {
  const turn = await begin(request);
  const { talk, ctx, chatId, text, language, settings } = turn;
  if (!(await mayChange(turn))) return void (await say(ctx, text("only-admins")));
  const {
    wanted: [wanted],
    remarks,
  } = readAddresses(name, text);
  if (wanted === undefined || forMs === undefined) {
    return void (await say(ctx, [...remarks, text(usage)].join("\n\n")));
  }
  const done = await muteNickname(talk.db.for("mute"), chatId, wanted, Math.min(forMs, FOREVER_MS));
  if (done === undefined) return void (await say(ctx, text("untrack-unknown", { nickname: wanted.nickname })));
  const shown = { html: `<b>${linked(done.name, done.url, NAME_LENGTH)}</b>` };
  const { mutedUntil, now } = done;
  if (mutedUntil === null) await say(ctx, text("unmute-done", { name: shown }));
  else if (mutedUntil >= FOREVER_MS) await say(ctx, text("mute-done-forever", { name: shown }));
  else await say(ctx, text("mute-done", { name: shown, until: moment(language, mutedUntil, now, zoneOf(settings)) }));
}
