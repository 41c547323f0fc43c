import { type OptionNames, expected, integer, knownOptions, positive } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { divide, maximum, minimum, multiply, subtract } from './binary.js';
import { mean, sum } from './reduce.js';
import { reshape } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import { log, rsqrt, square } from './unary.js';
import { norm } from './vectorNorm.js';

/** What `ops.normalize` takes. */
export interface NormalizeOptions {
  /** One axis or several. Default -1. */
  axis?: number | readonly number[];
  /** Which norm becomes 1: p of the p-th root of the sum of |x|ᵖ. Default 2. */
  order?: number;
  /** The least that is divided by. Default 1e-7. */
  epsilon?: number;
}

const normalizeNames = {
  axis: 'optional',
  order: 'optional',
  epsilon: 'optional',
} satisfies OptionNames<NormalizeOptions>;

/**
 * x divided by its norm along axes. https://keras.io/api/ops/nn/
 *
 * @param x Of any shape; a scalar counts as [1].
 * @returns float32 of x's shape.
 * @throws EngineError `ARGUMENT`, `ATTRIBUTE`.
 * @example ops.normalize([[3, 4]]); // [[0.6, 0.8]]
 */
export const normalize = op(
  'normalize',
  <X extends Operand>(x: X, options: NormalizeOptions = {}): Outcome<X> => {
    knownOptions('normalize', options, normalizeNames);
    const { axis = -1, order = 2, epsilon = 1e-7 } = options;
    integer('normalize', 'order', order);
    positive('normalize', 'epsilon', epsilon);
    const floats = toFloat32(typeOf(x).shape.length === 0 ? reshape(x, [1]) : x);
    if (order === 2) {
      const inverse = rsqrt(sum(square(floats), { axis, keepDims: true }));
      return multiply(floats, minimum(inverse, 1 / epsilon)) as Outcome<X>;
    }
    const size = norm(floats, { ord: order, axis, keepDims: true });
    return divide(floats, maximum(size, epsilon)) as Outcome<X>;
  },
);

/**
 * The peak signal-to-noise ratio, in decibels: 20 log₁₀ maxVal - 10 log₁₀ of the mean of (x1 - x2)². https://keras.io/api/ops/nn/
 *
 * @param x1 Of any shape.
 * @param x2 Of the same shape.
 * @param maxVal The largest number that a signal may be, above 0.
 * @returns float32, a scalar; infinite for equal signals.
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const psnr = op(
  'psnr',
  <A extends Operand, B extends Operand>(x1: A, x2: B, maxVal: number): Outcome<A | B> => {
    positive('psnr', 'maxVal', maxVal);
    const [a, b] = [typeOf(x1).shape, typeOf(x2).shape];
    if (a.length !== b.length || a.some((n, i) => n !== b[i] && n >= 0 && itemAt(b, i) >= 0))
      throw expected('psnr', `signals of one shape, [${a.join(', ')}]`, b, 'SHAPE');
    const error = mean(square(subtract(toFloat32(x1), toFloat32(x2))));
    const decibel = 10 / Math.LN10;
    return subtract(2 * decibel * Math.log(maxVal), multiply(log(error), decibel)) as Outcome<A | B>;
  },
);
