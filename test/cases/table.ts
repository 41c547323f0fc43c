import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EngineError, getEngineInfo, ops } from 'nodegrad';
import { describe, expect, it } from 'vitest';

import { cases, check, table } from './run.js';

/** Public functions of lib/ops that are no rows: random ones are there with their keys, and in test/random.test.ts. */
const NOT_IN_TABLE = new Set([
  'identity',
  'randomKey',
  'dropout',
  'gaussianNoise',
  'randomUniform',
  'randomNormal',
  'truncatedNormal',
  // These have several results: rows of test/cases/compositions.ts take them together.
  'batchNorm',
  'moments',
]);

/** Whether the machine has an instruction set. The engine refuses to start on one that it lacks, and every machine has the base. */
function has(isa: string): boolean {
  try {
    return getEngineInfo().isa === isa;
  } catch (error) {
    if (
      isa !== 'base' &&
      error instanceof EngineError &&
      error.message.includes('[NODEGRAD_ISA] expected one of')
    )
      return false;
    throw error;
  }
}

/** Declares a test for each case of the table, on kernels of one instruction set. NODEGRAD_ISA has to be set before this module is loaded. */
export function runTable(isa: string): void {
  describe.runIf(has(isa))(`op cases, ${isa} kernels`, () => {
    it('have numbers that were made from the table as it is', () => {
      const text = readFileSync(new URL('ops.json', import.meta.url));
      expect(createHash('sha256').update(text).digest('hex'), 'run test/fixtures/make_ops.py').toBe(table);
    });

    it('name every op', () => {
      const named = new Set(cases.map((row) => row.op));
      expect(Object.keys(ops).filter((name) => !named.has(name) && !NOT_IN_TABLE.has(name))).toEqual([]);
    });

    it.each(cases)('$name', check);
  });
}
