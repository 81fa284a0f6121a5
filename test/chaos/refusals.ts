import type { Finding, Send } from "./history.ts";
import { SLACK_MS } from "./repeats.ts";

export type Refusals = {
  /** 429s that the bot earned by itself: with news, with answers. */
  earned: { news: number; answers: number };
  /** News sent before the wait of an earlier refusal was over: within a term, and where a new leader did not know of it. */
  early: { sameTerm: Finding[]; newTerm: number };
};

/** How the bot heeds flood control. Answers to commands are never held back, so only news must keep the waits. */
export function refusals(sends: Send[], terms: number[]): Refusals {
  const refused = sends.filter(({ code }) => code === 429);
  const earned = refused.filter(({ injected }) => !injected);
  const result: Refusals = {
    earned: {
      news: earned.filter(({ isNews }) => isNews).length,
      answers: earned.filter(({ isNews }) => !isNews).length,
    },
    early: { sameTerm: [], newTerm: 0 },
  };
  const news = Map.groupBy(
    sends.filter(({ isNews }) => isNews),
    ({ chat }) => chat,
  );
  for (const { chat, at: from, isNews, retryAfterMs = 0 } of refused) {
    if (!isNews) continue;
    const early = news.get(chat)?.find(({ at }) => at > from && at < from + retryAfterMs);
    if (early === undefined) continue;
    if (terms.some((term) => from - SLACK_MS <= term && term <= early.at + SLACK_MS)) result.early.newTerm++;
    else
      result.early.sameTerm.push({ what: `sent ${from + retryAfterMs - early.at} ms too early`, chat, at: early.at });
  }
  return result;
}
