import { setPriority } from "../db/streamers.ts";
import { readAddresses } from "./addresses.ts";
import { say } from "./talk.ts";
import { begin, type Request } from "./turn.ts";

/** For how many ordinary subscribers each subscriber of such a streamer counts in the schedule. */
const LEVELS: Record<string, number> = { normal: 1, high: 3, vip: 10 };

/** /priority nickname level: operators only; for everybody else there is no such command. */
export async function priorityCommand(request: Request, args: string): Promise<void> {
  const { talk, ctx, text } = await begin(request);
  if (ctx.from === undefined || !talk.adminIds.includes(ctx.from.id)) {
    if (ctx.chat?.type === "private") await say(ctx, text("unknown-command"));
    return;
  }
  const [name = "", level = ""] = args.split(/\s+/);
  const {
    wanted: [wanted],
    remarks,
  } = readAddresses(name, text);
  const weight = LEVELS[level.toLowerCase()];
  if (wanted === undefined || weight === undefined) {
    await say(ctx, [...remarks, text("priority-usage")].join("\n"));
    return;
  }
  const streamer = await setPriority(talk.db.for("set_priority"), wanted, weight);
  if (streamer === undefined) await say(ctx, text("priority-unknown", { nickname: wanted.nickname }));
  else await say(ctx, text("priority-done", { name: streamer, level: level.toLowerCase() }));
}
