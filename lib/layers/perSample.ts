import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';

/** A loss divided by the number of samples of y. */
export function perSample(loss: Sym, y: Sym): Sym {
  if (y.rank === 0) return loss;
  return ops.divide(loss, y.trace.op('sizeRatio', [y, ops.stridedSlice(y, 0, 1)])[0]);
}
