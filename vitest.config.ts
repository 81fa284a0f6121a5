import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Files share one process each worker: importing drizzle, grammY and cheerio once instead of once a file.
    isolate: false,
    // Some tests measure time and memory on a machine that others use too: what fails three times is broken.
    retry: process.env.CI ? 2 : 0,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
