import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { nodegrad: fileURLToPath(new URL('lib/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('test/support/seeded.ts', import.meta.url))],
    // One process a file, two at a time: each owns an OpenMP team, and the floor is a machine of two cores.
    pool: 'forks',
    maxWorkers: 2,
    // Finds what hangs. The slowest test takes 20 s on an idle machine; a busy one takes many times that.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
