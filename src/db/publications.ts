import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { NOW, type Statement } from "./sql.ts";

/** What Telegram has been told, by key: a hash of it. */
export async function readPublications(orm: Orm): Promise<Map<string, string>> {
  const rows = await orm.all<{ key: string; hash: string }>(sql`SELECT key, hash FROM publications`);
  return new Map(rows.map(({ key, hash }) => [key, hash]));
}

export function notePublication(orm: Orm, key: string, hash: string): Statement {
  return orm.run(sql`
    INSERT INTO publications (key, hash, published_at) VALUES (${key}, ${hash}, ${NOW})
    ON CONFLICT (key) DO UPDATE SET hash = excluded.hash, published_at = excluded.published_at`);
}
