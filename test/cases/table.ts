import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EngineError, getEngineInfo } from 'nodegrad';
import { describe, expect, it } from 'vitest';

import { allOps } from '../support/ops.js';
import { cases, check, tables } from './run.js';

/** Public functions of lib/ops that are no rows, and the files that test them. */
const NOT_IN_TABLE: Readonly<Record<string, string>> = {
  identity: 'ops.test.ts',
  // These make tensors, or tell of them.
  ...Object.fromEntries(
    [
      'arange bartlett blackman convertToNumpy dtype eye full hamming hanning isTensor kaiser ndim nonzero ones shape size',
      'tri zeros',
    ].flatMap((line) => line.split(' ').map((name) => [name, 'creation.test.ts'])),
  ),
  // Random ones with a key are rows of their own.
  randomKey: 'ops.test.ts',
  elasticTransform: 'image-ops.test.ts',
  dropout: 'determinism.test.ts',
  gaussianNoise: 'ops.test.ts',
  randomUniform: 'determinism.test.ts',
  randomNormal: 'determinism.test.ts',
  truncatedNormal: 'determinism.test.ts',
  // Its subscripts come first, its operands after them.
  einsum: 'cases/compositions.ts',
  // These have several results, which a composition takes together.
  moments: 'cases/compositions.ts',
  ...Object.fromEntries(
    'cholesky det eigh fft fft2 ifft2 inv irfft logdet luFactor qr rfft slogdet solve svd'
      .split(' ')
      .map((name) => [name, 'cases/linalg.ts']),
  ),
  ...Object.fromEntries(
    'associativeScan cond foriLoop map scan switch vectorizedMap whileLoop'
      .split(' ')
      .map((name) => [name, 'control-flow.test.ts']),
  ),
  ...Object.fromEntries(
    'binaryCrossentropy categoricalCrossentropy istft sinc sparseCategoricalCrossentropy'
      .split(' ')
      .map((name) => [name, 'signals.test.ts']),
  ),
  customGradient: 'derivatives.test.ts',
  jvp: 'derivatives.test.ts',
  vectorize: 'vectorize.test.ts',
  ctcDecode: 'ctc.test.ts',
  ctcLoss: 'cases/signals.ts',
  stft: 'cases/signals.ts',
  nonMaxSuppression: 'suppression.test.ts',
  perspectiveTransform: 'image-ops.test.ts',
  ...Object.fromEntries(
    'arraySplit bincount dsplit histogram hsplit meshgrid select sliceUpdate split topK unique unravelIndex unstack vsplit'
      .split(' ')
      .map((name) => [name, 'cases/compositions.ts']),
  ),
};

/** Whether the machine has an instruction set. The engine refuses to start on one that it lacks, and every machine has the base. */
export function has(isa: string): boolean {
  try {
    return getEngineInfo().isa === isa;
  } catch (error) {
    const lacks = error instanceof EngineError && error.message.includes('in NODEGRAD_ISA on this machine');
    if (lacks && isa !== 'base') return false;
    throw error;
  }
}

/** Declares a test for each case of the table, on kernels of one instruction set. NODEGRAD_ISA has to be set before this module is loaded. */
export function runTable(isa: string): void {
  describe.runIf(has(isa))(`op cases, ${isa} kernels`, () => {
    it.each(tables)('have numbers that were made from $file as it is', ({ file, hash }) => {
      const text = readFileSync(new URL(file, import.meta.url));
      expect(createHash('sha256').update(text).digest('hex'), 'run test/fixtures/make_ops.py').toBe(hash);
    });

    it('name every op', () => {
      // By function, not by name: an alias is the same function.
      const named = new Set(
        [...cases.map((row) => row.op), ...Object.keys(NOT_IN_TABLE)].map((name) => allOps[name]),
      );
      expect(Object.keys(allOps).filter((name) => !named.has(allOps[name]))).toEqual([]);
    });

    it.each(Object.entries(NOT_IN_TABLE))('are elsewhere for %s: in %s', (name, file) => {
      expect(allOps).toHaveProperty(name);
      const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
      expect(text).toMatch(new RegExp(`ops\\.(image\\.)?${name}\\b`));
    });

    it.each(cases)('$name', check);
  });
}
