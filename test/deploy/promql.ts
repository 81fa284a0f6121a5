import { parser } from "@prometheus-io/lezer-promql";

export type Selector = { name: string; matchers: { label: string; operator: string; value: string }[] };

/** What an expression asks for: its selectors, and every label that it names. @throws when it is not PromQL */
export function readPromql(expr: string): { selectors: Selector[]; labels: string[] } {
  const selectors: Selector[] = [];
  const labels: string[] = [];
  const cursor = parser.parse(expr).cursor();
  do {
    const text = expr.slice(cursor.from, cursor.to);
    const selector = selectors.at(-1);
    const matcher = selector?.matchers.at(-1);
    if (cursor.type.isError) throw new Error(`not PromQL at ${cursor.from}: ${expr}`);
    if (cursor.name === "VectorSelector") selectors.push({ name: "", matchers: [] });
    if (cursor.name === "Identifier" && selector) selector.name = text;
    if (cursor.name === "UnquotedLabelMatcher") selector?.matchers.push({ label: "", operator: "", value: "" });
    if (cursor.name === "LabelName") {
      labels.push(text);
      if (matcher && matcher.label === "") matcher.label = text;
    }
    if (cursor.name === "MatchOp" && matcher) matcher.operator = text;
    if (cursor.name === "StringLiteral" && matcher) matcher.value = JSON.parse(text);
  } while (cursor.next());
  return { selectors, labels };
}
