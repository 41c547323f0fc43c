import { expected, mismatch, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { describe, shapeText } from '../base/errors.js';
import { itemAt } from '../base/list.js';
import * as ops from '../ops/index.js';
import { withRank } from '../ops/withRank.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { toIndices } from '../ops/toIndices.js';
import { Sym } from '../core/sym.js';

/**
 * Targets as float32 in the shape of the predictions: an axis of size 1 at the end may be missing on either side.
 *
 * @throws EngineError `SHAPE` where they differ otherwise.
 * @internal
 */
export function align(name: string, yTrue: Sym, yPred: Sym): Sym {
  checkSymbolic(name, yTrue, yPred);
  const target = toFloat32(yTrue);
  if (agree(yTrue.shape, yPred.shape)) return target;
  if (agree([...yTrue.shape, 1], yPred.shape)) return ops.expandDims(target, -1);
  if (agree(yTrue.shape, [...yPred.shape, 1])) return ops.squeeze(target, -1);
  throw wrongShape(name, `targets ${shapeText(yPred.shape)} as the output has`, yTrue.shape);
}

/**
 * Targets with the axis of size 1 at the end that the predictions have, or without the one that they have not: so that a loss or
 * metric of one's own does not broadcast [n] with [n, 1] to [n, n]. Others are given as they are.
 *
 * @internal
 */
export function sameRank(yTrue: Sym, yPred: { rank: number; shape: Shape } | undefined): Sym {
  if (!yPred) return yTrue;
  if (yTrue.rank + 1 === yPred.rank && yPred.shape.at(-1) === 1) return ops.expandDims(yTrue, -1);
  if (yTrue.rank === yPred.rank + 1 && yTrue.shape.at(-1) === 1) return ops.squeeze(yTrue, -1);
  return yTrue;
}

/**
 * Class numbers, int32 or uint8, one for each row of the predictions.
 *
 * @throws EngineError `SHAPE` for targets of another shape.
 * @internal
 */
export function classNumbers(name: string, yTrue: Sym, yPred: Sym): Sym {
  checkSymbolic(name, yTrue, yPred);
  if (yPred.rank === 0) throw wrongShape(name, 'outputs [n, …, classes]', yPred.shape);
  const rows = yPred.shape.slice(0, -1);
  const whole = toIndices(yTrue);
  if (agree(yTrue.shape, rows)) return whole;
  if (agree(yTrue.shape, [...rows, 1])) return ops.squeeze(whole, -1);
  throw mismatch(
    name,
    `class numbers ${shapeText(rows)} for the output ${shapeText(yPred.shape)}`,
    `${shapeText(yTrue.shape)}${agree(yTrue.shape, yPred.shape) ? ': for one-hot rows take the categorical form' : ''}`,
    'SHAPE',
  );
}

/**
 * Which kind of answers the shapes call for, as Keras chooses for `'accuracy'` and `'crossentropy'`: binary where the output has one
 * column, sparse where the targets are class numbers, else categorical.
 *
 * @internal
 */
export function answersOf(yTrue: Sym, yPred: Sym): 'binary' | 'sparse' | 'categorical' {
  const columns = yPred.shape[yPred.rank - 1];
  if (columns === 1) return 'binary';
  return yTrue.rank < yPred.rank || yTrue.shape[yTrue.rank - 1] === 1 ? 'sparse' : 'categorical';
}

/**
 * The mean over the last axis, as Keras's losses and metrics take it, or over another; of values without further axes than the batch,
 * themselves.
 *
 * @internal
 */
export function lastMean(values: Sym, axis = -1): Sym {
  return values.rank > 1 ? ops.mean(toFloat32(values), { axis }) : values;
}

/**
 * The mean over all axes but the first.
 *
 * @param weights What the values count: [n], [n, 1], or as many axes of theirs as it has.
 * @param reduce What is taken instead of the mean.
 * @internal
 */
export function sampleMeans(name: string, values: Sym, weights?: Sym, reduce = ops.mean): Sym {
  if (!(values instanceof Sym)) {
    const hint = typeof values === 'object' ? ': call the factory, as in losses.meanSquaredError()' : '';
    throw mismatch(name, 'a function that returns a symbolic value', `${describe(values)}${hint}`);
  }
  if (values.rank === 0) {
    throw mismatch(name, 'one value a sample', 'a scalar: leave the mean over the batch out', 'SHAPE');
  }
  const from = (x: Sym, axis: number): Sym =>
    x.rank > axis ? reduce(x, { axis: [...x.shape.keys()].slice(axis) }) : x;
  if (!weights) return from(toFloat32(values), 1);
  const aligned = alignWeights(name, weights, values);
  return from(ops.multiply(from(toFloat32(values), aligned.rank), aligned), 1);
}

/**
 * The weights of values whose output has a mask: 0 for steps that do not count.
 *
 * @param weights Those that were given, [n] or with further axes.
 * @param scaled Whether those that count weigh more, so that the mean over all is that over them: so losses are reduced. Keras's `apply_mask`.
 * @internal
 */
export function maskedWeights(
  mask: Sym | undefined,
  weights: Sym | undefined,
  scaled = false,
): Sym | undefined {
  if (!mask) return weights;
  const counts = ops.cast(mask, 'float32');
  // Where nothing counts, the sum of no losses is divided by 1: it is 0.
  const share = () => ops.divide(size(counts), ops.maximum(ops.sum(counts), 1));
  const factor = scaled ? ops.multiply(counts, share()) : counts;
  if (!weights) return factor;
  const { rank, shape } = weights;
  const given = rank === mask.rank + 1 && shape[rank - 1] === 1 ? ops.squeeze(weights, -1) : weights;
  const common = Math.max(given.rank, factor.rank);
  return ops.multiply(withRank(given, common), withRank(factor, common));
}

/**
 * The weights of samples or of their values, with as many axes as the values.
 *
 * @throws EngineError `SHAPE` where they do not fit.
 * @internal
 */
export const sameWeights = (name: string, weights: Sym, values: Sym): Sym =>
  withRank(alignWeights(name, weights, values), values.rank);

/** The number of elements as a float32 scalar. @internal */
export const size = (x: Sym): Sym => x.trace.op('sizeRatio', [x, x.trace.constant(1)])[0];

/** Fails for other values, as where a loss or metric is called outside of `compile`. @internal */
export function checkSymbolic(name: string, ...values: readonly unknown[]): void {
  for (const value of values)
    if (!(value instanceof Sym))
      throw expected(name, 'symbolic values yTrue and yPred (call it inside compile())', value);
}

/** Weights in the values' shape, of which axes at the end may be missing or 1. */
function alignWeights(name: string, weights: Sym, values: Sym): Sym {
  const { shape, rank } = weights;
  const aligned = rank === values.rank + 1 && shape[rank - 1] === 1 ? ops.squeeze(weights, -1) : weights;
  const fits = aligned.shape.every(
    (n, i) => n === 1 || n < 0 || (values.shape[i] ?? 0) < 0 || n === values.shape[i],
  );
  if (aligned.rank <= values.rank && fits) return aligned;
  const steps = values.rank > 1 ? ` or ${shapeText(values.shape)}` : '';
  throw wrongShape(name, `sample weights ${shapeText(values.shape.slice(0, 1))}${steps}`, shape);
}

const agree = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i] || n < 0 || itemAt(b, i) < 0);
