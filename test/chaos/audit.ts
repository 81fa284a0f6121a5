import type { Database } from "../../src/db/client.ts";
import type { Finding, Row } from "./history.ts";
import { readTokens } from "./wishes.ts";

const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const OPEN = "state IN ('pending', 'sending')";

/** What the database itself must never see; each is a trigger that writes down what it saw. */
const WATCHES: { name: string; on: string; when: string; detail: string }[] = [
  {
    name: "a claim in the name of a term that is over",
    on: "UPDATE OF claim_epoch ON outbox",
    when: "NEW.claim_epoch IS NOT (SELECT epoch FROM scheduler_lock)",
    detail: "NEW.id",
  },
  {
    name: "a message claimed before one that is owed for longer",
    on: "UPDATE OF state ON outbox",
    when: `NEW.state = 'sending' AND OLD.state = 'pending' AND NEW.streamer_id <> (
      SELECT p.streamer_id FROM outbox p WHERE p.chat_id = NEW.chat_id AND p.thread_id = NEW.thread_id AND p.${OPEN}
      ORDER BY p.id LIMIT 1)`,
    detail: "NEW.id",
  },
  {
    name: "the same news owed twice",
    on: "INSERT ON outbox",
    when: `EXISTS (SELECT 1 FROM outbox p WHERE p.id <> NEW.id AND p.chat_id = NEW.chat_id AND p.thread_id = NEW.thread_id
      AND p.streamer_id = NEW.streamer_id AND p.check_number = NEW.check_number)`,
    detail: "NEW.id",
  },
  {
    name: "a message that had been sent was taken up again",
    on: "UPDATE OF state ON outbox",
    when: "OLD.state = 'sent' AND NEW.state <> 'sent'",
    detail: "NEW.id",
  },
  {
    name: "a term that does not follow the one before",
    on: "UPDATE OF epoch ON scheduler_lock",
    when: "NEW.epoch <> OLD.epoch + 1",
    detail: "NEW.epoch",
  },
];

/** Lets the database watch over what holds inside it, whoever writes. */
export async function watch(db: Database): Promise<void> {
  const triggers = WATCHES.map(
    ({ name, on, when, detail }, n) => `
      CREATE TRIGGER chaos_${n} AFTER ${on} WHEN ${when}
      BEGIN INSERT INTO chaos_seen (at, what, detail) VALUES (${NOW}, '${name}', ${detail}); END;`,
  );
  await db.client.executeMultiple(
    `CREATE TABLE chaos_seen (at INTEGER, what TEXT, detail TEXT); ${triggers.join("\n")}`,
  );
}

export async function seen(db: Database): Promise<Finding[]> {
  const { rows } = await db.client.execute("SELECT at, what, detail FROM chaos_seen ORDER BY at");
  return rows.map(({ at, what, detail }) => ({ what: `${what} (${detail})`, at: Number(at) }));
}

/** What is still to be sent or answered. */
export async function pending(db: Database): Promise<{ owed: number; lookups: number }> {
  const { rows } = await db.client.execute(
    `SELECT (SELECT COUNT(*) FROM outbox WHERE ${OPEN}) AS owed, (SELECT COUNT(*) FROM lookups) AS lookups`,
  );
  return { owed: Number(rows[0]?.owed), lookups: Number(rows[0]?.lookups) };
}

/** The whole outbox, each row with the wishes that it is about. */
export async function readRows(db: Database): Promise<Row[]> {
  const { rows: events } = await db.client.execute(
    "SELECT streamer_id || ' ' || check_number AS look, name FROM wishlist_events WHERE kind = 'added'",
  );
  const byLook = Map.groupBy(events, ({ look }) => String(look));
  const { rows } = await db.client.execute(`
    SELECT o.id, o.chat_id, o.thread_id, s.nickname, o.state, o.message_id, o.done_at, o.streamer_id, o.check_number
    FROM outbox o JOIN streamers s ON s.id = o.streamer_id ORDER BY o.id`);
  return rows.map((row) => {
    const messageId = row.message_id === null ? undefined : Number(row.message_id);
    // What is given up together was one message; nobody knows whether it arrived.
    const group =
      messageId === undefined ? row.state === "parked" && `parked at ${row.done_at}` : `message ${messageId}`;
    const found = byLook.get(`${row.streamer_id} ${row.check_number}`) ?? [];
    return {
      id: Number(row.id),
      chat: Number(row.chat_id),
      thread: Number(row.thread_id),
      streamer: String(row.nickname),
      state: String(row.state),
      messageId,
      group: group === false ? undefined : group,
      tokens: found.flatMap(({ name }) => readTokens(String(name))),
    };
  });
}

/** Who follows whom, as `<chat> <thread> <streamer>`. */
export async function readTrackings(db: Database): Promise<Set<string>> {
  const { rows } = await db.client.execute(`
    SELECT us.user_id, us.thread_id, s.nickname FROM user_streamers us JOIN streamers s ON s.id = us.streamer_id`);
  return new Set(rows.map((row) => `${row.user_id} ${row.thread_id} ${row.nickname}`));
}

/** Whether the bot looks at a streamer and has its list: what is added from now on is news. */
export async function isWatched(db: Database, nickname: string): Promise<boolean> {
  const { rows } = await db.client.execute({
    sql: "SELECT 1 FROM streamers WHERE nickname = ? AND slept_at IS NULL AND baselined_at IS NOT NULL",
    args: [nickname],
  });
  return rows.length > 0;
}

/** "ok", or what SQLite found wrong. */
export async function integrity(db: Database): Promise<string> {
  const { rows } = await db.client.execute("PRAGMA integrity_check");
  const { rows: dangling } = await db.client.execute("PRAGMA foreign_key_check");
  const faults = rows.map((row) => String(row.integrity_check)).filter((line) => line !== "ok");
  if (dangling.length > 0) faults.push(`${dangling.length} rows refer to rows that are missing`);
  return faults.length === 0 ? "ok" : faults.join("; ");
}
