// The op table on the emulated GPU, as far as there are kernels.
import { expect, it } from 'vitest';
import { cases, check } from '../../cases/run.js';
import { useEmulatedGpu } from './gpu.js';

useEmulatedGpu();

/** Ops of the engine without a kernel for the GPU that the table needs. */
const MISSING = 'cholesky eigh inverse luFactor pinv qr slogdet solve svd triangularSolve';

const REFUSAL = /^\[(\w+)\] expected the device 'cpu', which alone has this op, received 'cuda'$/;

it('the table has its numbers, and names each op that is missing', async () => {
  const missing = new Set<string>();
  for (const row of cases) {
    await check(row).catch((error: unknown) => {
      const op = REFUSAL.exec((error as Error).message)?.[1];
      expect(op, `${row.name}: ${(error as Error).message}`).toBeDefined();
      missing.add(op ?? '');
    });
  }
  expect([...missing].sort().join(' ')).toBe(MISSING);
});
