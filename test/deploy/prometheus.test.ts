import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../db/test-db.ts";
import { launch, root } from "../e2e/instance.ts";
import { PATIENCE_MS, startWorld, until } from "../e2e/world.ts";
import { needs, panels } from "./deployed.ts";
import { freePort } from "./port.ts";

const run = promisify(execFile);

test("promtool takes the configuration and the rules", async (context) => {
  const promtool = needs(context, "promtool", "prometheus");
  await run(promtool, ["check", "config", "deploy/prometheus/prometheus.yaml"], { cwd: root });
  const { stdout } = await run(promtool, ["check", "rules", "--lint-fatal", "deploy/prometheus/rules.yaml"], {
    cwd: root,
  });
  expect(stdout).toContain("SUCCESS");
});

test("each alert begins and ends when it should", async (context) => {
  const promtool = needs(context, "promtool", "prometheus");
  await run(promtool, ["test", "rules", "deploy/prometheus/rules.test.yaml"], { cwd: root });
});

test("Alertmanager takes its configuration, and sends what is critical another way", async (context) => {
  const amtool = needs(context, "amtool", "prometheus-alertmanager");
  const file = "deploy/alertmanager/alertmanager.yaml";
  await run(amtool, ["check-config", file], { cwd: root });
  for (const severity of ["critical", "warning"]) {
    const args = ["config", "routes", "test", `--config.file=${file}`, `severity=${severity}`, "alertname=Any"];
    expect((await run(amtool, args, { cwd: root })).stdout.trim()).toBe(`pagerduty-${severity}`);
  }
});

test(
  "every panel of the dashboard shows something of a bot that Prometheus scrapes",
  async (context) => {
    const prometheus = needs(context, "prometheus", "prometheus");
    await using world = await startWorld();
    const { telegram, fetta } = world;
    const bot = await world.start();
    const fan = telegram.person();
    const list = fetta.streamer("pixelfox", { items: 1 });
    await world.track(fan, list);

    await using folder = await temporaryFolder();
    const url = `http://127.0.0.1:${await freePort()}`;
    const config = join(folder.path, "prometheus.yaml");
    const targets = JSON.stringify([new URL(bot.url).host]);
    await writeFile(
      config,
      `{ global: { scrape_interval: 1s, evaluation_interval: 1s }, rule_files: ["${root}/deploy/prometheus/rules.yaml"],
         scrape_configs: [{ job_name: wishbell, static_configs: [{ targets: ${targets} }] }] }`,
    );
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.path}`,
      `--web.listen-address=${new URL(url).host}`,
    ];
    await using _running = launch(prometheus, args, {});

    const exprs = panels().flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    let left = exprs;
    await until(
      "data",
      async () => {
        list.add({ name: `Lamp ${left.length}` });
        telegram.say("/list", { from: fan });
        const shown = await Promise.all(left.map(({ expr }) => hasData(url, expr)));
        left = left.filter((_, n) => !shown[n]);
        return left.length === 0;
      },
      30_000,
    ).catch(() => expect(left).toEqual([]));
  },
  PATIENCE_MS,
);

/** Whether a query gives at least one number. */
async function hasData(url: string, expr: string): Promise<boolean> {
  const query = new URLSearchParams({ query: expr.replaceAll("$__rate_interval", "10s") });
  const response = await fetch(`${url}/api/v1/query?${query}`).catch(() => undefined);
  if (!response?.ok) return false;
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result.some(({ value }) => value[1] !== "NaN");
}
