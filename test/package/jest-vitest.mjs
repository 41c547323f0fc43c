// What our tests import from vitest, in Jest's words.
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect as jestExpect,
  it,
  jest,
  test,
} from '@jest/globals';

/** Jest takes no message with the value. */
const expect = Object.assign((value) => jestExpect(value), jestExpect);

const saved = new Map();
const globals = new Map();
const vi = {
  fn: jest.fn,
  spyOn: jest.spyOn,
  stubEnv(name, value) {
    if (!saved.has(name)) saved.set(name, process.env[name]);
    process.env[name] = value;
  },
  unstubAllEnvs() {
    for (const [name, value] of saved)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    saved.clear();
  },
  stubGlobal(name, value) {
    if (!globals.has(name)) globals.set(name, globalThis[name]);
    globalThis[name] = value;
  },
  unstubAllGlobals() {
    for (const [name, value] of globals) globalThis[name] = value;
    globals.clear();
  },
  resetModules: () => jest.resetModules(),
};

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi };
