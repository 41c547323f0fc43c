// Runs tests of ours under Jest, whose arrays, typed arrays and errors are of another realm than Node's.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => join(dirname(fileURLToPath(import.meta.url)), name);

export default {
  rootDir: here('../..'),
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/data/*.test.ts', '<rootDir>/test/{tensor,fit,layers,losses}.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json'],
  transform: { '\\.ts$': here('jest-transform.cjs') },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nodegrad$': '<rootDir>/lib/index.ts',
    '^vitest$': here('jest-vitest.mjs'),
  },
  testTimeout: 60_000,
  maxWorkers: 1,
};
