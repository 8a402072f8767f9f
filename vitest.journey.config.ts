import { defineConfig } from "vitest/config";

// Journeys run the whole product: one at a time, each with a server, a store and a browser of its own.
export default defineConfig({
  test: {
    include: ["tests/journeys/**/*.journey.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
});
