import { type Finding, placeOf, type Row, type Told } from "./history.ts";

/**
 * Where one message overtook another in the same chat and topic. A message takes all that is owed about one streamer with
 * it, so what must keep the order are the first rows of the messages, and for each streamer all of them. Only first
 * tellings count: what is told once more after a crash comes late by nature.
 */
export function disorder({ told, rows }: { told: Told[]; rows: Row[] }): Finding[] {
  const rowOf = new Map(rows.flatMap((row) => row.tokens.map((token) => [`${row.chat} ${token}`, row] as const)));
  const recorded = Map.groupBy(
    rows.filter(({ state, messageId }) => state === "sent" && messageId !== undefined),
    ({ chat, messageId }) => `${chat} ${messageId}`,
  );
  const findings: Finding[] = [];
  for (const messages of Map.groupBy(told, placeOf).values()) {
    const known = new Set<number>();
    const newest = new Map<string, number>();
    let lastHead = 0;
    for (const { chat, id, at, tokens, more } of messages) {
      const shown = tokens.flatMap((token) => rowOf.get(`${chat} ${token}`) ?? []);
      const fresh = tokens.flatMap((token) => (known.has(token) ? [] : (rowOf.get(`${chat} ${token}`) ?? [])));
      for (const token of tokens) known.add(token);
      const [first] = fresh;
      if (first === undefined) continue;
      const { streamer } = first;
      const before = newest.get(streamer) ?? 0;
      const oldest = Math.min(...fresh.map((row) => row.id));
      if (oldest < before) findings.push({ what: `row ${oldest} was told after row ${before}`, chat, streamer, at });
      newest.set(streamer, Math.max(before, ...shown.map((row) => row.id)));

      const whole = recorded.get(`${chat} ${id}`) ?? [];
      // Its first row may be one that the message only counts, and nobody has written down which.
      if (whole.length === 0 && more > 0) continue;
      const head = Math.min(...[...whole, ...shown].map((row) => row.id));
      if (head < lastHead) findings.push({ what: `row ${head} was overtaken by row ${lastHead}`, chat, streamer, at });
      lastHead = Math.max(lastHead, head);
    }
  }
  return findings;
}
