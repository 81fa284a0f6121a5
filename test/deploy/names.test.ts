import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { root } from "../e2e/instance.ts";
import { PATIENCE_MS, startWorld, told, until } from "../e2e/world.ts";
import { panels, rules, textOf } from "./deployed.ts";
import { type Exposed, readExposition } from "./exposition.ts";
import { readPromql, type Selector } from "./promql.ts";

/** Made by Prometheus itself; and the labels that it gives to everything it scrapes. */
const OF_PROMETHEUS = ["up", "ALERTS"];
const TARGET_LABELS = ["job", "instance"];
/** Its values need a fault to be seen. */
const OPEN_LABEL = "status";

let exposed: Exposed = new Map();

// As Prometheus sees a bot that has told somebody some news.
beforeAll(async () => {
  await using world = await startWorld();
  const { telegram, fetta } = world;
  const bot = await world.start();
  const fan = telegram.person();
  const list = fetta.streamer("pixelfox", { items: 1 });
  await world.track(fan, list);
  list.add({ name: "Desk lamp" });
  await until("the news", () => told(telegram, fan, "Desk lamp") > 0);
  await until("it is counted", async () => (await bot.metric("notifications_sent_total")) > 0);
  await fetch(`${bot.url}/nothing`);
  exposed = readExposition(await (await fetch(`${bot.url}/metrics`)).text());
}, PATIENCE_MS);

/** What of an expression asks for something that no instance tells. */
function faultsOf(expr: string): string[] {
  const { selectors, labels } = readPromql(expr);
  const own = selectors.filter(({ name }) => !OF_PROMETHEUS.includes(name));
  const known = new Set([...TARGET_LABELS, ...own.flatMap(({ name }) => [...(exposed.get(name)?.keys() ?? [])])]);
  return [
    ...own.flatMap(faultsOfSelector),
    ...(own.length < selectors.length ? [] : labels.filter((label) => !known.has(label)).map((label) => `no ${label}`)),
  ];
}

function faultsOfSelector({ name, matchers }: Selector): string[] {
  const labels = exposed.get(name);
  if (labels === undefined) return [`no metric ${name}`];
  return matchers.flatMap(({ label, operator, value }) => {
    if (TARGET_LABELS.includes(label)) return [];
    const values = [...(labels.get(label) ?? [])];
    if (values.length === 0) return [`${name} has no label ${label}`];
    const wanted = label === OPEN_LABEL ? [] : operator.endsWith("~") ? value.split("|") : [value];
    return wanted
      .filter((pattern) => !values.some((value) => new RegExp(`^(?:${pattern})$`).test(value)))
      .map((pattern) => `${name} has no ${label} ${pattern}, but ${values}`);
  });
}

test.each(rules())("what the alert $alert asks for is there", ({ expr, annotations }) => {
  expect(faultsOf(expr)).toEqual([]);
  const { labels } = readPromql(expr);
  for (const text of Object.values(annotations)) {
    for (const [, label = ""] of text.matchAll(/\$labels\.(\w+)/g))
      expect([...labels, ...TARGET_LABELS]).toContain(label);
  }
});

test.each(panels())("what the panel $title shows is there", ({ targets = [] }) => {
  for (const { expr, legendFormat = "" } of targets) {
    const promql = expr.replaceAll("$__rate_interval", "5m");
    expect(faultsOf(promql)).toEqual([]);
    const { labels } = readPromql(promql);
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      expect([...labels, ...TARGET_LABELS]).toContain(label);
  }
});

/** Names of other things that documents name: what Telegram tells of a webhook, a field of the log. */
const NO_METRICS = ["last_error_message", "update_id"];

const isMetric = (name: string) => exposed.has(name) || exposed.has(`${name}_bucket`);

test("every metric that a document names is there, with the labels it is given", () => {
  const documents = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  const firstWords = new Set([...exposed.keys()].map((name) => name.split("_", 1)[0]));
  const unknown: string[] = [];
  for (const file of ["README.md", ...documents.map((name) => `docs/${name}`)]) {
    for (const [, name = "", labels = ""] of textOf(file).matchAll(/`([a-z]+(?:_[a-z]+)+)(?:\{([^`]*)\})?`/g)) {
      if (!firstWords.has(name.split("_", 1)[0]) || NO_METRICS.includes(name)) continue;
      if (!isMetric(name)) unknown.push(`${file}: ${name}`);
      const series = exposed.get(name) ?? exposed.get(`${name}_bucket`);
      for (const [, label = ""] of labels.matchAll(/(\w+)=/g))
        if (!series?.has(label)) unknown.push(`${name}{${label}}`);
    }
  }
  expect(unknown).toEqual([]);
});

test("docs/alerts.md tells of every metric of ours, and what it says of their labels is so", () => {
  const rows = textOf("docs/alerts.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const told = new Map<string, string[]>();
  for (const row of rows) {
    const [names = "", labels = ""] = row.split("|").slice(1);
    const quoted = (text: string) => Array.from(text.matchAll(/`(\w+)`/g), ([, name = ""]) => name);
    for (const name of quoted(names)) told.set(name, quoted(labels).sort());
  }
  const ours = new Map<string, string[]>();
  for (const [series, labels] of exposed) {
    if (/^(process|nodejs)_/.test(series)) continue;
    const name = exposed.has(series.replace(/_(sum|count)$/, "_bucket"))
      ? series.replace(/_(bucket|sum|count)$/, "")
      : series;
    ours.set(name, [...labels.keys()].filter((label) => label !== "le").sort());
  }
  expect(Object.fromEntries([...told].sort())).toEqual(Object.fromEntries([...ours].sort()));
});

test("every alert has its section in docs/alerts.md, and every section its alert", () => {
  const text = textOf("docs/alerts.md");
  const sections = Array.from(text.matchAll(/^### (\w+)\n\n(Critical|Warning)/gm), ([, name = "", severity = ""]) => [
    `docs/alerts.md#${name.toLowerCase()}`,
    severity.toLowerCase(),
  ]);
  const alerts = rules().map(({ annotations, labels }) => [annotations.runbook_url, labels.severity]);
  expect(sections).toEqual(alerts);
  for (const { alert, annotations } of rules()) {
    expect(annotations.runbook_url, alert).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
    expect(annotations.summary && annotations.description, alert).toBeTruthy();
  }
});
