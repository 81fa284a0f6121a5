import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

type Talker = AsyncDisposable & {
  child: ChildProcess;
  /** Waits until it has logged so many lines more, and gives its memory in MB then. */
  goesOn(lines?: number): Promise<number>;
  stop(): Promise<number | string>;
};

/** Something that logs so many lines every 5 ms, to a pipe that is not read, or to a file. */
function startTalker(stdout: "pipe" | number, each = 200): Talker {
  const script = fileURLToPath(new URL("talker.ts", import.meta.url));
  const child = spawn(process.execPath, ["--max-semi-space-size=2", script, `${each}`], {
    stdio: ["ignore", stdout, "pipe"],
  });
  const ended = once(child, "close").then(([code, signal]): number | string => code ?? signal);
  const reports = createInterface({ input: child.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const report = async () => {
    const { value, done } = await reports.next();
    if (done) throw new Error(`ended with ${await ended}`);
    const [lines = Number.NaN, memory = Number.NaN] = String(value).split(" ").map(Number);
    return { lines, memory };
  };
  return {
    child,
    async goesOn(lines = 1) {
      const { lines: before } = await report();
      for (;;) {
        const now = await report();
        if (now.lines >= before + lines) return now.memory;
      }
    },
    async stop() {
      child.kill("SIGTERM");
      return await ended;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

test.concurrent("a reader that does not read costs its lines, but neither memory nor the end of the process", async () => {
  await using talker = startTalker("pipe");
  const before = await talker.goesOn(20_000);
  const after = await talker.goesOn(100_000);
  expect(after - before, "MB; what was logged meanwhile is 50 MB").toBeLessThan(25);
  expect(await talker.stop(), "a write that nobody reads can only be ended so").toBe("SIGKILL");
});

test.concurrent("a reader that reads again learns how many lines it has missed", async () => {
  await using talker = startTalker("pipe");
  await talker.goesOn(50_000);
  const numbers: number[] = [];
  let dropped = 0;
  const reader = createInterface({ input: talker.child.stdout as NodeJS.ReadableStream });
  for await (const text of reader) {
    const line = JSON.parse(text);
    if (line.msg === "log lines were dropped") dropped ||= line.lines;
    else numbers.push(line.n);
    if (dropped > 0 && numbers.length > 1_000) break;
  }
  expect(dropped).toBeGreaterThan(1_000);
  expect(numbers.slice(0, 1_000), "what waited comes first, whole and in order").toEqual([...Array(1_000).keys()]);
});

test.concurrent("a reader that goes away in the midst of a line does not matter", async () => {
  await using talker = startTalker("pipe");
  await talker.goesOn(20_000); // by now a write waits for the reader
  talker.child.stdout?.destroy();
  await talker.goesOn(20_000);
  expect(await talker.stop()).toBe(0);
});

test.concurrent("a full disk under the log does not matter", async () => {
  await using talker = startTalker(openSync("/dev/full", "w"));
  await talker.goesOn(20_000);
  expect(await talker.stop()).toBe(0);
});

test.concurrent("the last lines are written before the process ends", async () => {
  await using talker = startTalker("pipe", 2);
  let last = "";
  createInterface({ input: talker.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    last = line;
  });
  await talker.goesOn(100);
  expect(await talker.stop()).toBe(0);
  expect(JSON.parse(last).msg).toBe("the last line");
});
