import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { grad } from '../core/trace.js';

/**
 * The sum of the weights at each index.
 *
 * @param indices int32 [n], from 0 up to, not including, `count`.
 * @param weights float32 [n].
 * @returns float32 [count].
 * @internal
 */
export function histogram(indices: Sym, weights: Sym, count: number): Sym {
  // Where a gather takes from, its gradient adds to.
  const table = weights.trace.constant(0, 'float32', [count]);
  return grad(ops.gather(table, indices), [table], weights)[0];
}
