import type { Params } from "./fields.ts";

/** `onGone` is called when the asker has hung up or been answered. */
export type Request = { params: Params; onGone: (gone: () => void) => void };
/** Gives the `result`, or throws an ApiError. */
export type Run = (request: Request) => unknown;
/** By lower-case name: the Bot API does not mind the case. */
export type Methods = ReadonlyMap<string, { name: string; run: Run }>;

export function collectMethods(...groups: Record<string, Run>[]): Methods {
  const all = groups.flatMap((group) => Object.entries(group));
  return new Map(all.map(([name, run]) => [name.toLowerCase(), { name, run }]));
}
