import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const HOUR = 3_600_000;
const preload = new URL("../../sandbox/demo/shifted-clock.ts", import.meta.url).href;
const client = createRequire(import.meta.url).resolve("@libsql/client");

/** Tells, whenever it is asked, what time it is by every clock there is. */
const program = `
const { createClient } = require(${JSON.stringify(client)});
const database = createClient({ url: ":memory:" });
setInterval(() => {}, 1_000_000);
process.on("message", async ({ ask }) => {
  if (!ask) return;
  const { rows: [row] } = await database.execute(
    "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS a, unixepoch('now') * 1000 AS b, unixepoch(datetime('now')) * 1000 AS c",
  );
  const past = [new Date(5).getTime(), new Date(2020, 1, 1).getFullYear()];
  process.send({ now: [Date.now(), new Date().getTime(), row.a, row.b, row.c], past, isDate: new Date() instanceof Date });
});`;

test("JavaScript's clock and SQLite's go ahead together, at the start and whenever they are told to", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-"));
  const file = join(folder.path, "clocks.cjs");
  await writeFile(file, program);
  const child = fork(file, { execArgv: [`--import=${preload}`], env: { ...process.env, SHIFTED_CLOCK_MS: `${HOUR}` } });
  const answerTo = async (message: object) => {
    const answered = once(child, "message");
    child.send(message);
    return (await answered)[0];
  };
  try {
    for (const hours of [1, 33.5]) {
      const clock = { aheadMs: hours * HOUR };
      if (hours !== 1) expect(await answerTo(clock)).toEqual(clock);
      const { now, past, isDate } = await answerTo({ ask: true });
      for (const clock of now) expect(Math.abs(clock - Date.now() - hours * HOUR)).toBeLessThan(2_500);
      expect(past).toEqual([5, 2020]);
      expect(isDate).toBe(true);
    }
  } finally {
    child.kill();
  }
});
