import { expect, test } from "vitest";
import type { UpdateReport } from "../src/bot/updates.ts";
import { createLog } from "../src/log.ts";
import { createMetrics } from "../src/metrics.ts";
import { tellUpdates } from "../src/reports.ts";

test.each<[UpdateReport["outcome"], number, string]>([
  ["answered", 0, "info"],
  ["shut_out", 0, "info"],
  ["failed", 1, "error"],
])("an update that was %s counts as %i failures and is an event of level %s", async (outcome, failures, level) => {
  const lines: string[] = [];
  const log = createLog({ level: "info", secrets: [], destination: { write: (line) => void lines.push(line) } });
  const metrics = createMetrics();
  const error = outcome === "failed" ? new Error("no") : undefined;
  tellUpdates({ log, metrics })({ updateId: 7, chatId: 1, kind: "message", outcome, error, seconds: 0.01 });
  const [sample] = (await metrics.updatesFailed.get()).values;
  expect(sample?.value).toBe(failures);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level, update_id: 7, outcome, duration_ms: 10 }]);
});
