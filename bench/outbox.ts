import { setImmediate } from "node:timers/promises";
import { createBell } from "../src/bell.ts";
import { renderDigest } from "../src/bot/digest.ts";
import { renderNews } from "../src/bot/notification.ts";
import { loadTexts } from "../src/bot/texts.ts";
import { lead } from "../src/checker/leader.ts";
import type { Database } from "../src/db/client.ts";
import { sql } from "../src/db/orm.ts";
import { recordSnapshot, type SnapshotItem } from "../src/db/snapshots.ts";
import { batch } from "../src/db/sql.ts";
import type { Render } from "../src/delivery/compose.ts";
import { createPace } from "../src/delivery/pace.ts";
import { runSender } from "../src/delivery/sender.ts";
import type { Telegram } from "../src/delivery/telegram.ts";

const texts = loadTexts();

export const rendering: Render = {
  render: (news) => renderNews(texts, news),
  renderDigest: (news) => renderDigest(texts, news),
};

export async function addChats(db: Database, ids: number[], type: "private" | "group"): Promise<void> {
  await db.for("seed").run(sql`
    INSERT INTO users (id, type, language, created_at) SELECT value, ${type}, 'en', 0 FROM json_each(${JSON.stringify(ids)})`);
}

/** A streamer that every chat follows, with one wish so far. `n` is its id. */
export async function addStreamer(db: Database, n: number): Promise<void> {
  const orm = db.for("seed");
  await orm.run(sql`
    INSERT INTO streamers (id, source, owner_id, nickname, name, url, next_check_at, created_at)
    VALUES (${n}, 'fetta', ${`owner-${n}`}, ${`streamer${n}`}, ${`Streamer ${n}`}, ${`https://fetta.app/u/streamer${n}`}, 0, 0)`);
  await orm.run(sql`INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT id, ${n}, 0 FROM users`);
  await look(db, n, ["a"]);
}

/** A look that finds these wishes on a streamer's list: news of those that are new is owed to every chat. */
export async function look(db: Database, n: number, productIds: string[]): Promise<void> {
  const orm = db.for("seed");
  const notes = { intervalMs: 60_000, phaseMs: 60_000, cost: 1, news: 0, countMisses: true };
  await batch(orm, recordSnapshot(orm, sql`SELECT ${n}`, productIds.map(wish), notes));
  await setImmediate();
}

function wish(productId: string): SnapshotItem {
  return {
    ...{ productId, name: `A wish with a name of a usual length, ${productId}`, price: 97_200, currency: "RUB" },
    ...{ isPinned: false, isUnavailable: false },
  };
}

export type DeliverOptions = {
  telegram: Telegram;
  messagesPerSecond: number;
  /** How many are owed. */
  messages: number;
  /** When to stop, whatever is left; absent: when everything is delivered. */
  seconds?: number | undefined;
};

/**
 * Leads, and runs the sender as the bot does, until everything that is owed is delivered.
 * @throws when a message ends in any other way than sent or sent later
 */
export async function deliverOwed(
  db: Database,
  { telegram, messagesPerSecond, messages, seconds }: DeliverOptions,
): Promise<void> {
  const stop = new AbortController();
  const done = Promise.withResolvers<void>();
  let open = messages;
  const enough = seconds === undefined ? undefined : setTimeout(done.resolve, seconds * 1000);
  const ended = lead(
    { orm: db.for, instanceId: "bench", heartbeatMs: 20_000, staleMs: 60_000, finishMs: 10_000, tell: () => {} },
    (leader) =>
      runSender(
        {
          ...rendering,
          orm: db.for,
          telegram,
          pace: createPace(messagesPerSecond),
          staleMs: 60_000,
          bell: createBell(),
          report: ({ outcome, rows }) => {
            if (outcome === "sent") open -= rows;
            else if (outcome !== "wait") done.reject(new Error(`a message was ${outcome}`));
            if (open === 0) done.resolve();
          },
          reached: ({ kind }) => done.reject(new Error(`Telegram is ${kind}`)),
          failed: done.reject,
        },
        leader,
      ),
    stop.signal,
  );
  try {
    await done.promise;
  } finally {
    clearTimeout(enough);
    stop.abort();
    await ended;
  }
}
