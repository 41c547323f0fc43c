import { type Operand, type Outcome, applyFloat } from '../core/apply.js';
import { op } from '../core/op.js';
import { abs, square } from './unary.js';
import { divide, less, multiply, add, where } from './binary.js';
import { type Binary, type Unary, unaryOp } from './composed.js';
import { toFloat32 } from './toFloat32.js';

// All of them float32, of whole numbers too. https://keras.io/api/ops/numpy/

const unary = (name: string): Unary =>
  op(name, <T extends Operand>(x: T): Outcome<T> => applyFloat(name, [x]));

/** The sine of x in radians; exact for large x, too. float32. https://keras.io/api/ops/numpy/ */
export const sin: Unary = unary('sin');
/** The cosine of x in radians; exact for large x, too. float32. https://keras.io/api/ops/numpy/ */
export const cos: Unary = unary('cos');
/** The tangent of x in radians; exact for large x, too. float32. https://keras.io/api/ops/numpy/ */
export const tan: Unary = unary('tan');
/** The angle from −π/2 to π/2 whose sine is x; NaN for |x| above 1. float32. https://keras.io/api/ops/numpy/ */
export const arcsin: Unary = unary('arcsin');
/** The angle from 0 to π whose cosine is x; NaN for |x| above 1. float32. https://keras.io/api/ops/numpy/ */
export const arccos: Unary = unary('arccos');
/** The angle from −π/2 to π/2 whose tangent is x. float32. https://keras.io/api/ops/numpy/ */
export const arctan: Unary = unary('arctan');
/** The hyperbolic sine, (eˣ − e⁻ˣ) / 2. float32. https://keras.io/api/ops/numpy/ */
export const sinh: Unary = unary('sinh');
/** The hyperbolic cosine, (eˣ + e⁻ˣ) / 2. float32. https://keras.io/api/ops/numpy/ */
export const cosh: Unary = unary('cosh');
/** The number whose hyperbolic sine is x. float32. https://keras.io/api/ops/numpy/ */
export const arcsinh: Unary = unary('arcsinh');
/** The number from 0 on whose hyperbolic cosine is x; NaN for x below 1. float32. https://keras.io/api/ops/numpy/ */
export const arccosh: Unary = unary('arccosh');
/** The number whose hyperbolic tangent is x; ±∞ at ±1, NaN beyond. float32. https://keras.io/api/ops/numpy/ */
export const arctanh: Unary = unary('arctanh');
/** eˣ − 1, exact for small x. float32. https://keras.io/api/ops/numpy/ */
export const expm1: Unary = unary('expm1');
/** The number whose error function is x; ±∞ at ±1, NaN beyond. float32. https://keras.io/api/ops/math/ */
export const erfinv: Unary = unary('erfinv');

/** The angle from −π to π of the point (x2, x1): that of x1 / x2 in the right quarter. float32; broadcasts. https://keras.io/api/ops/numpy/ */
export const arctan2: Binary = op(
  'arctan2',
  <A extends Operand, B extends Operand>(x1: A, x2: B): Outcome<A | B> =>
    applyFloat<A | B>('arctan2', [x1, x2]),
);

/** Of sin(y) / y as a series in y². What is left out is below 1e-9 for |y| below 1, in both derivatives too below 1e-7. */
const SINC = [1, 6, 120, 5040, 362880, 39916800].map((factorial, k) => (k % 2 ? -1 : 1) / factorial);

/**
 * sin(πx) / (πx), 1 at 0. Near 0, where that and its derivatives lose digits, it is computed by its series. float32.
 * https://keras.io/api/ops/numpy/
 */
export const sinc: Unary = unaryOp('sinc', (x) => {
  const y = multiply(toFloat32(x), Math.PI);
  const near = less(abs(y), 1);
  const t = square(where(near, y, 0));
  const far = where(near, 1, y);
  const series = SINC.reduceRight<typeof t>((sum, c) => add(multiply(sum, t), c), multiply(t, 0));
  return where(near, series, divide(sin(far), far));
});
