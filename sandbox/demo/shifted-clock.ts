// Loaded into the bot before its own first module (`node --import`): its clocks go ahead of this machine's by as much as
// the demo says, in SHIFTED_CLOCK_MS at the start and by messages later. Both clocks that tell what time it is are moved,
// JavaScript's Date and SQLite's 'now'; timers and performance.now() go on, as when an operator sets the clock.
import { createRequire } from "node:module";

type Prepare = (this: unknown, sql: string) => unknown;

const RealDate = Date;
let aheadMs = Number(process.env.SHIFTED_CLOCK_MS ?? 0);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + aheadMs] : args, newTarget),
  get: (target, name, receiver) =>
    name === "now" ? () => RealDate.now() + aheadMs : Reflect.get(target, name, receiver),
});

const client = createRequire(import.meta.url).resolve("@libsql/client");
const { prototype } = createRequire(client)("libsql") as { prototype: Record<"prepare" | "exec", Prepare> };
for (const name of ["prepare", "exec"] as const) {
  const real = prototype[name];
  prototype[name] = function (sql) {
    return real.call(this, shifted(sql));
  };
}

/** A statement whose 'now' is the shifted one. */
function shifted(sql: string): string {
  return sql
    .replaceAll("unixepoch('subsec')", "unixepoch('now', 'subsec')")
    .replaceAll("'now'", `'now', '${aheadMs / 1000} seconds'`);
}

/** From now on the clocks go ahead by so much; behind, when it is negative. */
export function setAhead(ms: number): void {
  aheadMs = ms;
}

process.on("message", (message: { aheadMs?: number }) => {
  if (message.aheadMs === undefined) return;
  setAhead(message.aheadMs);
  process.send?.(message);
});
// The demo's end is not the bot's business, and listening to it must not keep the bot alive.
process.channel?.unref();
