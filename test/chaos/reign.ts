import type { Database } from "../../src/db/client.ts";
import { readLock } from "../../src/db/lock.ts";
import { pause } from "./pause.ts";

export type Reign = ReturnType<typeof createReign>;

const LOOK_MS = 50;

/** Watches who holds the lock, by the row that all instances share. */
export function createReign(db: Database) {
  const orm = db.for("reign");
  /** Terms as they began, ms since 1970. */
  const terms: { epoch: number; holder: string; at: number }[] = [];
  const takeovers: { ms: number; cause: string }[] = [];
  let holder = "";
  let epoch = 0;
  let missing: { epoch: number; at: number; cause: string } | undefined;

  async function look() {
    const row = await readLock(orm);
    holder = row.instanceId;
    if (row.epoch === epoch) return;
    epoch = row.epoch;
    const { rows } = await db.client.execute("SELECT acquired_at FROM scheduler_lock");
    const at = Number(rows[0]?.acquired_at);
    terms.push({ epoch, holder, at });
    if (missing !== undefined && epoch > missing.epoch) {
      takeovers.push({ ms: at - missing.at, cause: missing.cause });
      missing = undefined;
    }
  }

  return {
    terms,
    takeovers,
    /** The id of the instance that leads; "" when the lock is free. */
    holder: () => holder,
    epoch: () => epoch,
    /** The leader was hit: the time until the next term counts. */
    fell(cause: string) {
      missing ??= { epoch, at: Date.now(), cause };
    },
    /** The leader that was hit goes on, and nobody has taken its place. */
    recovered(at: number) {
      if (missing?.epoch === at) missing = undefined;
    },
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await look();
        await pause(LOOK_MS, signal);
      }
    },
  };
}
