import { setTimeout as sleep } from "node:timers/promises";
import { rules } from "../deployed.ts";
import type { Monitoring } from "./monitoring.ts";

/** A real fault, and the alerts that it must set off. */
export type Strike = {
  fault: string;
  /** They fire, page at their severity, and end when the fault does. None: the whole passes without any. */
  alerts: string[];
  /** What may fire with them, because it is true as well. */
  also?: string[];
  /** Breaks it; gives what mends it. */
  begin: () => Promise<() => unknown>;
  /** How long the alerts may take to page, and afterwards to end, in s. */
  firesWithinS?: number;
  endsWithinS?: number;
  /** The fault is told, not made: why none can be made. */
  standIn?: string;
};

/** What became of one alert; times in s, from the fault's beginning and from its end. */
export type Row = {
  alert: string;
  severity: string;
  fault: string;
  pace: number;
  firing?: number;
  paged?: number;
  ended?: number;
  closed?: number;
  besides: string[];
  standIn: boolean;
  failures: string[];
};

export type Watched = { monitoring: Monitoring; pace: number; tell: (line: string) => void; signal: AbortSignal };

/** Of a row about the whole. */
export const NO_ALERT = "–";
const LOOK_MS = 250;
/** So that nothing of one strike is within what the next one looks at. */
const BETWEEN_MS = 2_500;
const severities = new Map(rules().map(({ alert, labels }) => [alert, labels.severity ?? ""]));

/** Breaks, waits for the pages, mends, waits for the end. What went wrong is in the rows; rejects when the signal aborts. */
export async function strikeOnce(strike: Strike, watched: Watched): Promise<Row[]> {
  const { monitoring, tell, signal } = watched;
  const { fault, alerts, also = [], firesWithinS = 60, endsWithinS = 60 } = strike;
  const { open } = monitoring.pagerDuty;
  const rows = alerts.map((alert) => rowOf(alert, strike, watched));
  const whole = rowOf(NO_ALERT, strike, watched);
  await sleep(BETWEEN_MS, undefined, { signal });
  tell(`${fault} …`);
  const beganAt = performance.now();
  const pages = watchPages(monitoring, rows);

  const beginning = strike.begin();
  let isBegun = false;
  const begun = () => {
    isBegun = true;
  };
  beginning.then(begun, begun);
  await lookUntil(firesWithinS, watched, async () => {
    const firing = await monitoring.firing();
    for (const row of rows) if (firing.includes(row.alert)) row.firing ??= since(beganAt);
    pages.taken(beganAt);
    return isBegun && rows.every(({ firing, paged }) => firing !== undefined && paged !== undefined);
  });
  const mend = await beginning;
  for (const { alert, firing, paged, failures } of rows) {
    if (firing === undefined) failures.push(`did not fire within ${firesWithinS} s`);
    else if (paged === undefined) failures.push(`did not page within ${firesWithinS} s`);
    else tell(`${alert} fires after ${firing} s, pages after ${paged} s`);
  }

  const mendedAt = performance.now();
  await mend();
  let left: string[] = [];
  await lookUntil(endsWithinS, watched, async () => {
    left = await monitoring.firing();
    for (const row of rows) {
      if (left.includes(row.alert)) delete row.ended;
      else row.ended ??= since(mendedAt);
    }
    pages.closed(mendedAt);
    return left.length === 0 && open().length === 0;
  });
  for (const { alert, ended, closed, paged, failures } of rows) {
    if (ended === undefined) failures.push(`still fires ${endsWithinS} s after the end of the fault`);
    else if (closed === undefined && paged !== undefined) failures.push("its incident was not closed");
    else if (closed !== undefined) tell(`${alert} ends after ${ended} s, its incident after ${closed} s`);
  }

  const besides = (await monitoring.fired(since(beganAt))).filter((alert) => !alerts.includes(alert));
  const strange = besides.filter((alert) => !also.includes(alert));
  const staying = left.filter((alert) => !alerts.includes(alert));
  for (const row of [...rows, whole]) row.besides = besides;
  if (strange.length > 0) whole.failures.push(`${strange.join(", ")} fired, which this is no reason for`);
  if (staying.length > 0) whole.failures.push(`${staying.join(", ")} stayed`);
  for (const { alert, failures } of [...rows, whole]) for (const words of failures) tell(`FAILED ${alert}: ${words}`);
  return alerts.length === 0 || whole.failures.length > 0 ? [...rows, whole] : rows;
}

/** Notes in the rows which incidents tell of their alerts, from now on. */
function watchPages({ pagerDuty: { pages } }: Monitoring, rows: Row[]) {
  const seen = pages.length;
  const first = ({ alert }: Row) =>
    pages.slice(seen).find(({ action, alerts }) => action === "trigger" && alerts.includes(alert.toLowerCase()));
  return {
    taken(beganAt: number) {
      for (const row of rows.filter(({ paged }) => paged === undefined)) {
        const page = first(row);
        if (page === undefined) continue;
        row.paged = since(beganAt, page.at);
        if (page.severity !== row.severity) row.failures.push(`paged as ${page.severity}`);
      }
    },
    closed(mendedAt: number) {
      for (const row of rows) {
        const incident = first(row)?.key;
        const close = pages.findLast(({ key, action }) => key === incident && action === "resolve");
        if (close !== undefined && close.at > mendedAt) row.closed = since(mendedAt, close.at);
      }
    },
  };
}

/** Nothing may fire, or page, for so long. */
export async function stayQuiet(what: string, seconds: number, watched: Watched): Promise<Row[]> {
  const { monitoring, signal } = watched;
  const beganAt = performance.now();
  const seen = monitoring.pagerDuty.pages.length;
  await sleep(seconds * 1_000, undefined, { signal });
  const fired = await monitoring.fired(since(beganAt));
  const pages = monitoring.pagerDuty.pages.slice(seen).map(({ summary }) => summary);
  const failures = [...fired.map((alert) => `${alert} fired`), ...pages.map((summary) => `paged: ${summary}`)];
  for (const failure of failures) watched.tell(`FAILED ${what}: ${failure}`);
  return [{ ...rowOf(NO_ALERT, { fault: what }, watched), besides: fired, failures }];
}

async function lookUntil(seconds: number, { signal }: Watched, look: () => Promise<boolean>): Promise<void> {
  const late = performance.now() + seconds * 1_000;
  while (!(await look()) && performance.now() < late) await sleep(LOOK_MS, undefined, { signal });
}

const since = (start: number, end = performance.now()) => Math.round((end - start) / 100) / 10;

function rowOf(alert: string, { fault, standIn }: Pick<Strike, "fault" | "standIn">, { pace }: Watched): Row {
  const severity = severities.get(alert) ?? "";
  return { alert, severity, fault, pace, besides: [], standIn: standIn !== undefined, failures: [] };
}
