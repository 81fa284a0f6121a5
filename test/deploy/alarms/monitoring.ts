import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Launched, launch } from "../../e2e/instance.ts";
import { until } from "../../e2e/world.ts";
import { freePort } from "../port.ts";
import { alertmanagerAt, prometheusAt, rulesAt } from "./pace.ts";
import { startPagerDuty } from "./pagerduty.ts";

export type Monitoring = Awaited<ReturnType<typeof startMonitoring>>;

export type MonitoringOptions = {
  /** Where its files go; somebody else's to remove. */
  folder: string;
  /** By how much faster it is than deployed. */
  pace: number;
  prometheus: string;
  alertmanager: string;
};

const KEY = "0123456789abcdef0123456789abcdef";
const START_MS = 30_000;

/**
 * Prometheus and Alertmanager with the deployed rules, routes and grouping, and a PagerDuty behind them, on loopback.
 * Nothing is scraped before watch() says what.
 */
export async function startMonitoring({ folder, pace, prometheus, alertmanager }: MonitoringOptions) {
  await using stack = new AsyncDisposableStack();
  const path = (name: string) => join(folder, name);
  const save = (name: string, content: unknown) => writeFile(path(name), JSON.stringify(content));
  const pagerDuty = stack.use(await startPagerDuty(KEY));
  const manager = `127.0.0.1:${await freePort()}`;
  await writeFile(path("pagerduty.key"), KEY);
  await save("alertmanager.yaml", alertmanagerAt(pace, { url: pagerDuty.url, keyFile: path("pagerduty.key") }));
  const managing = stack.use(
    launch(
      alertmanager,
      [
        `--config.file=${path("alertmanager.yaml")}`,
        `--storage.path=${path("alertmanager")}`,
        "--cluster.listen-address=",
        `--web.listen-address=${manager}`,
      ],
      {},
    ),
  );
  await isReady(managing, `http://${manager}/-/ready`);

  const host = `127.0.0.1:${await freePort()}`;
  const url = `http://${host}`;
  const addresses = { rules: path("rules.yaml"), alertmanager: manager, targets: path("targets.json") };
  await save("rules.yaml", rulesAt(pace));
  await save("prometheus.yaml", prometheusAt(pace, addresses));
  await save("targets.json", []);
  let prometheusRuns: Launched | undefined;

  /** All samples that a query gives now. @throws when Prometheus refuses it */
  async function query(expr: string): Promise<{ metric: Record<string, string>; value: number }[]> {
    const { result } = await ask(`query?${new URLSearchParams({ query: expr })}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value?.[1]) }));
  }

  /** The values of the last `seconds`, of all series together, one every `stepSeconds`. */
  async function range(expr: string, seconds: number, stepSeconds: number): Promise<number[]> {
    const end = Date.now() / 1_000;
    const params = { query: expr, start: `${end - seconds}`, end: `${end}`, step: `${stepSeconds}` };
    const { result } = await ask(`query_range?${new URLSearchParams(params)}`);
    return result.flatMap(({ values = [] }) => values.map(([, value]) => Number(value)));
  }

  async function ask(what: string) {
    const response = await fetch(`${url}/api/v1/${what}`, { signal: AbortSignal.timeout(10_000) });
    const answer = (await response.json()) as { error?: string; data?: { result: Series[] } };
    if (answer.data === undefined) throw new Error(`Prometheus refuses ${what}: ${answer.error}`);
    return answer.data;
  }

  const namesOf = (samples: { metric: Record<string, string> }[]) =>
    [...new Set(samples.map(({ metric }) => metric.alertname ?? ""))].sort();

  const firing = async () => namesOf(await query('ALERTS{alertstate="firing"}'));

  const everything = stack.move();
  return {
    pagerDuty,
    query,
    range,
    /** Lets it scrape these URLs, and no others; it runs from the first time on. */
    async watch(urls: string[]) {
      await save("targets.json", [{ targets: urls.map((one) => new URL(one).host) }]);
      if (prometheusRuns !== undefined) return;
      prometheusRuns = everything.use(
        launch(
          prometheus,
          [
            `--config.file=${path("prometheus.yaml")}`,
            `--storage.tsdb.path=${path("prometheus")}`,
            `--web.listen-address=${host}`,
          ],
          {},
        ),
      );
      await isReady(prometheusRuns, `${url}/-/ready`);
      await until("it is scraped", async () => (await query("up")).length === urls.length, START_MS);
      // It looks for targets every 5 s, whatever its pace: until then nobody runs, as far as it knows.
      const isQuiet = async () => !(await firing()).includes("NotRunning") && pagerDuty.open().length === 0;
      await until("it believes that somebody runs", isQuiet, START_MS);
    },
    /** The alerts that fire now, by name. */
    firing,
    /** Those that have fired at any time within the last `seconds`. */
    fired: async (seconds: number) =>
      namesOf(await query(`max_over_time(ALERTS{alertstate="firing"}[${Math.ceil(seconds)}s])`)),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

type Series = { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] };

async function isReady(program: Launched, url: string): Promise<void> {
  const isUp = () =>
    fetch(url).then(
      ({ ok }) => ok || undefined,
      () => undefined,
    );
  const ended = program.ended.then((code) => {
    throw new Error(`${url} ended with ${code}: ${program.errors()}`);
  });
  await Promise.race([until(url, isUp, START_MS), ended]);
}
