import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** A group or channel that a person manages from the private chat. */
export type ManagedChat = { id: number; type: "group" | "supergroup" | "channel"; title: string; trackings: number };

/** From now on the chat is among those that this person manages; nothing happens for a chat that is not known. */
export function addManager(orm: Orm, personId: number, chatId: number): Statement {
  return orm.run(sql`
    INSERT INTO managers (person_id, chat_id, created_at) SELECT ${personId}, id, ${NOW} FROM users WHERE id = ${chatId}
    ON CONFLICT DO NOTHING`);
}

export function removeManager(orm: Orm, personId: number, chatId: number): Statement {
  return orm.run(sql`DELETE FROM managers WHERE person_id = ${personId} AND chat_id = ${chatId}`);
}

/** Those that take messages, by title. */
export async function managedChats(orm: Orm, personId: number): Promise<ManagedChat[]> {
  return await orm.all<ManagedChat>(sql`
    SELECT u.id, u.type, COALESCE(u.title, '…') AS title,
      (SELECT COUNT(*) FROM user_streamers us WHERE us.user_id = u.id) AS trackings
    FROM managers m JOIN users u ON u.id = m.chat_id AND u.active WHERE m.person_id = ${personId}
    ORDER BY u.title, u.id`);
}
