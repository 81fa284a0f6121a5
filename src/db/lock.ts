import type { Orm } from "./client.ts";
import { sql } from "./orm.ts";
import { batch, NOW, type Result, type Statement } from "./sql.ts";

/** One holding of the lock. The epoch is the fencing token: it never repeats. */
export type Term = { instanceId: string; epoch: number };

/** The lock's row as seen; `ageMs` is how old its heartbeat is by the database's clock (negative: it lies in the future). */
export type LockRow = { instanceId: string; epoch: number; lastHeartbeat: number; ageMs: number };

/** The term is over: another instance holds the lock, or nobody does. Nothing of the batch was written. */
export class LockLost extends Error {
  override name = "LockLost";
}

export async function readLock(orm: Orm): Promise<LockRow> {
  const [row] = await orm.all<LockRow>(sql`
    SELECT instance_id AS "instanceId", epoch, last_heartbeat AS "lastHeartbeat", ${NOW} - last_heartbeat AS "ageMs"
    FROM scheduler_lock WHERE id = 1`);
  if (row === undefined) throw new Error("scheduler_lock has lost its row; restore it from a backup or seed it again");
  return row;
}

/**
 * Takes the lock if it is still as `seen`, and free, stale, or left over from a term of this very instance: of any number
 * of instances that try, one gets it. A heartbeat from the future is as stale as one from the past, so that no clock that
 * jumped can keep the lock for ever.
 * @param staleMs the age, by the database's clock, from which a heartbeat counts as stale; 0: whatever its age
 */
export async function acquireLock(
  orm: Orm,
  instanceId: string,
  seen: LockRow,
  staleMs: number,
): Promise<Term | undefined> {
  const { rows } = (await orm.run(sql`
    UPDATE scheduler_lock SET instance_id = ${instanceId}, epoch = epoch + 1, acquired_at = ${NOW}, last_heartbeat = ${NOW}
    WHERE id = 1 AND instance_id = ${seen.instanceId} AND epoch = ${seen.epoch} AND last_heartbeat = ${seen.lastHeartbeat}
      AND (instance_id IN ('', ${instanceId}) OR ABS(${NOW} - last_heartbeat) >= ${staleMs})
    RETURNING epoch`)) as unknown as Result;
  return rows[0] === undefined ? undefined : { instanceId, epoch: Number(rows[0].epoch) };
}

/**
 * The first statement of every write of a leader, and its heartbeat: when the term is over, NULL meets NOT NULL and the
 * whole batch rolls back.
 */
export function fence(orm: Orm, term: Term): Statement {
  return orm.run(sql`
    UPDATE scheduler_lock SET
      instance_id = CASE WHEN instance_id = ${term.instanceId} AND epoch = ${term.epoch} THEN instance_id END,
      last_heartbeat = ${NOW}
    WHERE id = 1`);
}

/**
 * Writes in the name of a term, all or nothing.
 * @throws {LockLost} when the term is over
 */
export async function fencedBatch(orm: Orm, term: Term, statements: Statement[]): Promise<Result[]> {
  try {
    const [, ...results] = await batch(orm, [fence(orm, term), ...statements]);
    return results;
  } catch (error) {
    throw trippedFence(error) ? new LockLost(`term ${term.epoch} is over`, { cause: error }) : error;
  }
}

/** Gives the lock back, if it is still this term's: true then. Nothing may be done in its name any more. */
export async function releaseLock(orm: Orm, term: Term): Promise<boolean> {
  const { rowsAffected } = (await orm.run(sql`
    UPDATE scheduler_lock SET instance_id = ''
    WHERE id = 1 AND instance_id = ${term.instanceId} AND epoch = ${term.epoch}`)) as unknown as Result;
  return rowsAffected > 0;
}

function trippedFence(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "extendedCode" in cause ? cause.extendedCode : undefined;
    const notNull = code === "SQLITE_CONSTRAINT_NOTNULL" || /SQLITE_CONSTRAINT_NOTNULL|NOT NULL/.test(cause.message);
    if (notNull && cause.message.includes("scheduler_lock.instance_id")) return true;
  }
  return false;
}
