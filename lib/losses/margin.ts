import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/** max(1 − target · yPred, 0); where all targets are 0 or 1, 0 counts as −1. @internal */
export function margin(target: Sym, yPred: Sym): Sym {
  const binary = ops.logicalOr(ops.equal(target, 0), ops.equal(target, 1));
  const all = ops.greater(ops.min(ops.cast(binary, 'float32')), 0);
  const signs = ops.where(all, ops.subtract(ops.multiply(target, 2), 1), target);
  return ops.maximum(ops.subtract(1, ops.multiply(signs, yPred)), 0);
}
