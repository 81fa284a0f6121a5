import { setTimeout as sleep } from "node:timers/promises";
import type { Incident } from "./db/incidents.ts";

/** A line of the log, without secrets. */
export type LogEvent = { level: string; msg?: string; [field: string]: unknown };

/** Different ones that are told apart between two writes; more than these become one. */
const GROUPS_MOST = 50;
const LENGTH = 120;
const FLUSH_MS = 5_000;
/** The last write must not hold up a stop. */
const LAST_FLUSH_MS = 2_000;
/** Outcomes that are warned of and yet are everyday life: somebody blocks the bot, a group becomes a supergroup. */
const ORDINARY = new Set<unknown>(["closed", "migrated"]);

/** Counts what the log warns of, until somebody takes it. */
export function createIncidents() {
  let counted = new Map<string, Incident>();

  function add(incident: Incident) {
    const key = JSON.stringify([incident.level, incident.what, incident.detail]);
    const known = counted.get(key);
    if (known !== undefined) known.count += incident.count;
    else if (counted.size < GROUPS_MOST || incident.detail === "…") counted.set(key, { ...incident });
    else add({ ...incident, detail: "…" });
  }

  return {
    note(event: LogEvent) {
      const level = event.level === "warn" ? "warn" : "error";
      if (ORDINARY.has(event.outcome)) return;
      add({ level, what: shown(event.msg ?? ""), detail: detailOf(event), count: 1 });
    },
    /** What was counted since the last time. */
    take(): Incident[] {
      const taken = [...counted.values()];
      counted = new Map();
      return taken;
    },
    /** It could not be written: it is counted still. */
    giveBack(incidents: Incident[]) {
      for (const incident of incidents) add(incident);
    },
  };
}

export type Incidents = ReturnType<typeof createIncidents>;

/**
 * Has what was counted written every few seconds, and a last time when it is disposed of. A write that fails is made
 * again later: what is wrong then is in the log as well.
 */
export function keepIncidents(incidents: Incidents, write: (incidents: Incident[]) => Promise<void>): AsyncDisposable {
  const stop = new AbortController();
  const flush = async () => {
    const taken = incidents.take();
    if (taken.length > 0) await write(taken).catch(() => incidents.giveBack(taken));
  };
  const keeping = (async () => {
    while (!stop.signal.aborted) {
      await sleep(FLUSH_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      await flush();
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.race([keeping, sleep(LAST_FLUSH_MS)]);
    },
  };
}

/** Why, as far as the line says: short, and the same for cases of one kind. */
function detailOf({ outcome, reason, error, why, err }: LogEvent): string {
  const words = [outcome, reason ?? error ?? why ?? causeOf(err)].filter((word) => typeof word === "string");
  return shown(words.filter((word) => word !== "").join(": "));
}

/** What an error says at the bottom of its causes: only there it holds no statement with the values in it. */
function causeOf(err: unknown): string | undefined {
  let at = err;
  while (isFields(at) && isFields(at.cause)) at = at.cause;
  if (!isFields(at)) return undefined;
  const { message, description, error_code: number, code } = at;
  if (typeof description === "string") return `${number} ${description}`;
  const text = String(message ?? "");
  return typeof code === "string" && !text.includes(code) ? `${text} (${code})` : text;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Ids and the like are left out: they would make each case one of its own. */
function shown(text: string): string {
  const line = text.replace(/\s+/g, " ").replace(/-?\d{4,}|\b(?=\w*\d)[\da-f-]{12,}\b/gi, "…");
  return line.length > LENGTH ? `${line.slice(0, LENGTH - 1).toWellFormed()}…` : line.trim();
}
