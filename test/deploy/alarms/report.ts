import { rules } from "../deployed.ts";
import type { Row } from "./strike.ts";

/** The result as a table: alerts in the order of the rules, then what holds for none of them. */
export function describe(rows: Row[]): string {
  const order = rules().map(({ alert }) => alert);
  const rank = ({ alert }: Row) => (order.includes(alert) ? order.indexOf(alert) : order.length);
  const seconds = (value: number | undefined) => (value === undefined ? "" : value.toFixed(1));
  const cells = rows
    .toSorted((a, b) => rank(a) - rank(b))
    .map((row) => [
      row.alert,
      row.severity,
      `${row.fault}${row.standIn ? " (told, not made)" : ""}`,
      `${row.pace}×`,
      ...[row.firing, row.paged, row.ended, row.closed].map(seconds),
      row.failures.length > 0
        ? `FAILED: ${row.failures.map((words) => words.split("\n", 1)[0]).join("; ")}`
        : row.besides.length > 0
          ? `with ${row.besides.join(", ")}`
          : "",
    ]);
  const head = ["alert", "severity", "fault", "pace", "fires", "pages", "ends", "closed", ""];
  const widths = head.map((_, n) => Math.max(...[head, ...cells].map((row) => row[n]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, n) => (n > 3 && n < 8 ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0)))
      .join("  ")
      .trimEnd();
  return [head, ...cells].map(line).join("\n");
}

/** What is not as it should be, in a sentence. */
export function faultOf(rows: Row[], wanted: string[]): string | undefined {
  const [first, ...others] = rows.filter(({ failures }) => failures.length > 0);
  if (first !== undefined) {
    const more = others.length > 0 ? `, and ${others.length} more` : "";
    return `Not as it should be: ${first.alert} at "${first.fault}": ${first.failures.join("; ")}${more}.`;
  }
  const missing = wanted.filter((alert) => rows.every((row) => row.alert !== alert));
  return missing.length > 0 ? `Nothing was done about ${missing.join(", ")}.` : undefined;
}
