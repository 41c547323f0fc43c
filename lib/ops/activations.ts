import { type OptionNames, atLeastZero, finite, knownOptions, positive, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { type AxisOptions, axisNames, axisOf } from './axis.js';
import { asSym, type Unary, compute, unaryOp } from './composed.js';
import {
  add,
  divide,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  multiply,
  subtract,
  where,
} from './binary.js';
import { max, sum } from './reduce.js';
import { expandDims } from './shape.js';
import { stridedSlice } from './slice.js';
import {
  abs,
  cast,
  elu,
  negative,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  stopGradient,
  tanh,
} from './unary.js';
import type { Sym } from '../core/sym.js';

// Composed of other ops: a plan makes one kernel of each element-wise chain. Where a branch of `where` is not taken its gradient is
// multiplied by 0, so no branch may become infinite for numbers that the other one is for.

/** min(max(x, 0), 6), with gradient 0 from 6 on. https://keras.io/api/ops/nn/#relu6-function */
export const relu6: Unary = unaryOp('relu6', (x) => where(greaterEqual(x, 6), 6, relu(x)));

/** x · sigmoid(x) (Ramachandran et al. 2017). Also as `ops.swish`. https://keras.io/api/ops/nn/#silu-function */
export const silu: Unary = unaryOp('silu', (x) => multiply(x, sigmoid(x)));
export { silu as swish };

/** −1 below −1, 1 above 1, else x; gradient 0 at both. https://keras.io/api/ops/nn/#hard_tanh-function */
export const hardTanh: Unary = unaryOp('hardTanh', (x) =>
  where(greaterEqual(x, 1), 1, where(lessEqual(x, -1), -1, x)),
);

/** 0 up to −3, 1 from 3 on, (x + 3) / 6 between them. https://keras.io/api/ops/nn/#hard_sigmoid-function */
export const hardSigmoid: Unary = unaryOp('hardSigmoid', (x) => divide(relu6(add(x, 3)), 6));

/** x · {@link hardSigmoid}(x) (Howard et al. 2019). Also as `ops.hardSwish`. https://keras.io/api/ops/nn/#hard_silu-function */
export const hardSilu: Unary = unaryOp('hardSilu', (x) => multiply(x, hardSigmoid(x)));
export { hardSilu as hardSwish };

/** log(sigmoid(x)), exact for large |x|. https://keras.io/api/ops/nn/#log_sigmoid-function */
export const logSigmoid: Unary = unaryOp('logSigmoid', (x) => negative(softplus(negative(x))));

/** x / (1 + |x|). https://keras.io/api/ops/nn/#softsign-function */
export const softsign: Unary = unaryOp('softsign', (x) => divide(x, add(abs(x), 1)));

/** x − tanh(x). https://keras.io/api/ops/nn/#tanh_shrink-function */
export const tanhShrink: Unary = unaryOp('tanhShrink', (x) => subtract(x, tanh(x)));

/** 0 up to −1, x from 1 on, (x + 1)² / 4 between them. https://keras.io/api/ops/nn/#sparse_plus-function */
export const sparsePlus: Unary = unaryOp('sparsePlus', (x) =>
  where(greaterEqual(x, 1), x, multiply(square(add(hardTanh(x), 1)), 0.25)),
);

/** 0 up to −1, 1 from 1 on, (x + 1) / 2 between them (Blondel et al. 2019). https://keras.io/api/ops/nn/#sparse_sigmoid-function */
export const sparseSigmoid: Unary = unaryOp('sparseSigmoid', (x) => multiply(add(hardTanh(x), 1), 0.5));

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/**
 * 1.0507 · x above 0, 1.0507 · 1.6733 · (eˣ − 1) below: keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).
 * https://keras.io/api/ops/nn/#selu-function
 */
export const selu: Unary = unaryOp('selu', (x) => multiply(elu(x, { alpha: SELU_ALPHA }), SELU_SCALE));

/** What `ops.celu` takes. */
export interface CeluOptions {
  /** What the output tends to below 0, negated; above 0. Default 1. */
  alpha?: number;
}

const celuNames = { alpha: 'optional' } satisfies OptionNames<CeluOptions>;

/**
 * x above 0, alpha · (exp(x / alpha) − 1) below (Barron 2017). https://keras.io/api/ops/nn/#celu-function
 *
 * @throws EngineError `ARGUMENT` for an alpha that is not positive.
 */
export const celu = op('celu', <T extends Operand>(x: T, options: CeluOptions = {}): Outcome<T> => {
  knownOptions('celu', options, celuNames);
  const alpha = positive('celu', 'alpha', options.alpha ?? 1);
  return compute(x, (x) => where(greater(x, 0), x, multiply(elu(divide(x, alpha)), alpha)));
});

/** What `ops.hardShrink` and `ops.softShrink` take. */
export interface ShrinkOptions {
  /** Up to which |x| the output is 0; 0 or more. Default 0.5. */
  threshold?: number;
}

const shrinkNames = { threshold: 'optional' } satisfies OptionNames<ShrinkOptions>;

const shrinkThreshold = (op: string, options: ShrinkOptions): number => {
  knownOptions(op, options, shrinkNames);
  return atLeastZero(op, 'threshold', options.threshold ?? 0.5);
};

/**
 * x where |x| is above the threshold, else 0. https://keras.io/api/ops/nn/#hard_shrink-function
 *
 * @throws EngineError `ARGUMENT` for a threshold below 0.
 */
export const hardShrink = op(
  'hardShrink',
  <T extends Operand>(x: T, options: ShrinkOptions = {}): Outcome<T> => {
    const threshold = shrinkThreshold('hardShrink', options);
    return compute(x, (x) => where(lessEqual(abs(x), threshold), 0, x));
  },
);

/**
 * x moved towards 0 by the threshold, 0 where |x| is not above it. https://keras.io/api/ops/nn/#soft_shrink-function
 *
 * @throws EngineError `ARGUMENT` for a threshold below 0.
 */
export const softShrink = op(
  'softShrink',
  <T extends Operand>(x: T, options: ShrinkOptions = {}): Outcome<T> => {
    const threshold = shrinkThreshold('softShrink', options);
    return compute(x, (x) =>
      subtract(x, where(greater(x, threshold), threshold, where(less(x, -threshold), -threshold, x))),
    );
  },
);

/** What `ops.squareplus` takes. */
export interface SquareplusOptions {
  /** How smooth it is; 0 or more, which is 4 · f(0)². Default 4. */
  b?: number;
}

const squareplusNames = { b: 'optional' } satisfies OptionNames<SquareplusOptions>;

/**
 * (x + √(x² + b)) / 2 (Barron 2021), without the loss of digits below 0 and the overflow of x². https://keras.io/api/ops/nn/#squareplus-function
 *
 * @throws EngineError `ARGUMENT` for a b below 0.
 */
export const squareplus = op(
  'squareplus',
  <T extends Operand>(x: T, options: SquareplusOptions = {}): Outcome<T> => {
    knownOptions('squareplus', options, squareplusNames);
    const b = atLeastZero('squareplus', 'b', options.b ?? 4);
    return compute(x, (x) => {
      // The root is computed for x / m and multiplied by m, which cancels: it is a constant for gradients.
      const m = stopGradient(maximum(abs(x), 1));
      const root = multiply(sqrt(add(square(divide(x, m)), divide(divide(b, m), m))), m);
      // Below 0 by (x + √…) (√… − x) = b, the larger factor known well.
      const larger = add(multiply(where(greater(x, 0), x, negative(x)), 0.5), multiply(root, 0.5));
      return where(greater(x, 0), larger, divide(b / 4, larger));
    });
  },
);

/**
 * x above a threshold, else another value. https://keras.io/api/ops/nn/#threshold-function
 *
 * @param threshold A finite number.
 * @param defaultValue The value where x is not above it, a finite number.
 * @throws EngineError `ARGUMENT` for other numbers.
 * @example ops.threshold(x, 1, 0); // x where x > 1, else 0
 */
export const threshold = op(
  'threshold',
  <T extends Operand>(x: T, threshold: number, defaultValue: number): Outcome<T> => {
    finite('threshold', 'threshold', threshold);
    finite('threshold', 'defaultValue', defaultValue);
    return compute(x, (x) => where(lessEqual(x, threshold), defaultValue, x));
  },
);

/**
 * a · sigmoid(b), where a and b are the halves of x along an axis (default the last). Dauphin et al. 2017.
 * https://keras.io/api/ops/nn/#glu-function
 *
 * @returns x's shape with half the size along the axis.
 * @throws EngineError `SHAPE` where that size is odd or not known.
 */
export const glu = op('glu', <T extends Operand>(x: T, options: AxisOptions = {}): Outcome<T> => {
  knownOptions('glu', options, axisNames);
  const { shape } = typeOf(x);
  const axis = axisOf('glu', options.axis ?? -1, shape.length);
  const size = itemAt(shape, axis);
  if (size < 0 || size % 2 !== 0) throw wrongShape('glu', `an even size along axis ${axis}`, shape);
  const half = (from: number): Sym =>
    asSym(
      stridedSlice(
        x,
        shape.map((_, i) => (i === axis ? from : 0)),
        shape.map((_, i) => (i === axis ? from + size / 2 : Infinity)),
      ),
    );
  return multiply(half(0), sigmoid(half(size / 2))) as Outcome<T>;
});

/**
 * The nearest probabilities to x along an axis (default the last): max(x − τ, 0), with a τ that makes their sum 1. Many are exactly
 * 0. Martins and Astudillo, 2016. It compares all pairs along the axis: n² numbers for each row of n. (Keras 3.15 adds running sums up
 * twice, so that its results have another sum where more than one number is kept.)
 * https://keras.io/api/ops/nn/#sparsemax-function
 */
export const sparsemax = op('sparsemax', <T extends Operand>(x: T, options: AxisOptions = {}): Outcome<T> => {
  knownOptions('sparsemax', options, axisNames);
  const axis = axisOf('sparsemax', options.axis ?? -1, typeOf(x).shape.length);
  return compute(x, (x) => {
    const z = subtract(x, stopGradient(max(x, { axis, keepDims: true })));
    // For each number of the row: how many are not smaller, and their sum. The sorted row's places and running sums are the same.
    const others = expandDims(z, axis + 1);
    const notSmaller = greaterEqual(others, expandDims(z, axis));
    const place = sum(cast(notSmaller, 'float32'), { axis });
    const running = sum(where(notSmaller, others, 0), { axis });
    const kept = greater(add(multiply(place, z), 1), running);
    const total = sum(where(kept, z, 0), { axis, keepDims: true });
    const tau = divide(subtract(total, 1), sum(cast(kept, 'float32'), { axis, keepDims: true }));
    return relu(subtract(z, tau));
  });
});
