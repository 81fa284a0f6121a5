import { readFileSync } from "node:fs";

/** Samples of /metrics by name and labels, as they stand there. */
export type Samples = Map<string, number>;

export function readSamples(text: string): Samples {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

/** By how much each sample grew. */
export function growth(before: Samples, after: Samples): Samples {
  return new Map([...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)]));
}

/** The sum of a metric over its label sets. */
export function sumOf(samples: Samples, name: string, counts: (labels: string) => boolean = () => true): number {
  return [...samples]
    .filter(([key]) => (key === name || key.startsWith(`${name}{`)) && counts(key.slice(name.length)))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** Statements that updates cause: loops and probes have theirs labelled. */
export function statementsOf(samples: Samples): number {
  return sumOf(samples, "sql_statements_total", (labels) => !/^\{query="(?:loop_|ready")/.test(labels));
}

/**
 * A histogram's value that so much of all are below: linear within a bucket, as Prometheus has it; the highest bound
 * for what lies above it. Undefined while it is empty.
 */
export function quantileOf(samples: Samples, histogram: string, share: number): number | undefined {
  const buckets = [...samples].flatMap(([key, count]) => {
    const bound = key.startsWith(`${histogram}_bucket{`) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
    return bound === undefined ? [] : [{ bound: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound), count }];
  });
  buckets.sort((a, b) => a.bound - b.bound);
  const wanted = (buckets.at(-1)?.count ?? 0) * share;
  const at = buckets.findIndex(({ count }) => count >= wanted);
  const [below, bucket] = [buckets[at - 1] ?? { bound: 0, count: 0 }, buckets[at]];
  if (bucket === undefined || wanted === 0) return undefined;
  if (bucket.bound === Number.POSITIVE_INFINITY) return below.bound;
  return below.bound + ((bucket.bound - below.bound) * (wanted - below.count)) / (bucket.count - below.count);
}

const SAMPLE_MS = 250;

/** The most memory that a process has had, in MB, since the last time it was asked; 0 where Linux does not tell. */
export function watchMemory(pid: number) {
  let most = 0;
  const sample = () => {
    try {
      const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      most = Math.max(most, Number(kilobytes ?? 0) / 1024);
    } catch {
      // Another system, or the process has ended.
    }
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    mostMb() {
      sample();
      const mb = most;
      most = 0;
      return mb;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Seconds of a processor that a process has used; 0 where Linux does not tell. Linux counts in hundredths. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
