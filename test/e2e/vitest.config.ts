import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One cluster, one story: each test goes on from where the one before it ended.
    maxWorkers: 1,
    sequence: { concurrent: false },
    bail: 0,
  },
});
