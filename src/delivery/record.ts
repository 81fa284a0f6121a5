import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import { createBatcher } from "../db/batcher.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import type { Statement } from "../db/sql.ts";

const RETRY_MS = { first: 50, most: 2_000 };
/** Between two transactions that write what comes from many: when hundreds come in a second, a commit each costs most. */
const REST_MS = 20;

/** The statements that write something down. */
export type Build = (orm: Orm) => Statement[];

/**
 * Writes what became of something that cannot be taken back, again and again until it is written or the term is over:
 * what is forgotten would be done twice. Never rejects; gives whether it was written.
 */
export async function record(
  leader: Leader,
  query: string,
  build: Build,
  failed: (error: unknown) => void,
): Promise<boolean> {
  return await insist(() => leader.write(query, build), failed);
}

/**
 * The same for what comes from many at a time: what comes while a transaction is under way is written in one
 * transaction, by the statements that `build` makes of it. When that fails each is written by itself: one that the
 * database refuses holds up no other.
 */
export function createRecorder<T>(
  leader: Leader,
  query: string,
  build: (orm: Orm, outcomes: T[]) => Statement[],
  failed: (error: unknown) => void,
): (outcome: T) => Promise<boolean> {
  const write = (outcomes: T[]) => leader.write(query, (orm) => build(orm, outcomes));
  const together = createBatcher(write, REST_MS);
  return (outcome) => insist((isFirst) => (isFirst ? together(outcome) : write([outcome])), failed);
}

async function insist(
  write: (isFirst: boolean) => Promise<unknown>,
  failed: (error: unknown) => void,
): Promise<boolean> {
  for (let [isFirst, delayMs] = [true, RETRY_MS.first]; ; delayMs = Math.min(delayMs * 2, RETRY_MS.most)) {
    try {
      await write(isFirst);
      return true;
    } catch (error) {
      if (error instanceof LockLost) return false;
      failed(error);
      isFirst = false;
      await sleep(delayMs);
    }
  }
}
