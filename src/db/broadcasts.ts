import type { MessageEntity } from "grammy/types";
import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { CHAT_LANGUAGE } from "./settings.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";

/** A text as Telegram shows it; offsets and lengths of what is formatted in it are in UTF-16 units. */
export type FormattedText = { text: string; entities: MessageEntity[] };

/** What is announced, by language; both may be the same. */
export type Announcement = { ru: FormattedText; en: FormattedText };

/** A broadcast and how far it is: chats by what has become of their message. */
export type Broadcast = {
  id: number;
  state: "draft" | "rehearsing" | "rehearsed" | "sending" | "stopped" | "done";
  /** Of the operator who sees its progress. */
  language: string;
  /** Where that is shown; null once nobody knows. */
  chatId: number | null;
  messageId: number | null;
  /** In all. */
  chats: number;
  sent: number;
  /** Given up. */
  failed: number;
  /** They have gone, or it came too late for them. */
  skipped: number;
  /** Their quiet hours hold it up. In a rehearsal: they would. */
  quiet: number;
  /** Since it began, until it ended, in ms. */
  tookMs: number;
};

/** Who would get it now. */
export type Audience = {
  chats: number;
  people: number;
  groups: number;
  channels: number;
  russian: number;
};

/** Why a message waits, as its row says. */
export const QUIET_HOURS = "quiet hours";
/** Rows of one statement: they hold up everything else for about 10 ms. */
const PORTION = 5_000;
const DAY_MS = 24 * 3_600_000;
/** Nobody wants to hear later what was to be announced so long ago. */
const EXPIRE_MS = 2 * DAY_MS;
const KEEP_MS = { draft: DAY_MS, ended: 30 * DAY_MS };

const RUNNING = sql.raw("state IN ('rehearsing', 'sending')");
const ONLY_ONE = sql`NOT EXISTS (SELECT 1 FROM broadcasts other WHERE other.${RUNNING})`;

/** Keeps a draft; `language`: of the operator who writes it. Gives its id. */
export async function draftBroadcast(orm: Orm, texts: Announcement, language: string): Promise<number> {
  const { rows } = (await orm.run(sql`
    INSERT INTO broadcasts (texts, language, created_at) VALUES (${JSON.stringify(texts)}, ${language}, ${NOW})
    RETURNING id`)) as unknown as Result;
  return Number(rows[0]?.id);
}

export async function readAudience(orm: Orm): Promise<Audience> {
  const [row] = await orm.all<Audience>(sql`
    SELECT COUNT(*) AS chats, COUNT(*) FILTER (WHERE type = 'private') AS people,
      COUNT(*) FILTER (WHERE type IN ('group', 'supergroup')) AS groups,
      COUNT(*) FILTER (WHERE type = 'channel') AS channels, COUNT(*) FILTER (WHERE ${CHAT_LANGUAGE} = 'ru') AS russian
    FROM users u WHERE u.active`);
  return row ?? { chats: 0, people: 0, groups: 0, channels: 0, russian: 0 };
}

/** Undefined when it is gone. */
export async function readBroadcast(orm: Orm, id: number): Promise<Broadcast | undefined> {
  const [row] = await orm.all<Broadcast>(selectBroadcasts(sql`b.id = ${id}`));
  return row;
}

/** Those whose message does not show yet how they ended, and the one that runs. */
export async function shownBroadcasts(orm: Orm): Promise<Broadcast[]> {
  return await orm.all<Broadcast>(selectBroadcasts(sql`b.message_id IS NOT NULL AND (b.${RUNNING} OR NOT b.is_shown)`));
}

const selectBroadcasts = (which: ReturnType<typeof sql>) => sql`
  SELECT b.id, b.state, b.language, b.chat_id AS "chatId", b.message_id AS "messageId",
    COUNT(m.chat_id) AS chats, COUNT(*) FILTER (WHERE m.state = 'sent') AS sent,
    COUNT(*) FILTER (WHERE m.state = 'parked') AS failed, COUNT(*) FILTER (WHERE m.state = 'skipped') AS skipped,
    COUNT(*) FILTER (WHERE m.last_error = ${QUIET_HOURS}) AS quiet,
    COALESCE(b.ended_at, ${NOW}) - COALESCE(b.started_at, ${NOW}) AS "tookMs"
  FROM broadcasts b LEFT JOIN broadcast_messages m ON m.broadcast_id = b.id
  WHERE ${which} GROUP BY b.id ORDER BY b.id`;

/** The message that shows how far it is, and where. */
export type Place = { chatId: number; messageId: number };

/**
 * Owes the announcement to every active chat, in the topic where most lately its news was to go; a rehearsal does so
 * too. Gives whether it has begun: not while another one runs, and not twice.
 */
export async function startBroadcast(orm: Orm, id: number, place: Place, isRehearsal: boolean): Promise<boolean> {
  const [counted] = await orm.all<{ chats: number; old: number }>(sql`
    SELECT (SELECT COUNT(*) FROM users WHERE active) AS chats,
      (SELECT COUNT(*) FROM broadcast_messages WHERE broadcast_id = ${id}) AS old`);
  const { chats, old } = counted ?? { chats: 0, old: 0 };
  const mayBegin = sql`${ONLY_ONE} AND EXISTS (
    SELECT 1 FROM broadcasts b WHERE b.id = ${id} AND b.state IN ('draft', 'rehearsed'))`;
  const last = sql`(
    SELECT chat_id FROM broadcast_messages m
    WHERE m.broadcast_id = ${id} AND m.state IN ('pending', 'sending') AND m.next_at = 0 ORDER BY chat_id DESC LIMIT 1)`;
  const results = await batch(orm, [
    ...forgetMessages(orm, id, old, mayBegin),
    // One portion more than there were chats: some may have come.
    ...portions(chats + PORTION, () =>
      orm.run(sql`
        INSERT INTO broadcast_messages (broadcast_id, chat_id, thread_id)
        SELECT ${id}, u.id, COALESCE((
          SELECT us.thread_id FROM user_streamers us WHERE us.user_id = u.id ORDER BY us.created_at DESC LIMIT 1), 0)
        FROM users u WHERE u.active AND u.id > COALESCE(${last}, -9223372036854775808) AND ${mayBegin}
        ORDER BY u.id LIMIT ${PORTION}`),
    ),
    orm.run(sql`
      UPDATE broadcasts SET state = ${isRehearsal ? "rehearsing" : "sending"}, chat_id = ${place.chatId},
        message_id = ${place.messageId}, is_shown = 0, started_at = ${NOW}, ended_at = NULL
      WHERE id = ${id} AND ${mayBegin}`),
  ]);
  return results.at(-1)?.rowsAffected === 1;
}

/** Nothing more goes out; what is on its way arrives. A rehearsal that is stopped is a draft again. */
export async function stopBroadcast(orm: Orm, id: number): Promise<void> {
  await orm.run(sql`
    UPDATE broadcasts SET state = CASE state WHEN 'sending' THEN 'stopped' ELSE 'draft' END, is_shown = 0
    WHERE id = ${id} AND ${RUNNING}`);
}

/** What was stopped goes on; gives whether it does: not while another one runs. */
export async function continueBroadcast(orm: Orm, id: number): Promise<boolean> {
  const { rowsAffected } = (await orm.run(sql`
    UPDATE broadcasts SET state = 'sending', is_shown = 0, started_at = ${NOW}
    WHERE id = ${id} AND state = 'stopped' AND ${ONLY_ONE}`)) as unknown as Result;
  return rowsAffected === 1;
}

/** A draft is thrown away; gives whether it was one. */
export async function dropBroadcast(orm: Orm, id: number): Promise<boolean> {
  const isDraft = sql`EXISTS (SELECT 1 FROM broadcasts b WHERE b.id = ${id} AND b.state IN ('draft', 'rehearsed'))`;
  const [counted] = await orm.all<{ old: number }>(
    sql`SELECT COUNT(*) AS old FROM broadcast_messages WHERE broadcast_id = ${id}`,
  );
  const results = await batch(orm, [
    ...forgetMessages(orm, id, counted?.old ?? 0, isDraft),
    orm.run(sql`DELETE FROM broadcasts WHERE id = ${id} AND ${isDraft}`),
  ]);
  return results.at(-1)?.rowsAffected === 1;
}

function forgetMessages(orm: Orm, id: number, count: number, condition: ReturnType<typeof sql>): Statement[] {
  return portions(count, () =>
    orm.run(sql`
      DELETE FROM broadcast_messages WHERE rowid IN (
        SELECT rowid FROM broadcast_messages WHERE broadcast_id = ${id} AND ${condition} LIMIT ${PORTION})`),
  );
}

const portions = (count: number, build: () => Statement) => Array.from({ length: Math.ceil(count / PORTION) }, build);

/** The message shows how it ended, or never will. */
export function markBroadcastShown(orm: Orm, { id, state }: Broadcast): Statement {
  return orm.run(sql`UPDATE broadcasts SET is_shown = 1 WHERE id = ${id} AND state = ${state}`);
}

/** There is no message any more that could show it. */
export function forgetBroadcastMessage(orm: Orm, { id }: Broadcast): Statement {
  return orm.run(sql`UPDATE broadcasts SET message_id = NULL WHERE id = ${id}`);
}

/** What runs now. */
export type Running = { id: number; isRehearsal: boolean; texts: Announcement };

export async function runningBroadcast(orm: Orm): Promise<Running | undefined> {
  const [row] = await orm.all<{ id: number; state: string; texts: string }>(
    sql`SELECT id, state, texts FROM broadcasts WHERE ${RUNNING} ORDER BY id LIMIT 1`,
  );
  return row && { id: row.id, isRehearsal: row.state === "rehearsing", texts: JSON.parse(row.texts) };
}

/** It is over once everybody has been told, or cannot be; what is left two days after it began is not told any more. */
export function endBroadcast(orm: Orm, id: number): Statement[] {
  const isOpen = sql.raw("m.state IN ('pending', 'sending')");
  return [
    orm.run(sql`
      UPDATE broadcast_messages AS m SET state = 'skipped', last_error = 'too late'
      WHERE m.broadcast_id = ${id} AND m.state = 'pending'
        AND EXISTS (SELECT 1 FROM broadcasts b WHERE b.id = ${id} AND b.started_at < ${NOW} - ${EXPIRE_MS})`),
    orm.run(sql`
      UPDATE broadcasts SET state = CASE state WHEN 'sending' THEN 'done' ELSE 'rehearsed' END, is_shown = 0,
        ended_at = ${NOW}
      WHERE id = ${id} AND ${RUNNING} AND NOT EXISTS (
        SELECT 1 FROM broadcast_messages m WHERE m.broadcast_id = ${id} AND ${isOpen})`),
  ];
}

/** Drops at most `limit` messages of broadcasts that are long over, and those broadcasts and drafts that have none. */
export function pruneBroadcasts(orm: Orm, limit: number): Statement[] {
  const isOld = sql`(b.ended_at < ${NOW} - ${KEEP_MS.ended}
    OR (b.state IN ('draft', 'rehearsed') AND b.created_at < ${NOW} - ${KEEP_MS.draft})
    OR (b.state = 'stopped' AND b.started_at < ${NOW} - ${KEEP_MS.ended}))`;
  return [
    orm.run(sql`
      DELETE FROM broadcast_messages WHERE rowid IN (
        SELECT m.rowid FROM broadcasts b JOIN broadcast_messages m ON m.broadcast_id = b.id WHERE ${isOld} LIMIT ${limit})`),
    orm.run(sql`
      DELETE FROM broadcasts AS b WHERE ${isOld}
        AND NOT EXISTS (SELECT 1 FROM broadcast_messages m WHERE m.broadcast_id = b.id)`),
  ];
}
