import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "./checker/leader.ts";
import type { Orm } from "./db/client.ts";
import { type Part, readHalts } from "./db/halts.ts";

export type HaltsOptions = {
  orm: (query: string) => Orm;
  /** Told what is halted: at first, and whenever that changes. */
  told: (halted: Part[]) => void;
  failed: (error: unknown) => void;
};

/** A loop of the leader's, and the part of its work that it belongs to. */
export type Loop = { part: Part; run: (leader: Leader) => Promise<void> };

/** Any instance may have written a halt: it is noticed within so long, in ms. */
const POLL_MS = 1_000;

/**
 * Runs loops until the leader's signal aborts. While its part is halted a loop is ended as a stop would end it, and
 * begun anew afterwards. None begins before it is known what is halted.
 * @throws what a loop throws; the others are ended first
 */
export async function runUnlessHalted(options: HaltsOptions, loops: Loop[], leader: Leader): Promise<void> {
  const { orm, told, failed } = options;
  const running = new Map<Loop, { stop: AbortController; ended: Promise<void> }>();
  const crashed = new AbortController();
  const ending = AbortSignal.any([leader.signal, crashed.signal]);
  let known: string | undefined;

  function begin(loop: Loop) {
    const stop = new AbortController();
    const ended = loop
      .run({ ...leader, signal: AbortSignal.any([ending, stop.signal]) })
      .catch((error: unknown) => crashed.abort(error))
      .then(() => void running.delete(loop));
    running.set(loop, { stop, ended });
  }

  while (!ending.aborted) {
    try {
      const halted = (await readHalts(orm("loop_halts"))).map(({ part }) => part);
      if (known !== String(halted)) told(halted);
      known = String(halted);
      for (const loop of loops) {
        if (halted.includes(loop.part)) running.get(loop)?.stop.abort();
        else if (!running.has(loop) && !ending.aborted) begin(loop);
      }
    } catch (error) {
      failed(error);
    }
    await sleep(POLL_MS, undefined, { signal: ending }).catch(() => undefined);
  }
  await Promise.all([...running.values()].map(({ ended }) => ended));
  crashed.signal.throwIfAborted();
}
