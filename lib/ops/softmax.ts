import { expected, knownOptions } from '../base/checks.js';
import { type AxisOptions, axesOf, axisNames } from './axis.js';
import { divide, subtract } from './binary.js';
import { max, sum } from './reduce.js';
import { exp, stopGradient } from './unary.js';
import { type Operand, type Outcome, applyFloat, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';

/** What `ops.softmax` takes. */
export interface SoftmaxOptions {
  /** Along which axis, or over which axes together; negative ones count from the end. Default -1. */
  axis?: number | readonly number[];
}

/**
 * eˣ divided by its sum along an axis or over several. https://keras.io/api/ops/nn/
 *
 * @param x float32 of any shape.
 * @param options `axis`: one, or a list of those that add up to 1 together. Default -1.
 * @returns Of x's shape.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have, or that is there twice; `ARGUMENT` for an empty list.
 * @example await ops.softmax(tensor([[0, 0], [0, 0]]), { axis: [0, 1] }).array(); // [[0.25, 0.25], [0.25, 0.25]]
 */
export const softmax = op('softmax', <T extends Operand>(x: T, options: SoftmaxOptions = {}): Outcome<T> => {
  knownOptions('softmax', options, axisNames);
  const { axis } = options;
  if (!Array.isArray(axis)) return overAxis('softmax', x, options as AxisOptions);
  if (axis.length === 0) throw expected('softmax', 'one axis at least', axis);
  const axes = axesOf('softmax', axis as number[], typeOf(x).shape.length);
  if (axes.length === 1) return overAxis('softmax', x, { axis: axes[0]! });
  const e = exp(subtract(x, stopGradient(max(x, { axis: axes, keepDims: true }))));
  return divide(e, sum(e, { axis: axes, keepDims: true })) as Outcome<T>;
});

/** The logarithm of {@link softmax}, without overflow. */
export const logSoftmax = op(
  'logSoftmax',
  <T extends Operand>(x: T, options: AxisOptions = {}): Outcome<T> => {
    knownOptions('logSoftmax', options, axisNames);
    return overAxis('logSoftmax', x, options);
  },
);

function overAxis<T extends Operand>(op: string, x: T, options: AxisOptions): Outcome<T> {
  return applyFloat(op, [x], { axis: options.axis ?? -1 });
}
