import { lastOf } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { add, divide, less, maximum, minimum, multiply, subtract, where } from './binary.js';
import { type Unary, asSym, unaryOp } from './composed.js';
import { toFloat32 } from './toFloat32.js';
import { abs, erf, exp, floor, negative, rsqrt, square, stopGradient } from './unary.js';

/** The sum of coefficients times powers of x, the constant first; at least two. */
const polynomial = (x: Sym, coefficients: readonly number[]): Sym =>
  coefficients.slice(0, -1).reduceRight((sum, c) => add(multiply(sum, x), c), asSym(lastOf(coefficients)));

/** Press et al., Numerical Recipes: log(erfc(x) eˣ² / t) as a polynomial in t = 1 / (1 + x / 2), with an error of 1.2e-7. */
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

/** erfc(x) from 0.5 on. */
function tailOf(x: Sym): Sym {
  const t = divide(1, add(multiply(x, 0.5), 1));
  // x² in two parts, the first without rounding: the error of x² would be one of the result many times over.
  const high = multiply(floor(multiply(x, 256)), 1 / 256);
  const rest = subtract(polynomial(t, ERFC), multiply(subtract(x, high), add(x, high)));
  return multiply(multiply(t, exp(negative(square(high)))), exp(rest));
}

/** 1 − erf(x), exact where erf(x) is close to 1; float32. https://keras.io/api/ops/math/ */
export const erfc: Unary = unaryOp('erfc', (given) => {
  const x = toFloat32(given);
  const far = minimum(maximum(x, 0.5), 12);
  const value = where(less(x, 0.5), subtract(1, erf(x)), tailOf(far));
  // The value of one formula with the gradient of the other, which is exact everywhere.
  return add(stopGradient(value), subtract(stopGradient(erf(x)), erf(x)));
});

/** 1 / (k!)² for the powers of x² / 4. Up to 12 the rest is below 1e-9 of the sum. */
const I0_SERIES = Array.from({ length: 21 }).reduce<number[]>(
  (terms, _, k) => [...terms, (terms.at(-1) ?? 1) / Math.max(k, 1) ** 2],
  [],
);
/** (1 · 3 ⋯ (2 k − 1))² / (k! 8ᵏ) for the powers of 1 / x. From 12 on the rest is below 1e-8. */
const I0_LARGE = Array.from({ length: 9 }).reduce<number[]>(
  (terms, _, k) => [...terms, ((terms.at(-1) ?? 1) * Math.max(2 * k - 1, 1) ** 2) / Math.max(8 * k, 1)],
  [],
);

/** Where the series ends. */
const LARGE = 12;

/**
 * Bessel's modified function of the first kind and order 0; float32. Abramowitz and Stegun, Handbook of mathematical functions, 1964, 9.6.12
 * and 9.7.1. https://keras.io/api/ops/numpy/
 */
export const i0: Unary = unaryOp('i0', (given) => {
  const x = abs(toFloat32(given));
  const near = polynomial(multiply(square(minimum(x, LARGE)), 0.25), I0_SERIES);
  const far = maximum(x, LARGE);
  // Half of the exponent at a time: eˣ alone would overflow before the result does.
  const half = exp(multiply(far, 0.5));
  const scaled = multiply(
    half,
    multiply(rsqrt(multiply(far, 2 * Math.PI)), polynomial(divide(1, far), I0_LARGE)),
  );
  return where(less(x, LARGE), near, multiply(half, scaled));
});
