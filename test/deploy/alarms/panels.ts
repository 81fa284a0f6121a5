import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startWorld } from "../../../sandbox/demo/world.ts";
import { until } from "../../e2e/world.ts";
import { panels } from "../deployed.ts";
import type { Programs } from "./drill.ts";
import { live } from "./life.ts";
import { type Monitoring, startMonitoring } from "./monitoring.ts";

export type PanelsOptions = {
  minutes: number;
  programs: Programs;
  tell: (line: string) => void;
  signal: AbortSignal;
};

/** What Grafana takes for it when Prometheus is scraped every 15 s: four scrapes. */
const RATE_INTERVAL = "1m";
const STEP_SECONDS = 15;

/**
 * Runs each query of the dashboard against a Prometheus, as deployed, that has scraped a living demo. Gives 0 when each
 * has data, and nothing has fired.
 */
export async function checkPanels({ minutes, programs, tell, signal }: PanelsOptions): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "wishbell-panels-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const monitoring = stack.use(await startMonitoring({ folder, pace: 1, ...programs }));
  const world = stack.use(await startWorld());
  const port = await until("its port", () => portIn(world.bot.log));
  await monitoring.watch([`http://127.0.0.1:${port}`]);
  const end = new AbortController();
  const living = live(world, AbortSignal.any([signal, end.signal]));
  stack.defer(() => {
    end.abort();
    return living;
  });
  tell(`the demo lives for ${minutes} minutes, scraped every 15 s`);
  await sleep(minutes * 60_000, undefined, { signal });

  const failures: string[] = [];
  for (const panel of panels()) {
    for (const { expr, instant, refId } of panel.targets ?? []) {
      const shown = await showing(monitoring, expr, instant === true, minutes * 60);
      const name = `${panel.title}${(panel.targets?.length ?? 0) > 1 ? ` ${refId}` : ""}`;
      tell(`${name.padEnd(44)} ${shown === undefined ? "NO DATA" : shown}`);
      if (shown === undefined) failures.push(`"${name}" shows nothing: ${expr}`);
    }
  }
  const fired = await monitoring.fired(minutes * 60);
  if (fired.length > 0) failures.push(`${fired.join(", ")} fired at a bot that is well`);
  for (const failure of failures) tell(`FAILED ${failure}`);
  tell(failures.length === 0 ? "Each panel has data, and no alert has fired." : "Not as it should be.");
  return failures.length === 0 ? 0 : 1;
}

/** What a query gives, in a few words; undefined when there is nothing to see. */
async function showing({ query, range }: Monitoring, expr: string, instant: boolean, seconds: number) {
  const promql = expr.replaceAll("$__rate_interval", RATE_INTERVAL);
  const values = instant ? (await query(promql)).map(({ value }) => value) : await range(promql, seconds, STEP_SECONDS);
  const seen = values.filter((value) => !Number.isNaN(value));
  if (seen.length === 0) return undefined;
  const round = (value: number) => Number(value.toPrecision(3));
  return `${seen.length} of ${values.length} points, ${round(Math.min(...seen))} to ${round(Math.max(...seen))}`;
}

function portIn(log: readonly string[]): number | undefined {
  const line = log.find((text) => text.includes('"msg":"started"'));
  return line === undefined ? undefined : Number(JSON.parse(line).port);
}
