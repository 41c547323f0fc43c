import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One process a file, two at a time: each owns an OpenMP team, and the floor is a machine of two cores.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
