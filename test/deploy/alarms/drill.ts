import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Monitoring, startMonitoring } from "./monitoring.ts";
import { openStage, type Stage, type StageOptions } from "./stage.ts";
import { type Row, type Strike, stayQuiet, strikeOnce } from "./strike.ts";

/** Strikes at instances of their own, one after another, seen by a Prometheus and an Alertmanager of their own. */
export type Drill = {
  name: string;
  /** By how much the monitoring is faster than deployed. */
  pace: number;
  /** The alerts that its strikes set off. */
  alerts: string[];
  stage?: StageOptions;
  /** Starts the instances and has them watched; gives what to do to them. */
  prepare: (stage: Stage, monitoring: Monitoring) => Promise<Strike[]>;
};

export type Programs = { prometheus: string; alertmanager: string };

export type DrillOptions = {
  programs: Programs;
  /** Only strikes that set off one of these; absent: all. */
  only?: string[] | undefined;
  tell: (line: string) => void;
  /** Told what became of the alerts, as it goes. */
  found: (rows: Row[]) => void;
  signal: AbortSignal;
  /** How long nothing may fire after the start, in s. */
  quietS?: number;
};

/** Runs one. @throws when something cannot be begun, or the signal aborts; everything that it started has ended then */
export async function runDrill(drill: Drill, options: DrillOptions): Promise<void> {
  const { programs, only, found, signal, quietS = 20 } = options;
  await using stack = new AsyncDisposableStack();
  const tell = (line: string) => options.tell(`${drill.name}: ${line}`);
  const folder = await mkdtemp(join(tmpdir(), "wishbell-alarms-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { pace } = drill;
  const monitoring = stack.use(await startMonitoring({ folder, pace, ...programs }));
  const stage = stack.use(await openStage(drill.stage));
  signal.throwIfAborted();
  const strikes = await drill.prepare(stage, monitoring);
  const watched = { monitoring, pace, tell, signal };
  found(await stayQuiet("nothing: it starts, and runs", quietS, watched));
  const chosen = strikes.filter(({ alerts }) => only === undefined || alerts.some((alert) => only.includes(alert)));
  for (const strike of chosen) found(await strikeOnce(strike, watched));
  const { refused } = monitoring.pagerDuty;
  if (refused.length > 0) throw new Error(`PagerDuty has refused events: ${refused.join("; ")}`);
  tell("done");
}
