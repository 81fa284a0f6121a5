import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Lets so much time go by, with so little in it that it takes seconds; gives the exit status and what is printed. */
async function live(options: Record<string, number>): Promise<{ status: unknown; text: string }> {
  const args = Object.entries({ followers: 2, follows: 2, items: 6, prices: 2, ...options });
  const given = ["bench/year.ts", ...args.flatMap(([name, value]) => [`--${name}`, String(value)])];
  return await new Promise((resolve) => {
    execFile(process.execPath, given, { cwd: root }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, text: stdout + stderr });
    });
  });
}

/** The columns of the table that begin with this day: items, events, folded items, messages. */
function rowsOf(text: string, day: number): number[] {
  const line = text.split("\n").find((line) => line.startsWith(`${String(day).padStart(6)} `)) ?? "";
  return line.trim().split(/\s+/).slice(3, 7).map(Number);
}

test("after more than 400 days only the items grow: messages go after 30 days, events are folded", async () => {
  const { status, text } = await live({ days: 404, streamers: 2, limit: 5 });
  expect(text).toMatch(/stated: at most 5 MB\. Kept\.\n$/);
  expect(status).toBe(0);
  const [items = 0, events = 0, folded = 0, messages = 0] = rowsOf(text, 404);
  expect(items).toBe(2 * (6 + 404));
  // Each day an item comes and one goes, twice a week one has a new price.
  expect(events / 2 / 400).toBeCloseTo(2 + 2 / 7, 0);
  expect(folded).toBeGreaterThanOrEqual(2 * 3);
  expect(messages).toBe(2 * 2 * 30);
  expect(rowsOf(text, 390)).toEqual([2 * (6 + 390), expect.any(Number), 0, messages]);
}, 60_000);

test("a database that is larger than was stated is told by the exit status", async () => {
  const { status, text } = await live({ days: 2, streamers: 2, limit: 0 });
  expect(text).toMatch(/at most 0 MB\. MISSED\.\n$/);
  expect(status).toBe(1);
}, 60_000);
