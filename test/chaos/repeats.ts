import type { Finding, Told } from "./history.ts";

export type Evidence = {
  told: Told[];
  /** Sends of which the bot itself said that their outcome is unknown. */
  unknowns: { chat: number; at: number }[];
  /** When each term of the lock began. */
  terms: number[];
};

export type Repeats = { afterUnknown: number; afterCrash: number; unexplained: Finding[] };

/** A clock is read, and a line is written, a little before or after what it tells of. */
export const SLACK_MS = 100;

/** Messages that tell a chat what it has been told, by why they may: nobody knew that the first one had arrived. */
export function repeats({ told, unknowns, terms }: Evidence): Repeats {
  const doubts = Map.groupBy(unknowns, ({ chat }) => chat);
  const last = new Map<string, Told>();
  const result: Repeats = { afterUnknown: 0, afterCrash: 0, unexplained: [] };
  for (const message of told) {
    const { chat, at, tokens } = message;
    const earlier = tokens.flatMap((token) => last.get(`${chat} ${token}`) ?? []);
    const before = earlier.reduce<Told | undefined>((a, b) => (a !== undefined && a.at > b.at ? a : b), undefined);
    for (const token of tokens) last.set(`${chat} ${token}`, message);
    if (before === undefined) continue;
    const between = (time: number) => before.at - SLACK_MS <= time && time <= at + SLACK_MS;
    if (before.unanswered || doubts.get(chat)?.some((doubt) => between(doubt.at))) result.afterUnknown++;
    else if (terms.some(between)) result.afterCrash++;
    else result.unexplained.push({ what: "told twice without a cause", chat, token: tokens[0] ?? 0, at });
  }
  return result;
}
