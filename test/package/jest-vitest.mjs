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

/** Jest takes no message beside the value. */
const expect = Object.assign((value) => jestExpect(value), jestExpect);

const saved = new Map();
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
};

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi };
