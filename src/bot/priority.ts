import { setPriority } from "../db/streamers.ts";
import { readAddresses } from "./addresses.ts";
import { weightOf } from "./levels.ts";
import { say } from "./talk.ts";
import { begin, type Request } from "./turn.ts";

/** /priority nickname level. */
export async function priorityCommand(request: Request, args: string): Promise<void> {
  const { talk, ctx, text } = await begin(request);
  const [name = "", level = ""] = args.split(/\s+/);
  const {
    wanted: [wanted],
    remarks,
  } = readAddresses(name, text);
  const weight = weightOf(level);
  if (wanted === undefined || weight === undefined) {
    await say(ctx, [...remarks, text("priority-usage")].join("\n"));
    return;
  }
  const streamer = await setPriority(talk.db.for("set_priority"), wanted, weight);
  if (streamer === undefined) await say(ctx, text("priority-unknown", { nickname: wanted.nickname }));
  else await say(ctx, text("priority-done", { name: streamer, level: level.toLowerCase() }));
}
