import { setImmediate } from "node:timers/promises";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { nextPlanned, oweNews } from "./snapshots.ts";
import { NOW, type Result, type Statement } from "./sql.ts";

/** What is known of a streamer's news so far, and what a look costs in requests. */
export type Habits = { id: number; news: number; newsAgeMs: number; observedMs: number; cost: number };

/**
 * The same with its weight: its active subscribers times its priority. The next look comes in `dueMs`, of a wait of
 * `waitMs` in all; `failures` of the last looks were its own fault.
 */
export type ScheduledStreamer = Habits & { weight: number; dueMs: number; waitMs: number; failures: number };

/** A streamer whose check is due. `lateMs` is how long it has been due. */
export type DueStreamer = Habits & {
  ownerId: string;
  nickname: string;
  failures: number;
  failingMs: number;
  failureTold: boolean;
  isBaseline: boolean;
  lateMs: number;
  fingerprint: string | null;
  unchangedLooks: number;
  listed: number;
  /** No item of it has ever been seen. */
  isUnseen: boolean;
  /** An operator wants it looked at before its time. */
  isHurried: boolean;
  baselineAgeMs: number;
  profileAgeMs: number;
};

const HABITS = sql`s.id, s.news, ${NOW} - s.news_at AS "newsAgeMs", ${NOW} - s.news_since AS "observedMs", s.cost`;

/**
 * The streamers of a source whose time has come, the longest due first. A sleeping one has no next check. After a jump
 * of the clock into the past the planned times lie too far ahead: these are due as well.
 */
export async function dueStreamers(
  orm: Orm,
  { source, limit, running, longestMs }: { source: string; limit: number; running: number[]; longestMs: number },
): Promise<DueStreamer[]> {
  // The + keeps SQLite from looking through all that the source has: this is asked every second.
  const mayBe = sql`+source = ${source} AND id NOT IN (SELECT value FROM json_each(${JSON.stringify(running)}))`;
  const rows = await orm.all<DueStreamer>(sql`
    SELECT ${HABITS}, owner_id AS "ownerId", nickname, failures, COALESCE(${NOW} - failing_since, 0) AS "failingMs",
      failure_told AS "failureTold", baselined_at IS NULL OR slept_at IS NOT NULL AS "isBaseline",
      ${NOW} - next_check_at AS "lateMs", fingerprint, unchanged_looks AS "unchangedLooks", listed,
      listed = 0 AND NOT EXISTS (SELECT 1 FROM wishlist_items wi WHERE wi.streamer_id = s.id) AS "isUnseen",
      COALESCE(planned_at > ${NOW}, 0) AS "isHurried", ${NOW} - COALESCE(baselined_at, ${NOW}) AS "baselineAgeMs", ${NOW} - profile_at AS "profileAgeMs"
    FROM streamers s
    WHERE id IN (
      SELECT * FROM (SELECT id FROM streamers WHERE next_check_at <= ${NOW} AND ${mayBe} ORDER BY next_check_at LIMIT ${limit})
      UNION ALL SELECT * FROM (
        SELECT id FROM streamers WHERE next_check_at > ${NOW} + ${longestMs} AND failures = 0 AND ${mayBe} LIMIT ${limit}))
    ORDER BY next_check_at LIMIT ${limit}`);
  return rows.map((row) => ({
    ...row,
    failureTold: Boolean(row.failureTold),
    isBaseline: Boolean(row.isBaseline),
    isUnseen: Boolean(row.isUnseen),
    isHurried: Boolean(row.isHurried),
  }));
}

/** All the streamers of a source that are watched, for the schedule, in portions that do not hold up anything else. */
export async function scheduledStreamers(orm: Orm, source: string): Promise<ScheduledStreamer[]> {
  const all: ScheduledStreamer[] = [];
  for (;;) {
    const rows = await orm.all<ScheduledStreamer>(sql`
      SELECT ${HABITS}, s.priority * (
        SELECT COUNT(*) FROM user_streamers us JOIN users u ON u.id = us.user_id AND u.active
        WHERE us.streamer_id = s.id) AS weight,
        next_check_at - ${NOW} AS "dueMs", next_check_at - COALESCE(last_checked_at, created_at) AS "waitMs", failures
      FROM streamers s
      WHERE source = ${source} AND next_check_at IS NOT NULL AND s.id > ${all.at(-1)?.id ?? 0} ORDER BY s.id LIMIT ${PORTION}`);
    all.push(...rows);
    if (rows.length < PORTION) return all;
    await setImmediate(); // a read never leaves the event loop by itself
  }
}

const PORTION = 1_000;

/** Sets how much a subscriber of a streamer counts in the schedule; gives its name, undefined when nobody has it. */
export async function setPriority(
  orm: Orm,
  { source, key }: { source: string; key: string },
  priority: number,
): Promise<string | undefined> {
  const { rows } = (await orm.run(sql`
    UPDATE streamers SET priority = ${priority} WHERE source = ${source} AND nickname_key = ${key}
    RETURNING name`)) as unknown as Result;
  return rows[0] === undefined ? undefined : String(rows[0].name);
}

/** The same for a streamer that is known by its id. */
export async function setPriorityOf(orm: Orm, streamerId: number, priority: number): Promise<void> {
  await orm.run(sql`UPDATE streamers SET priority = ${priority} WHERE id = ${streamerId}`);
}

/** Looks that found nothing changed: one statement for all of them, one row written for each. */
export function recordUnchanged(
  orm: Orm,
  looks: { id: number; intervalMs: number; cost: number; sweep: boolean }[],
): Statement {
  const values = JSON.stringify(looks.map(({ id, intervalMs, cost, sweep }) => [id, intervalMs, cost, sweep ? 1 : 0]));
  return orm.run(sql`
    UPDATE streamers SET last_checked_at = ${NOW}, failures = 0, failing_since = NULL, failure_told = 0,
      unchanged_looks = CASE WHEN look.value->>3 THEN 0 ELSE unchanged_looks + 1 END,
      cost = cost + 0.2 * ((look.value->>2) - cost), next_check_at = ${nextPlanned(sql`(look.value->>1)`)}, planned_at = NULL
    FROM json_each(${values}) look WHERE streamers.id = look.value->>0`);
}

/** The next look at each streamer comes after `withinMs` at the latest; one that sleeps stays asleep. */
export function bringForward(orm: Orm, looks: { id: number; withinMs: number }[]): Statement {
  const values = JSON.stringify(looks.map(({ id, withinMs }) => [id, Math.round(withinMs)]));
  return orm.run(sql`
    UPDATE streamers SET next_check_at = MIN(next_check_at, ${NOW} + (look.value->>1))
    FROM json_each(${values}) look WHERE streamers.id = look.value->>0`);
}

/** A look that gave nothing to compare: only the schedule changes. `own`: it is this streamer's fault, not the site's. */
export function recordFailedCheck(
  orm: Orm,
  streamerId: number,
  { intervalMs, own }: { intervalMs: number; own: boolean },
): Statement {
  return orm.run(sql`
    UPDATE streamers SET next_check_at = ${nextPlanned(sql`${intervalMs}`)}, planned_at = NULL, failures = failures + ${own ? 1 : 0},
      failing_since = CASE WHEN ${own ? 1 : 0} THEN COALESCE(failing_since, ${NOW}) ELSE failing_since END
    WHERE id = ${streamerId}`);
}

/** Its subscribers are owed one message that the list cannot be read, and why; the looks go on. */
export function tellUnreadable(orm: Orm, streamerId: number, outcome: string, subscribers = 0): Statement[] {
  const id = sql`(SELECT id FROM streamers WHERE id = ${streamerId} AND NOT failure_told)`;
  return [
    orm.run(sql`
      INSERT INTO wishlist_events (streamer_id, check_number, kind, product_id, name, at)
      SELECT id, checks + 1, 'unreadable', '', ${outcome}, ${NOW} FROM streamers WHERE id = ${id}
      ON CONFLICT DO NOTHING`),
    ...oweNews(orm, id, subscribers),
    orm.run(sql`UPDATE streamers SET checks = checks + 1, failure_told = 1 WHERE id = ${id}`),
  ];
}

/** What a profile page says now. Its nickname is the streamer's alone from now on. */
export type ProfileFields = {
  nickname: string;
  key: string;
  name: string;
  url: string;
  avatarUrl?: string | undefined;
  description?: string | undefined;
};

/** The profile as it is now; absent: the nickname is gone or another's, and only the owner id still leads to the list. */
export function recordProfile(
  orm: Orm,
  source: string,
  streamerId: number,
  profile: ProfileFields | undefined,
): Statement[] {
  if (profile === undefined) {
    return [orm.run(sql`UPDATE streamers SET nickname_key = NULL, profile_at = ${NOW} WHERE id = ${streamerId}`)];
  }
  const { nickname, key, name, url, avatarUrl = null, description = null } = profile;
  return [
    orm.run(sql`
      UPDATE streamers SET nickname_key = NULL WHERE source = ${source} AND nickname_key = ${key} AND id <> ${streamerId}`),
    orm.run(sql`
      UPDATE streamers SET nickname = ${nickname}, nickname_key = ${key}, name = ${name}, url = ${url},
        avatar_url = ${avatarUrl}, description = ${description}, profile_at = ${NOW} WHERE id = ${streamerId}`),
  ];
}

/** The profile could not be read: tomorrow again. */
export function postponeProfile(orm: Orm, streamerId: number): Statement {
  return orm.run(sql`UPDATE streamers SET profile_at = ${NOW} WHERE id = ${streamerId}`);
}
