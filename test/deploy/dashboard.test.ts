import { expect, test } from "vitest";
import { panels, textOf, yamlOf } from "./deployed.ts";

/** Ids of Grafana's units (packages/grafana-data/src/valueFormats/categories.ts) that are used here. */
const UNITS = ["s", "short", "percentunit", "cpm", "reqps", "bytes", "decbytes", "bool_yes_no"];

test("the first screen answers the first question: no more than 24 columns and 13 rows before the parts", () => {
  const all = panels();
  const [first, second] = all.filter(({ type }) => type === "row");
  expect(first).toMatchObject({ title: "Are people getting their news?", gridPos: { y: 0 } });
  expect(second?.gridPos.y).toBe(13);
});

test("panels have an id and a title each, and lie beside each other", () => {
  const all = panels();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of all) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.get(`${x} ${y}`), `${title} lies over it`).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});

test("the address of the dashboard is the one that alerts point to", () => {
  const { uid } = JSON.parse(textOf("deploy/grafana/dashboards/wishbell.json"));
  expect(textOf("deploy/alertmanager/alertmanager.yaml")).toContain(`http://localhost:3000/d/${uid}`);
});

test("what panels ask is asked of the Prometheus that is provisioned, each query by a name of its own", () => {
  type Provisioned = { datasources: { uid: string; type: string; isDefault?: boolean }[] };
  const { datasources } = yamlOf<Provisioned>("deploy/grafana/provisioning/datasources/wishbell.yaml");
  const [standard, ...others] = datasources.filter(({ isDefault }) => isDefault === true);
  expect(standard?.type).toBe("prometheus");
  expect(others).toEqual([]);
  for (const { title, type, datasource, targets = [] } of panels()) {
    if (datasource !== undefined) expect(datasource.uid, title).toBe(standard?.uid);
    if (type !== "row") expect(targets.length, title).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
  }
});

test("units are Grafana's, and what is no time is not shown in seconds; thresholds rise", () => {
  for (const { title, fieldConfig, targets = [] } of panels()) {
    if (fieldConfig === undefined) continue;
    const { defaults, overrides } = fieldConfig;
    const others = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === "unit"));
    for (const unit of [defaults.unit ?? "short", ...others.map(({ value }) => String(value))]) {
      expect(UNITS, title).toContain(unit);
    }
    if (defaults.unit === "s") {
      const timeless = targets.filter(({ expr }) => !/_seconds(_bucket|_ago)?\b/.test(expr) || /_count\b/.test(expr));
      expect(timeless.length, title).toBe(others.length);
    }
    const values = (defaults.thresholds?.steps ?? []).map(({ value }) => value ?? Number.NEGATIVE_INFINITY);
    expect(values, title).toEqual(values.toSorted((a, b) => a - b));
    if (values.length > 0) expect(values[0], title).toBe(Number.NEGATIVE_INFINITY);
  }
});
