import type { Incident } from "../db/incidents.ts";
import { escapeHtml } from "./texts.ts";

const SIGNS = { error: "⛔", warn: "⚠️" };

/** One line for each of the first, in the words of the log. */
export function incidentLines(incidents: Incident[], most: number): string[] {
  return incidents.slice(0, most).map(({ level, what, detail, count }) => {
    const words = detail === "" ? what : `${what}: ${detail}`;
    return `${SIGNS[level]} ${count > 1 ? `${count}× ` : ""}${escapeHtml(words)}`;
  });
}

export function countOf(incidents: Incident[], level: Incident["level"]): number {
  return incidents.reduce((sum, incident) => sum + (incident.level === level ? incident.count : 0), 0);
}
