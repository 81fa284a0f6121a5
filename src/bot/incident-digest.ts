import type { Untold } from "../db/incidents.ts";
import { incidentLines } from "./incident-lines.ts";
import type { Texts } from "./texts.ts";

const LINES = 15;

/** What went wrong since the operators were last told: one message a day, short enough for Telegram. */
export function renderIncidents(texts: Texts, language: string, { incidents }: Untold): string {
  const left = incidents.length - LINES;
  return [
    texts(language, "incidents-title"),
    ...incidentLines(incidents, LINES),
    ...(left > 0 ? [texts(language, "incidents-more", { count: left })] : []),
    texts(language, "incidents-log"),
  ].join("\n");
}
