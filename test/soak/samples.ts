import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Instance } from "../e2e/instance.ts";
import type { World } from "../e2e/world.ts";

const SAMPLE_MS = 10_000;

export type Sample = {
  minutes: number;
  rssMb: number;
  heapMb: number;
  fds: number;
  walMb: number;
  owed: number;
  cpuPercent: number;
};

/** Samples the process until it is told to stop. */
export function watching(world: World, instance: Instance) {
  const pid = instance.child.pid ?? 0;
  const started = performance.now();
  const samples: Sample[] = [];
  let cpu = cpuSeconds(pid);
  let at = started;
  const sample = async () => {
    const db = await world.database();
    const { rows } = await db.client.execute("SELECT COUNT(*) AS n FROM outbox WHERE state IN ('pending', 'sending')");
    const now = performance.now();
    const spent = cpuSeconds(pid) - cpu;
    samples.push({
      minutes: round((now - started) / 60_000),
      rssMb: round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_000),
      heapMb: round((await instance.metric("nodejs_heap_size_used_bytes")) / 1e6),
      fds: readdirSync(`/proc/${pid}/fd`).length,
      walMb: round((statSync(`${world.folder}/data/wishbell.db-wal`, { throwIfNoEntry: false })?.size ?? 0) / 1e6),
      owed: Number(rows[0]?.n),
      cpuPercent: round((100_000 * spent) / (now - at)),
    });
    [cpu, at] = [cpu + spent, now];
    process.stdout.write(`${JSON.stringify(samples.at(-1))}\n`);
  };
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      await sample();
      await sleep(SAMPLE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    over.abort();
    await running;
    return samples;
  };
}

export const round = (value: number) => Math.round(value * 10) / 10;

/** Hundredths of a second are what Linux counts in. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** By how much a value grew in an hour, by least squares over the second half. */
export function slope(samples: Sample[], of: (sample: Sample) => number): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = half.map((sample) => sample.minutes / 60);
  const y = half.map(of);
  const [middleX, middleY] = [mean(x), mean(y)];
  const products = x.map((value, n) => (value - middleX) * ((y[n] ?? 0) - middleY));
  const squares = x.map((value) => (value - middleX) ** 2);
  return round(mean(products) / mean(squares));
}
