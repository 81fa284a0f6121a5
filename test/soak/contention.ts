/**
 * Several processes write one file as fast as they can while another one keeps its lock for 0 to `--hold` ms at a time;
 * each writer is killed (-9) in the midst of its work, once it has written `--writes` rows. What was acknowledged must be
 * there. `npm run contention -- --processes 4 --writes 1000 --hold 3000 --times 3` prints a line for each run, and exits 1
 * when a row is lost, a BUSY escaped, or the file is damaged. `--freeze 10000` stops (SIGSTOP) one more process inside a
 * transaction, for so long.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openDatabase } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { startChild } from "../db/child.ts";
import { temporaryFolder } from "../db/test-db.ts";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "4" },
    writes: { type: "string", default: "1000" },
    hold: { type: "string", default: "3000" },
    freeze: { type: "string", default: "0" },
    times: { type: "string", default: "1" },
  },
});
const [processes, writes, holdMs, freezeMs, times] = [
  Number(values.processes),
  Number(values.writes),
  Number(values.hold),
  Number(values.freeze),
  Number(values.times),
];

async function run() {
  await using folder = await temporaryFolder();
  const url = `file:${folder.path}/contended.db`;
  await using db = await openDatabase({ url });
  await db.client.execute("CREATE TABLE written (writer TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (writer, n))");
  const started = performance.now();
  const writers = Array.from({ length: processes }, (_, n) => startChild("writer.ts", url, `w${n}`));
  const stretches = Array.from({ length: 100 }, () => `${Math.round(Math.random() * holdMs)}`);
  const hog = holdMs > 0 ? startChild("holder.ts", url, ...stretches) : undefined;
  const frozen = freezeMs > 0 ? startChild("holder.ts", url, "1000") : undefined;
  // A line means that it holds the lock, and will for the next second.
  const freezing = frozen?.line().then(async () => {
    frozen.signal("SIGSTOP");
    await sleep(freezeMs);
    frozen.signal("SIGCONT");
  });
  const failures: string[] = [];
  await Promise.all(
    writers.map(async (writer) => {
      try {
        while (writer.lines.length < writes) await writer.line();
      } catch (error) {
        failures.push(String(error)); // a BUSY that escaped ends it with 3
      }
      await writer.kill();
    }),
  );
  await freezing;
  await hog?.kill();
  await frozen?.kill();
  const seconds = Math.round((performance.now() - started) / 1_000);

  await using after = await openDatabase({ url }); // brings back what the killed ones had written
  const orm = after.for("soak");
  const rows = await orm.all<{ writer: string; n: number }>(sql`SELECT writer, n FROM written`);
  const stored = new Set(rows.map(({ writer, n }) => `${writer} ${n}`));
  const acknowledged = writers.flatMap(({ lines }) => lines.map((line) => line.split(" ").slice(0, 2).join(" ")));
  const [integrity] = await orm.all<{ integrity_check: string }>(sql`PRAGMA integrity_check`);
  const last = writers.map(({ lines }) => (lines.at(-1) ?? "").split(" ").map(Number));
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((row) => !stored.has(row)).length,
    unacknowledged: stored.size - acknowledged.length,
    held: hog?.lines.length ?? 0,
    failures,
    integrity: integrity?.integrity_check,
    delayMs: {
      p99: Math.max(...last.map(([, , p99 = 0]) => p99)),
      longest: Math.max(...last.map(([, , , max = 0]) => max)),
    },
    seconds,
  };
}

for (let n = 0; n < times; n++) {
  const result = await run();
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const { lost, failures, integrity, unacknowledged } = result;
  if (lost > 0 || failures.length > 0 || integrity !== "ok" || unacknowledged > processes) process.exitCode = 1;
}
