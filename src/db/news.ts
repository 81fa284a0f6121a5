import { changedItems, type FoundEvent, type NewsItem, TELLING_EVENTS } from "./changes.ts";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { CHAT_LANGUAGE, type ChatSettings, readSettings, type TrackingSettings } from "./settings.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";
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
 * The news of some checks for a chat, for each request, from at most `limit` events; undefined when the chat does not want
 * them any more. It has nothing to tell when the chat's filters leave nothing. What many chats ask for is read once.
 */
export async function newsFor(orm: Orm, requests: NewsRequest[], limit: number): Promise<(News | undefined)[]> {
  const looks = new Map(requests.map((request) => [looksOf(request), request]));
  const [asked, ...found] = await batch(orm, [
    readAskers(orm, requests),
    ...[...looks.values()].map((request) => readEvents(orm, request, limit)),
  ]);
  const askers = new Map(asked?.rows.map((row) => [row.n, row]));
  const events = new Map([...looks.keys()].map((key, n) => [key, (found[n]?.rows ?? []) as Found[]]));
  return requests.map((request, n) => {
    const asker = askers.get(n);
    return asker && toNews(asker, request.streamerId, events.get(looksOf(request)) ?? []);
  });
}

const looksOf = ({ streamerId, checkNumbers }: NewsRequest) => `${streamerId}: ${checkNumbers.join()}`;

/** Why a list could not be read stands in the event's name. */
type Found = FoundEvent | { kind: typeof UNREADABLE; name: string };
const UNREADABLE = "unreadable";

/** The chats that want the news, with their streamers; `n` is the request's place. */
function readAskers(orm: Orm, requests: NewsRequest[]): Statement {
  const values = requests.map(({ chatId, streamerId, again }) => [chatId, streamerId, again ? 1 : 0]);
  return orm.run(sql`
    SELECT j.key AS n, u.type, ${CHAT_LANGUAGE} AS language, u.settings AS chat,
      COALESCE(us.settings, '{}') AS tracking, ${NOW} - u.suspect_since AS suspect_ms, ${NOW} AS now,
      s.name, s.url, s.checks
    FROM json_each(${JSON.stringify(values)}) j
    CROSS JOIN users u ON u.id = j.value ->> 0 AND u.active
    CROSS JOIN streamers s ON s.id = j.value ->> 1
    LEFT JOIN user_streamers us ON us.user_id = u.id AND us.streamer_id = s.id
    WHERE us.user_id IS NOT NULL OR j.value ->> 2`);
}

/** What the checks found: that the list cannot be read first, then the newest check's. */
function readEvents(orm: Orm, { streamerId, checkNumbers }: NewsRequest, limit: number): Statement {
  const json = (list: (string | number)[]) => sql`(SELECT value FROM json_each(${JSON.stringify(list)}))`;
  // What was deleted and added again under another id has not gone, and has not come back either.
  return orm.run(sql`
    SELECT e.kind, e.check_number AS "checkNumber", e.product_id AS "productId", e.name, e.price,
      e.previous_price AS "previousPrice", e.currency, e.image_url AS "imageUrl", e.product_url AS "productUrl",
      CASE WHEN r.id IS NULL THEN w.removed_at ELSE r.removed_at END IS NOT NULL AS "isRemoved",
      COALESCE(r.is_unavailable, w.is_unavailable, 0) AS "isUnavailable"
    FROM wishlist_events e
    LEFT JOIN wishlist_items w ON w.streamer_id = e.streamer_id AND w.product_id = e.product_id
    LEFT JOIN wishlist_items r ON r.streamer_id = e.streamer_id AND r.product_id = w.replaced_by
    WHERE e.streamer_id = ${streamerId} AND e.check_number IN ${json(checkNumbers)}
      AND e.kind IN ${json([UNREADABLE, ...TELLING_EVENTS])}
      AND NOT (e.kind = 'removed' AND r.id IS NOT NULL)
      AND NOT (e.kind = 'returned' AND EXISTS (
        SELECT 1 FROM wishlist_items old
        WHERE old.streamer_id = e.streamer_id AND old.external_id = e.external_id AND old.replaced_by = e.product_id
          AND COALESCE(old.removed_at, e.at) >= e.at))
    ORDER BY e.kind = ${UNREADABLE} DESC, e.check_number DESC, e.id LIMIT ${limit}`);
}

function toNews(asker: Result["rows"][number], streamerId: number, found: Found[]): News {
  const [chat, tracking] = [readSettings<ChatSettings>(asker.chat), readSettings<TrackingSettings>(asker.tracking)];
  const events = found.filter((event) => event.kind !== UNREADABLE);
  return {
    chatType: String(asker.type),
    language: String(asker.language),
    suspectMs: asker.suspect_ms === null ? undefined : Number(asker.suspect_ms),
    streamerId,
    streamerName: String(asker.name),
    streamerUrl: String(asker.url),
    isMuted: (tracking.mutedUntil ?? 0) > Number(asker.now),
    items: changedItems(events, (item) => isWanted(item, chat, tracking)),
    unreadable: found.find(({ kind }) => kind === UNREADABLE)?.name,
    checks: Number(asker.checks),
  };
}
