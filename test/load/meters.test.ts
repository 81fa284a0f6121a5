import { expect, test } from "vitest";
import { growth, quantileOf, readSamples, statementsOf, sumOf } from "../../load/meters.ts";

const before = readSamples(`# HELP updates_total Telegram updates handled
updates_total{kind="message"} 10
sql_statements_total{query="list_trackings"} 10
sql_statements_total{query="loop_due"} 500
late_bucket{le="0.01"} 100
late_bucket{le="0.1"} 100
late_bucket{le="+Inf"} 100
`);
const after = readSamples(`updates_total{kind="message"} 30
updates_total{kind="callback_query"} 5
sql_statements_total{query="list_trackings"} 30
sql_statements_total{query="ready"} 7
sql_statements_total{query="card"} 5
sql_statements_total{query="loop_due"} 900
late_bucket{le="0.01"} 150
late_bucket{le="0.1"} 198
late_bucket{le="+Inf"} 200
`);

test("only what updates cause counts as their statements", () => {
  const grown = growth(before, after);
  expect(sumOf(grown, "updates_total")).toBe(25);
  expect(statementsOf(grown)).toBe(25);
});

test("a quantile lies within its bucket, and above the last one at its bound", () => {
  const grown = growth(before, after);
  expect(quantileOf(grown, "late", 0.25)).toBeCloseTo(0.005);
  expect(quantileOf(grown, "late", 0.74)).toBeCloseTo(0.055);
  expect(quantileOf(grown, "late", 0.999)).toBe(0.1);
  expect(quantileOf(new Map(), "late", 0.5)).toBeUndefined();
  expect(quantileOf(growth(after, after), "late", 0.5)).toBeUndefined();
});
