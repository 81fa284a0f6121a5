import { expect, test } from "vitest";
import { runDrill } from "./alarms/drill.ts";
import { drills } from "./alarms/drills/index.ts";
import { short } from "./alarms/drills/short.ts";
import { quicker, rulesAt } from "./alarms/pace.ts";
import type { Row } from "./alarms/strike.ts";
import { needs, rules, yamlOf } from "./deployed.ts";

test("each alert of the rules has a drill", () => {
  const drilled = new Set(drills.flatMap(({ alerts }) => alerts));
  expect([...drilled].sort()).toEqual(
    rules()
      .map(({ alert }) => alert)
      .sort(),
  );
});

test("at another pace, spans of time are shorter, and nothing else is different", () => {
  expect(["5m", "1h", "15s", "2m", "1m"].map((span) => quicker(span, 15))).toEqual(["20s", "240s", "1s", "8s", "4s"]);
  expect(quicker("15s", 60)).toBe("250ms");
  const spans = / for \w+|\[\w+\]/g;
  type Timed = { alert: string; expr: string; for?: string };
  const lineOf = (rule: Timed) => `${rule.alert} ${rule.expr}${rule.for === undefined ? "" : ` for ${rule.for}`}`;
  const linesOf = ({ groups }: { groups: { rules: Timed[] }[] }) => groups.flatMap((group) => group.rules.map(lineOf));
  const deployed = linesOf(yamlOf("deploy/prometheus/rules.yaml"));
  const scaled = linesOf(rulesAt(15));
  expect(scaled.map((line) => line.replaceAll(spans, ""))).toEqual(deployed.map((line) => line.replaceAll(spans, "")));
  const secondsOf = (lines: string[]) =>
    lines.flatMap((line) => line.match(spans) ?? []).map((span) => quicker(span.replace(/ for |\[|\]/g, ""), 1));
  expect(secondsOf(scaled).map((span) => `${Number.parseInt(span, 10) * 15}s`)).toEqual(secondsOf(deployed));
});

test("a site that is down, a revoked token and a leader that stands still wake somebody, until they are mended", async (context) => {
  const programs = {
    prometheus: needs(context, "prometheus", "prometheus"),
    alertmanager: needs(context, "prometheus-alertmanager", "prometheus-alertmanager"),
  };
  const rows: Row[] = [];
  const told: string[] = [];
  const { signal } = context;
  const found = (more: Row[]) => void rows.push(...more);
  await runDrill(short, { programs, signal, found, tell: (line) => void told.push(line), quietS: 5 });
  expect(
    rows.flatMap(({ failures }) => failures),
    told.join("\n"),
  ).toEqual([]);
  expect(rows.flatMap(({ paged, alert }) => (paged === undefined ? [] : [alert])).sort()).toEqual(
    short.alerts.toSorted(),
  );
}, 180_000);
