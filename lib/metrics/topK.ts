import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/** What is less than any prediction: Keras's number. @internal */
export const LEAST = -1e10;

/** The k largest numbers along the last axis, of equal ones the first, with {@link LEAST} in the places of all others. @internal */
export function onlyTopK(values: Sym, k: number): Sym {
  const depth = values.shape.at(-1) ?? 0;
  const [, places] = ops.topK(values, Math.min(k, depth));
  const taken = ops.sum(ops.oneHot(places, { depth }), { axis: -2 });
  return ops.where(ops.greater(taken, 0), values, LEAST);
}
