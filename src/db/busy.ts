import { setTimeout as sleep } from "node:timers/promises";

/** The write lock of the database stayed taken for longer than we are willing to wait. Nothing was written. */
export class DatabaseBusy extends Error {
  override name = "DatabaseBusy";
}

const FILE_IS_LOCKED =
  "another process keeps the database locked: find out which (fuser or lsof on the file), let it finish or end it";

/** Whether SQLite answered SQLITE_BUSY, in any of its forms; looks through `cause`, since drizzle wraps errors. */
export function isBusy(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, extendedCode } = at as { code?: unknown; extendedCode?: unknown };
    if ([code, extendedCode].some((it) => typeof it === "string" && it.startsWith("SQLITE_BUSY"))) return true;
  }
  return false;
}

/**
 * Repeats `attempt` while it finds the database busy; other errors pass. Waits asynchronously, 1 to 100 ms at a time.
 * @param deadline on `performance.now()`'s clock; one attempt is made even when it has passed
 * @param words what to say past the deadline
 * @throws {DatabaseBusy} past the deadline
 */
export async function whenFree<T>(attempt: () => Promise<T>, deadline: number, words = FILE_IS_LOCKED): Promise<T> {
  for (let longestMs = 2; ; longestMs = Math.min(longestMs * 2, 100)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= deadline) {
        throw new DatabaseBusy(words, { cause: error });
      }
      await sleep(longestMs / 2 + (Math.random() * longestMs) / 2); // jitter: several waiters must not move in step
    }
  }
}
