import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { markIncidentsTold, pruneIncidents, type Untold, untoldIncidents } from "../db/incidents.ts";
import { readChat } from "../db/settings.ts";
import { type Meaning, readAnswer } from "./answers.ts";
import { holdOf } from "./hold.ts";

export type IncidentDigestOptions = {
  orm: (query: string) => Orm;
  adminIds: number[];
  /** Writes to an operator; rejects like a call of the Bot API. */
  send: (chatId: number, html: string) => Promise<unknown>;
  render: (language: string, untold: Untold) => string;
  failed: (error: unknown) => void;
};

/** Nine in the morning, in the default time zone. */
const DIGEST_AT = 9 * 60;
const POLL_MS = 60_000;
/** Answers that another attempt may change. */
const PASSING: ReadonlySet<Meaning> = new Set(["wait", "retry", "gateway", "unknown", "revoked"]);

/**
 * Once a day tells the operators what went wrong since they were last told, if anything did, until the leader's signal
 * aborts. What was told but could not be recorded is told again.
 */
export async function runIncidentDigest(options: IncidentDigestOptions, leader: Leader): Promise<void> {
  const told = new Set<number>();
  while (!leader.signal.aborted) {
    try {
      await tell(options, leader, told);
    } catch (error) {
      if (!leader.signal.aborted) options.failed(error);
    }
    await sleep(POLL_MS, undefined, { signal: leader.signal }).catch(() => undefined);
  }
}

/** `told`: operators who have had this digest already, while it is still owed to others. */
async function tell(options: IncidentDigestOptions, leader: Leader, told: Set<number>): Promise<void> {
  const { orm, adminIds, send, render } = options;
  const untold = await untoldIncidents(orm("loop_untold_incidents"));
  if (untold === undefined || holdOf({ digestAt: DIGEST_AT }, untold.now, untold.since) !== "send") return;
  for (const id of adminIds.filter((id) => !told.has(id))) {
    if (!leader.trusted()) return;
    const chat = await readChat(orm("loop_operator"), id);
    const html = render(chat?.settings.language ?? chat?.language ?? "en", untold);
    try {
      await send(id, html);
    } catch (error) {
      // An operator who has not written to the bot, or has blocked it, cannot be told.
      if (PASSING.has(readAnswer(error).meaning)) throw error;
    }
    told.add(id);
  }
  await leader.write("loop_mark_told", (db) => [markIncidentsTold(db, untold), pruneIncidents(db)]);
  told.clear();
}
