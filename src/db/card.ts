import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { type ChatSettings, type KnownChat, readSettings, type TrackingSettings } from "./settings.ts";
import { NOW } from "./sql.ts";
import { isUnreadable, newsAt } from "./trackings.ts";

/** One tracking with all that its card shows. Times are of the database's clock, which says it is `now`. */
export type Card = {
  id: number;
  name: string;
  url: string;
  /** Items on the list now. */
  items: number;
  trackedAt: number;
  /** When an item was last added; null when that has not happened yet. */
  newsAt: number | null;
  /** Since when the list cannot be read; null when it can. */
  unreadableSince: number | null;
  /** How many times a subscriber counts in the schedule: 1 for ordinary streamers. */
  priority: number;
  /** The forum topic that its news goes to; 0 for none. */
  threadId: number;
  settings: TrackingSettings;
  now: number;
};

/** One statement: the chat, and what it tracks under that id; a streamer that it does not track is undefined. */
export async function readCard(
  orm: Orm,
  chatId: number,
  streamerId: number,
): Promise<{ chat: KnownChat | undefined; card: Card | undefined }> {
  const [row] = await orm.all<
    Omit<KnownChat, "settings"> & Omit<Card, "settings" | "id"> & { id: number | null; chat: string; tracking: string }
  >(sql`
    SELECT u.type, u.title, u.language, u.settings AS chat, s.id, s.name, s.url, s.priority,
      us.created_at AS "trackedAt", us.thread_id AS "threadId", us.settings AS tracking, ${newsAt(sql`s.id`)} AS "newsAt",
      (SELECT COUNT(*) FROM wishlist_items wi WHERE wi.streamer_id = s.id AND wi.removed_at IS NULL) AS items,
      CASE WHEN ${isUnreadable(sql`s.failures`)} THEN s.failing_since END AS "unreadableSince", ${NOW} AS now
    FROM users u
    LEFT JOIN user_streamers us ON us.user_id = u.id AND us.streamer_id = ${streamerId}
    LEFT JOIN streamers s ON s.id = us.streamer_id
    WHERE u.id = ${chatId}`);
  if (row === undefined) return { chat: undefined, card: undefined };
  const { type, title, language, chat, tracking, id, ...card } = row;
  return {
    chat: { type, title, language, settings: readSettings<ChatSettings>(chat) },
    card: id === null ? undefined : { ...card, id, settings: readSettings<TrackingSettings>(tracking) },
  };
}
