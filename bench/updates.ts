import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { sql } from "../src/db/orm.ts";
import { NOW, numbers } from "./big-database.ts";
import { postRequest } from "./bombard.ts";

/** Streamers that each chat tracks, of how many, and the wishes of each. */
export const TRACKED = 20;
const STREAMERS = 200;
const WISHES = 20;

export const WEBHOOK_SECRET = "a-secret-of-the-webhook-for-the-bench";

/** Fills an empty database with chats that each track some streamers; nobody looks at their lists meanwhile. */
export async function addTrackingChats(url: string, chats: number): Promise<void> {
  await using db = await openDatabase({ url });
  await migrate(db);
  const orm = db.for("seed");
  for (const statement of [
    sql`INSERT INTO users (id, type, language, created_at) ${numbers(chats)} SELECT i, 'private', 'en', ${NOW} FROM n`,
    sql`INSERT INTO streamers (id, source, owner_id, nickname, nickname_key, name, url, listed, created_at)
      ${numbers(STREAMERS)} SELECT i, 'fetta', 'owner-' || i, 'nick' || i, 'nick' || i, 'Streamer ' || i,
        'https://fetta.app/u/nick' || i, ${WISHES}, ${NOW} FROM n`,
    sql`INSERT INTO wishlist_items (streamer_id, product_id, name, price, currency, is_pinned, is_unavailable, first_seen_at)
      ${numbers(STREAMERS * WISHES)} SELECT 1 + i % ${STREAMERS}, 'product-' || i, 'A wish, no. ' || i, 97200, 'RUB', 0, 0,
        ${NOW} FROM n`,
    sql`INSERT INTO user_streamers (user_id, streamer_id, created_at)
      ${numbers(chats * TRACKED)} SELECT 1 + (i - 1) / ${TRACKED}, 1 + (i * 7) % ${STREAMERS}, ${NOW} FROM n`,
  ]) {
    await orm.run(statement);
  }
}

/** What somebody says in a group, to others. */
export const talk = (n: number) => ({
  chat: { id: -1_000_000_000_000 - n, type: "supergroup", title: "A group" },
  text: "That was quite a stream yesterday, was it not?",
});

/** A command that somebody gives in private. */
export const command = (text: string) => (n: number) => ({
  chat: { id: n, type: "private", first_name: "Somebody" },
  text,
  entities: [{ type: "bot_command", offset: 0, length: text.length }],
});

/**
 * Messages in one chat after another, as Telegram sends them to the webhook: the bot answers only so many in a minute to
 * each. `messageIn` tells what is said, in which of so many chats.
 */
export function updates(chats: number, messageIn: (n: number) => object): () => Buffer {
  const requests = Array.from({ length: chats }, (_, n) => {
    const from = { id: n + 1, is_bot: false, first_name: "Somebody", language_code: "en" };
    const message = { message_id: 1, from, date: 1_760_000_000, ...messageIn(n + 1) };
    const update = { update_id: 100_000_000 + n, message };
    return postRequest("/webhook", update, { "x-telegram-bot-api-secret-token": WEBHOOK_SECRET });
  });
  let next = 0;
  return () => requests[next++ % chats] ?? Buffer.alloc(0);
}
