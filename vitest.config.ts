import { defineConfig } from "vitest/config";

// Tests share one process per core; each database test asks tests/support for a database of its own.
export default defineConfig({
  test: {
    include: ["{contract,server,edge,edge/device,console}/src/**/*.test.{ts,tsx}", "tests/*.test.ts"],
    setupFiles: ["tests/support/seeded-properties.ts"],
    // Far beyond what any test takes: a busy machine is slow, not wrong.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
