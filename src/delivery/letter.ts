import type { Claimed } from "../db/claims.ts";
import type { News } from "../db/news.ts";
import { describe } from "./answers.ts";
import { type Part, type Render, whyNothing, writeMessage } from "./compose.ts";
import type { Parcel } from "./stock.ts";
import type { OutgoingMessage } from "./telegram.ts";

/** A parcel, and what it has to tell. */
export type Opened = { parcel: Parcel; parts: Part<Claimed>[] };

/** A parcel, the news in it, and what it says. */
export type Letter = { parcel: Parcel; news: [News, ...News[]]; message: OutgoingMessage };

/** Rows that are not sent, and why. */
export type Aside = { rows: Claimed[]; state: "skipped" | "parked"; error: string };

/** Writes what a parcel says; no letter when nothing is left of it but rows with nothing to tell, or it cannot be written. */
export function writeLetter(
  { failed, ...rendering }: Render & { failed: (error: unknown) => void },
  { parcel, parts }: Opened,
): { letter?: Letter; aside: Aside[] } {
  const aside: Aside[] = [];
  const told = new Set<Claimed>();
  const news: News[] = [];
  for (const part of parts) {
    const reason = whyNothing(part.news);
    if (part.news === undefined || reason !== undefined) {
      aside.push({ rows: part.rows, state: "skipped", error: reason ?? "untracked" });
    } else {
      news.push(part.news);
      for (const row of part.rows) told.add(row);
    }
  }
  const rows = parcel.rows.filter((row) => told.has(row));
  const [[head], [first, ...others]] = [rows, news];
  if (head === undefined || first === undefined) return { aside };
  try {
    const message = writeMessage(rendering, news);
    if (message === undefined) return { aside: [...aside, { rows, state: "skipped", error: "nothing to tell" }] };
    const ids = rows.map(({ id }) => id);
    return { letter: { parcel: { ...parcel, rows, head, ids }, news: [first, ...others], message }, aside };
  } catch (error) {
    failed(error);
    return { aside: [...aside, { rows, state: "parked", error: `cannot be written: ${describe(error)}` }] };
  }
}
