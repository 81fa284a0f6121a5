import { changedItems, type FoundEvent, type NewsItem, TELLING_EVENTS } from "./changes.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { CHAT_LANGUAGE, type ChatSettings, readSettings, type TrackingSettings } from "./settings.ts";
import { batch, NOW } from "./sql.ts";
import { isWanted } from "./wanted.ts";

/** What one or more checks of a streamer found, as far as one chat wants to hear of it. */
export type News = {
  chatType: string;
  language: string;
  /** Since when Telegram has refused the chat in a way that may pass, in ms; absent when it has not. */
  suspectMs?: number | undefined;
  streamerId: number;
  streamerName: string;
  streamerUrl: string;
  /** The chat does not want to hear of the streamer now. */
  isMuted: boolean;
  /** Those of the newest check in front, each check's in the site's order. */
  items: NewsItem[];
  /** The list could not be read for days: what its looks came to. */
  unreadable?: string | undefined;
  /** `streamers.checks`: the items are as they were after so many. */
  checks: number;
};

export type NewsRequest = {
  chatId: number;
  streamerId: number;
  checkNumbers: number[];
  /** What has been told already is asked for again: it does not matter that the chat has untracked the streamer since. */
  again?: boolean;
};

/**
 * The news of some checks for a chat, from at most `limit` events; undefined when the chat does not want them any more.
 * It has nothing to tell when the chat's filters leave nothing.
 */
export async function newsFor(orm: Orm, request: NewsRequest, limit: number): Promise<News | undefined> {
  const { chatId, streamerId, checkNumbers, again = false } = request;
  const json = (list: (string | number)[]) => sql`(SELECT value FROM json_each(${JSON.stringify(list)}))`;
  const checks = sql`e.check_number IN ${json(checkNumbers)}`;
  const [told, found, failed] = await batch(orm, [
    orm.run(sql`
      SELECT u.type, ${CHAT_LANGUAGE} AS language, u.settings AS chat, COALESCE(us.settings, '{}') AS tracking,
        ${NOW} - u.suspect_since AS suspect_ms, ${NOW} AS now, s.name, s.url, s.checks
      FROM users u JOIN streamers s ON s.id = ${streamerId}
      LEFT JOIN user_streamers us ON us.user_id = u.id AND us.streamer_id = s.id
      WHERE u.id = ${chatId} AND u.active AND (us.user_id IS NOT NULL OR ${again ? 1 : 0})`),
    // What was deleted and added again under another id has not gone, and has not come back either.
    orm.run(sql`
      SELECT e.kind, e.check_number AS "checkNumber", e.product_id AS "productId", e.name, e.price,
        e.previous_price AS "previousPrice", e.currency, e.image_url AS "imageUrl", e.product_url AS "productUrl",
        CASE WHEN r.id IS NULL THEN w.removed_at ELSE r.removed_at END IS NOT NULL AS "isRemoved",
        COALESCE(r.is_unavailable, w.is_unavailable, 0) AS "isUnavailable"
      FROM wishlist_events e
      LEFT JOIN wishlist_items w ON w.streamer_id = e.streamer_id AND w.product_id = e.product_id
      LEFT JOIN wishlist_items r ON r.streamer_id = e.streamer_id AND r.product_id = w.replaced_by
      WHERE e.streamer_id = ${streamerId} AND e.kind IN ${json(TELLING_EVENTS)} AND ${checks}
        AND NOT (e.kind = 'removed' AND r.id IS NOT NULL)
        AND NOT (e.kind = 'returned' AND EXISTS (
          SELECT 1 FROM wishlist_items old
          WHERE old.streamer_id = e.streamer_id AND old.external_id = e.external_id AND old.replaced_by = e.product_id
            AND COALESCE(old.removed_at, e.at) >= e.at))
      ORDER BY e.check_number DESC, e.id LIMIT ${limit}`),
    orm.run(sql`
      SELECT name FROM wishlist_events e WHERE e.streamer_id = ${streamerId} AND e.kind = 'unreadable' AND ${checks}`),
  ]);
  const row = told?.rows[0];
  if (row === undefined) return undefined;
  const [chat, tracking] = [readSettings<ChatSettings>(row.chat), readSettings<TrackingSettings>(row.tracking)];
  const events = (found?.rows ?? []) as FoundEvent[];
  return {
    chatType: String(row.type),
    language: String(row.language),
    suspectMs: row.suspect_ms === null ? undefined : Number(row.suspect_ms),
    streamerId,
    streamerName: String(row.name),
    streamerUrl: String(row.url),
    isMuted: (tracking.mutedUntil ?? 0) > Number(row.now),
    items: changedItems(events, (item) => isWanted(item, chat, tracking)),
    unreadable: failed?.rows[0] === undefined ? undefined : String(failed.rows[0].name),
    checks: Number(row.checks),
  };
}
