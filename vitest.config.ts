import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Files share one process each worker: importing drizzle, grammY and cheerio once instead of once a file.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
