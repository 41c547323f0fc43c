import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/** What is less than any prediction: Keras's number. @internal */
export const LEAST = -1e10;

/** The k largest numbers along the last axis, of equal ones the first, with {@link LEAST} in the places of all others. @internal */
export function onlyTopK(values: Sym, k: number): Sym {
  const depth = values.shape[values.rank - 1];
  const largest = (rest: Sym) => ops.oneHot(ops.argmax(rest, { axis: -1 }), { depth });
  let taken: Sym | undefined;
  for (let i = 0; i < Math.min(k, depth); i++) {
    const next = largest(taken ? ops.where(ops.greater(taken, 0), -Infinity, values) : values);
    taken = taken ? ops.maximum(taken, next) : next;
  }
  return ops.where(ops.greater(taken!, 0), values, LEAST);
}

/**
 * Whether the prediction for a class is among the k largest of its row; equal ones count as one, as in Keras.
 *
 * @param labels int32 [...].
 * @param predictions [..., classes].
 * @returns float32 [...].
 * @internal
 */
export function inTopK(labels: Sym, predictions: Sym, k: number): Sym {
  const own = ops.oneHot(labels, { depth: predictions.shape[predictions.rank - 1] });
  const answer = ops.sum(ops.where(ops.greater(own, 0), predictions, 0), { axis: -1, keepDims: true });
  const larger = ops.sum(ops.cast(ops.greater(predictions, answer), 'float32'), { axis: -1 });
  return ops.cast(ops.less(larger, k), 'float32');
}
