import { defineConfig } from "vitest/config";

/** Tests that measure time or memory, or wait for processes, on a machine that others use too. */
const MEASURING = [
  "test/e2e/**/*.test.ts",
  "test/sandbox/demo.test.ts",
  "test/sandbox/web.test.ts",
  "test/sandbox/page.test.ts",
  "test/backup.test.ts",
  "test/bench/bench.test.ts",
  "test/output.test.ts",
  "test/standstill.test.ts",
  "test/delivery/fan-out.test.ts",
  "test/delivery/instance.test.ts",
  "test/delivery/broadcast.test.ts",
  "test/delivery/spare.test.ts",
  "test/checker/fetcher.test.ts",
  "test/checker/leader.test.ts",
  "test/db/contention.test.ts",
  "test/deploy/*.test.ts",
  "test/http/strangers.test.ts",
  "test/delivery/pace.test.ts",
  "test/delivery/sender.test.ts",
];

const shared = {
  // Files share one process each worker: importing drizzle, grammY and cheerio once instead of once a file.
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 20_000,
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: "exact", include: ["test/**/*.test.ts"], exclude: MEASURING } },
      // What fails three times is broken. Nothing else is tried again: a seed that fails is a find, not an accident.
      { test: { ...shared, name: "measuring", include: MEASURING, retry: process.env.CI ? 2 : 0 } },
    ],
  },
});
