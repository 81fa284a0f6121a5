/** What /metrics shows: by the name of a series, the values of each of its labels. */
export type Exposed = Map<string, Map<string, Set<string>>>;

export function readExposition(text: string): Exposed {
  const series: Exposed = new Map();
  for (const line of text.split("\n")) {
    const [, name, labels = ""] = /^([a-z_]+)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (name === undefined) continue;
    const values = series.get(name) ?? new Map<string, Set<string>>();
    series.set(name, values);
    for (const [, label = "", value = ""] of labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)) {
      values.set(label, (values.get(label) ?? new Set()).add(value));
    }
  }
  return series;
}
