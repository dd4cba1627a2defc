import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,contract,golden,integration,repo}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 360_000,
    maxWorkers: 2,
  },
});
