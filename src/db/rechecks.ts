import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";

/** A streamer by its address or, once that is known, by its id. */
export type Which = { source: string; key: string } | { id: number };

/** When a streamer's list is looked at and was; times in ms from now. */
export type LookState = {
  id: number;
  name: string;
  url: string;
  /** Until the next look; not positive while it is due, null while the streamer sleeps. */
  dueMs: number | null;
  /** Since the last complete look; null before the first. */
  lookedMs: number | null;
  /** Looks in a row that failed, by the streamer's own fault. */
  failures: number;
  /** Items on the list. */
  listed: number;
};

/** Undefined when there is no such streamer. */
export async function readLookState(orm: Orm, which: Which): Promise<LookState | undefined> {
  const [result] = await batch(orm, [lookState(orm, which)]);
  return readState(result);
}

/**
 * The next look at a streamer is due now, before all that are late, unless it sleeps. It is one more, between those that were planned: what it
 * misses does not count, so that no item is believed to be gone any sooner, and the plan stays as it was.
 */
export async function hurryLook(orm: Orm, which: Which): Promise<LookState | undefined> {
  const [, result] = await batch(orm, [
    orm.run(sql`
      UPDATE streamers SET planned_at = next_check_at,
        next_check_at = MIN(${NOW}, (SELECT MIN(next_check_at) - 1 FROM streamers))
      WHERE ${isIt(which)} AND next_check_at > ${NOW}`),
    lookState(orm, which),
  ]);
  return readState(result);
}

const isIt = (which: Which) =>
  "id" in which ? sql`id = ${which.id}` : sql`source = ${which.source} AND nickname_key = ${which.key}`;

function lookState(orm: Orm, which: Which): Statement {
  return orm.run(sql`
    SELECT id, name, url, next_check_at - ${NOW} AS "dueMs", ${NOW} - last_checked_at AS "lookedMs", failures, listed
    FROM streamers WHERE ${isIt(which)}`);
}

function readState(result: Result | undefined): LookState | undefined {
  return result?.rows[0] as LookState | undefined;
}
