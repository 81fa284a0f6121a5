import { createRequire } from "node:module";
import { createClient } from "@libsql/client";
import type { Orm } from "../src/db/client.ts";
import { sql } from "../src/db/orm.ts";
import { listTrackings, listTrackingsQuery, newsAt } from "../src/db/trackings.ts";
import type { ListWorld } from "./list-world.ts";

/** A way to answer /list: gives how many items each streamer has that the chat tracks, the latest tracking first. */
export type ListWay = (chatId: number) => number[] | Promise<number[]>;

/** The ways, and what to call them in a table. */
export const LIST_WAYS = {
  ours: "**one JOIN, as /list does it**",
  client: "the same SQL on bare @libsql/client",
  prepared: "the same SQL on bare libsql, prepared once, synchronous",
  regrouped: "ours, but grouped by `s.id, us.created_at`",
  textbook: "textbook: `SELECT s.*, COUNT(…)`, two JOINs, `GROUP BY s.id, us.created_at`",
  counting: "N+1: the trackings, then a COUNT for each",
  fetching: "N+1: the trackings, then the items of each, to count them",
};

export type ListWayName = keyof typeof LIST_WAYS;

type Counted = { items: number };

/** Where the item count stands among the columns of the SQL of /list. */
const ITEMS = 8;

/** The ways on one database; those on a driver of their own keep the file open until they are disposed of. */
export function createListWays({ db, file }: ListWorld): Record<ListWayName, ListWay> & Disposable {
  const orm = db.for("bench");
  const client = createClient({ url: `file:${file}` });
  const native = openNative(file);
  const prepared = native.prepare(listSql(orm, 0).sql).raw();
  return {
    ours: async (chatId) => (await listTrackings(orm, chatId)).tracked.map(({ items }) => items),
    client: async (chatId) => {
      const { rows } = await client.execute(listSql(orm, chatId));
      return rows.map((row) => Number(row[ITEMS]));
    },
    prepared: (chatId) => prepared.all(...listSql(orm, chatId).args).map((row) => Number(row[ITEMS])),
    regrouped: async (chatId) => {
      const { rows } = await db.client.execute(regroup(listSql(orm, chatId)));
      return rows.map((row) => Number(row[ITEMS]));
    },
    textbook: async (chatId) => {
      const rows = await orm.all<Counted>(sql`
        SELECT s.*, us.created_at AS tracked_at, COUNT(wi.id) AS items FROM user_streamers us
        JOIN streamers s ON s.id = us.streamer_id
        LEFT JOIN wishlist_items wi ON wi.streamer_id = s.id AND wi.removed_at IS NULL
        WHERE us.user_id = ${chatId} GROUP BY s.id, us.created_at ORDER BY us.created_at DESC`);
      return rows.map(({ items }) => items);
    },
    counting: async (chatId) => {
      const counts = [];
      for (const { id } of await trackings(orm, chatId)) {
        const [row] = await orm.all<Counted>(sql`
          SELECT COUNT(*) AS items FROM wishlist_items WHERE streamer_id = ${id} AND removed_at IS NULL`);
        counts.push(row?.items ?? 0);
      }
      return counts;
    },
    fetching: async (chatId) => {
      const counts = [];
      for (const { id } of await trackings(orm, chatId)) {
        const items = await orm.all(sql`SELECT * FROM wishlist_items WHERE streamer_id = ${id} AND removed_at IS NULL`);
        counts.push(items.length);
      }
      return counts;
    },
    [Symbol.dispose]() {
      client.close();
      native.close();
    },
  };
}

/** The SQL of /list as the product writes it. */
export function listSql(orm: Orm, chatId: number): { sql: string; args: bigint[] } {
  const { sql, params } = listTrackingsQuery(orm, chatId).toSQL();
  return { sql, args: params.map((param) => BigInt(Number(param))) };
}

function regroup({ sql, args }: { sql: string; args: bigint[] }): { sql: string; args: bigint[] } {
  const regrouped = sql.replace(
    'group by "user_streamers"."user_id", "user_streamers"."streamer_id"',
    'group by "streamers"."id", "user_streamers"."created_at"',
  );
  if (regrouped === sql) throw new Error("the SQL of /list is not grouped by the key of user_streamers");
  return { sql: regrouped, args };
}

/** All that /list shows but the number of items. */
async function trackings(orm: Orm, chatId: number): Promise<{ id: number }[]> {
  return await orm.all<{ id: number }>(sql`
    SELECT u.type, u.title, u.language, u.settings, s.id, s.name, s.url, us.created_at, us.settings AS tracking, s.failures,
      ${newsAt(sql`s.id`)} AS news_at
    FROM users u JOIN user_streamers us ON us.user_id = u.id JOIN streamers s ON s.id = us.streamer_id
    WHERE u.id = ${chatId} ORDER BY us.created_at DESC, s.id DESC`);
}

type Native = {
  prepare(sql: string): { raw(): { all(...args: bigint[]): unknown[][] } };
  close(): void;
};

/** The driver below @libsql/client, which brings it along. */
function openNative(file: string): Native {
  const Database = createRequire(import.meta.resolve("@libsql/client"))("libsql");
  return new Database(file);
}
