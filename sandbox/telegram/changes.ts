import type { Change } from "./types.ts";

export type Changes = ReturnType<typeof createChanges>;

/** The sandbox's bell: whatever happens is told to every listener at once, in order. */
export function createChanges() {
  const listeners = new Set<(change: Change) => void>();
  return {
    emit(change: Change) {
      for (const listener of listeners) listener(change);
    },
    /** Gives the function that stops listening. */
    on(listener: (change: Change) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
