import type { Leader } from "../checker/leader.ts";

export type RoundsOptions<T> = {
  /** What is to be done now. */
  find: () => Promise<T[]>;
  /** Does one of them; gives whether it came to anything. */
  act: (found: T) => Promise<boolean>;
  /** Waits until there may be more to do. */
  rest: () => Promise<void>;
  failed: (error: unknown) => void;
};

/** Does what there is to do, all that one look finds at a time, until the leader's signal aborts. */
export async function inRounds<T>({ find, act, rest, failed }: RoundsOptions<T>, { signal }: Leader): Promise<void> {
  while (!signal.aborted) {
    let done = 0;
    try {
      const ends = await Promise.all((await find()).map(act));
      done = ends.filter((isDone) => isDone).length;
    } catch (error) {
      failed(error);
    }
    // While Telegram takes nothing, the next attempt can wait.
    if (done === 0) await rest();
  }
}
