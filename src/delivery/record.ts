import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { LockLost } from "../db/lock.ts";
import type { Statement } from "../db/sql.ts";

const RETRY_MS = { first: 50, most: 2_000 };

/**
 * Writes what became of something that cannot be taken back, again and again until it is written or the term is over:
 * what is forgotten would be done twice. Never rejects; gives whether it was written.
 */
export async function record(
  leader: Leader,
  query: string,
  build: (orm: Orm) => Statement[],
  failed: (error: unknown) => void,
): Promise<boolean> {
  for (let delayMs = RETRY_MS.first; ; delayMs = Math.min(delayMs * 2, RETRY_MS.most)) {
    try {
      await leader.write(query, build);
      return true;
    } catch (error) {
      if (error instanceof LockLost) return false;
      failed(error);
      await sleep(delayMs);
    }
  }
}
