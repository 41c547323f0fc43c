import { type OptionNames, integer, knownOptions } from '../base/checks.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, dtypeFor, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import {
  add,
  divide,
  equal,
  greater,
  less,
  logicalOr,
  maximum,
  minimum,
  multiply,
  power,
  subtract,
  where,
} from './binary.js';
import { reduceNames } from './axis.js';
import { type Binary, type Unary, asSym, binaryOp, compute, outcomeOf, unaryOp } from './composed.js';
import { isfinite, isnan } from './logic.js';
import { type ReduceOptions, max, sum } from './reduce.js';
import { squeeze } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import {
  abs,
  cast,
  copy,
  exp,
  floor,
  log,
  log1p,
  negative,
  sign,
  sqrt,
  square,
  stopGradient,
} from './unary.js';

const isWhole = (x: Operand): boolean => dtypeFor([x]) !== undefined && typeOf(x).dtype !== 'float32';

/** The smallest whole number that is not below x; float32, gradient 0. https://keras.io/api/ops/numpy/ */
export const ceil: Unary = unaryOp('ceil', (x) => negative(floor(negative(toFloat32(x)))));

/** x without what follows the point; gradient 0. Whole numbers stay as they are. https://keras.io/api/ops/numpy/ */
export const trunc: Unary = unaryOp('trunc', (x) =>
  isWhole(x) ? copy(x) : multiply(sign(x), floor(abs(x))),
);

/** The nearest whole number, of two the even one. With d = x − ⌊x⌋ exact, as floats of one binade are. */
function nearest(x: Sym): Sym {
  const low = floor(x);
  const d = subtract(x, low);
  const even = multiply(floor(multiply(add(low, 1), 0.5)), 2);
  const magnitude = abs(where(greater(d, 0.5), add(low, 1), where(less(d, 0.5), low, even)));
  return where(less(x, 0), negative(magnitude), magnitude);
}

/** What `ops.round` takes. */
export interface RoundOptions {
  /** How many digits after the point stay. Default 0. */
  decimals?: number;
}

const roundNames = { decimals: 'optional' } satisfies OptionNames<RoundOptions>;

/**
 * The nearest whole number, at ties the even one; gradient 0. Whole numbers stay as they are. https://keras.io/api/ops/numpy/
 *
 * @param options `decimals`: how many digits after the point stay, default 0.
 * @throws EngineError `ARGUMENT` for decimals below 0 or no integer.
 * @example ops.round([0.5, 1.5, 2.7]); // [0, 2, 3]
 */
export const round = op('round', <T extends Operand>(x: T, options: RoundOptions = {}): Outcome<T> => {
  knownOptions('round', options, roundNames);
  const decimals = integer('round', 'decimals', options.decimals ?? 0, 0);
  return compute(x, (x) => {
    if (isWhole(x)) return copy(x);
    return decimals === 0
      ? nearest(toFloat32(x))
      : divide(nearest(multiply(x, 10 ** decimals)), 10 ** decimals);
  });
});

/**
 * x, at least `xMin` and at most `xMax`; NaN stays. At a bound the gradient goes half to each. https://keras.io/api/ops/numpy/
 *
 * @param xMin The lower bound; it broadcasts with x.
 * @param xMax The upper bound; it wins where it is below the lower one.
 * @throws EngineError `SHAPE` where shapes do not meet.
 * @example ops.clip(x, 0, 1);
 */
export const clip = op(
  'clip',
  <T extends Operand, A extends Operand, B extends Operand>(x: T, xMin: A, xMax: B): Outcome<T | A | B> =>
    outcomeOf(minimum(maximum(asSym(x), asSym(xMin)), asSym(xMax))),
);

/** The larger of the two; of a number and NaN the number. Broadcasts. https://keras.io/api/ops/numpy/ */
export const fmax: Binary = binaryOp('fmax', (x1, x2) => known(x1, x2, maximum));

/** The smaller of the two; of a number and NaN the number. Broadcasts. https://keras.io/api/ops/numpy/ */
export const fmin: Binary = binaryOp('fmin', (x1, x2) => known(x1, x2, minimum));

const known = (x1: Sym, x2: Sym, choose: Binary): Operand =>
  where(isnan(x1), x2, where(isnan(x2), x1, choose(where(isnan(x1), 0, x1), where(isnan(x2), 0, x2))));

/** x1 / x2, float32; 0 where x2 is 0. Broadcasts. https://keras.io/api/ops/numpy/ */
export const divideNoNan: Binary = binaryOp('divideNoNan', (x1, x2) => {
  const none = equal(x2, 0);
  return where(none, 0, divide(x1, where(none, 1, toFloat32(x2))));
});

/** 0 where x1 < 0, 1 where x1 > 0, x2 where x1 is 0; float32, NaN stays. Broadcasts. https://keras.io/api/ops/numpy/ */
export const heaviside: Binary = binaryOp('heaviside', (x1, x2) => {
  const x = toFloat32(x1);
  return where(greater(x, 0), 1, where(less(x, 0), 0, where(equal(x, 0), toFloat32(x2), x)));
});

/** √(x1² + x2²) without overflow, float32; broadcasts. https://keras.io/api/ops/numpy/ */
export const hypot: Binary = binaryOp('hypot', (x1, x2) => {
  const [a, b] = [abs(toFloat32(x1)), abs(toFloat32(x2))];
  // The root is computed for numbers of size 1 and scaled back, which cancels: the scale is a constant for gradients.
  const larger = stopGradient(maximum(a, b));
  const m = where(logicalOr(equal(larger, 0), equal(larger, Infinity)), 1, larger);
  return multiply(sqrt(add(square(divide(a, m)), square(divide(b, m)))), m);
});

/** The cube root, also of numbers below 0; float32. https://keras.io/api/ops/numpy/ */
export const cbrt: Unary = unaryOp('cbrt', (x) => {
  const magnitude = abs(toFloat32(x));
  const regular = logicalOr(equal(magnitude, 0), equal(magnitude, Infinity));
  const a = where(regular, 1, magnitude);
  // One step of Newton's method mends what the rounding of 1/3 did to the power.
  const y = power(a, 1 / 3);
  const mended = divide(add(multiply(y, 2), divide(a, square(y))), 3);
  return multiply(sign(toFloat32(x)), where(regular, magnitude, mended));
});

/** The logarithm to base 2; float32. https://keras.io/api/ops/numpy/ */
export const log2: Unary = unaryOp('log2', (x) => multiply(log(x), Math.LOG2E));

/** The logarithm to base 10; float32. https://keras.io/api/ops/numpy/ */
export const log10: Unary = unaryOp('log10', (x) => multiply(log(x), Math.LOG10E));

/** 2ˣ; float32. https://keras.io/api/ops/numpy/ */
export const exp2: Unary = unaryOp('exp2', (x) => power(2, toFloat32(x)));

/** x from degrees to radians; float32. https://keras.io/api/ops/numpy/ */
export const deg2rad: Unary = unaryOp('deg2rad', (x) => multiply(toFloat32(x), Math.PI / 180));

/** x from radians to degrees; float32. https://keras.io/api/ops/numpy/ */
export const rad2deg: Unary = unaryOp('rad2deg', (x) => multiply(toFloat32(x), 180 / Math.PI));

/** log(exp(x1) + exp(x2)) without overflow, float32; broadcasts. https://keras.io/api/ops/numpy/ */
export const logaddexp: Binary = binaryOp('logaddexp', (x1, x2) => {
  const [a, b] = [toFloat32(x1), toFloat32(x2)];
  // Equal ones have difference 0 even where they are infinite.
  const d = where(equal(a, b), 0, subtract(a, b));
  return add(maximum(a, b), log1p(exp(negative(abs(d)))));
});

/** log₂(2^x1 + 2^x2) without overflow, float32; broadcasts. https://keras.io/api/ops/numpy/ */
export const logaddexp2: Binary = binaryOp('logaddexp2', (x1, x2) =>
  multiply(logaddexp(multiply(toFloat32(x1), Math.LN2), multiply(toFloat32(x2), Math.LN2)), Math.LOG2E),
);

/**
 * log(Σ exp(x)) over axes, without overflow; float32. −∞ of none. https://keras.io/api/ops/math/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 */
export const logsumexp = op('logsumexp', <T extends Operand>(x: T, options: ReduceOptions = {}): Outcome<T> =>
  compute(x, (x) => {
    knownOptions('logsumexp', options, reduceNames);
    const { axis } = options;
    const numbers = toFloat32(x);
    const most = stopGradient(max(numbers, { axis, keepDims: true, initial: -Infinity }));
    const shift = where(isfinite(most), most, 0);
    const total = add(log(sum(exp(subtract(numbers, shift)), { ...options, keepDims: true })), shift);
    return options.keepDims === true ? total : withoutAxes(total, axis);
  }),
);

/** A value without axes of size 1 that a reduction has kept. */
const withoutAxes = (x: Sym, axis: ReduceOptions['axis']): Sym =>
  squeeze(x, axis ?? typeOf(x).shape.map((_, i) => i));

/** The argument of x as a complex number: 0, or π below 0; float32, gradient 0. https://keras.io/api/ops/numpy/ */
export const angle: Unary = unaryOp('angle', (x) => {
  const numbers = toFloat32(x);
  return where(isnan(numbers), numbers, where(less(numbers, 0), Math.PI, 0));
});

/** The imaginary part of x, whose numbers are all real: 0; of x's shape and dtype. https://keras.io/api/ops/numpy/ */
export const imag: Unary = unaryOp('imag', (x) => cast(multiply(0, cast(x, 'bool')), typeOf(x).dtype));

/** Whether a number is real: true; bool, of x's shape. https://keras.io/api/ops/numpy/ */
export const isreal: Unary = unaryOp('isreal', (x) => logicalOr(equal(x, x), isnan(x)));

/** What a dtype holds at least and at most. */
const RANGES: Readonly<Partial<Record<DType, readonly [least: number, most: number]>>> = {
  // The largest float32 below 2³¹, so that all that is cut to it fits.
  int32: [-(2 ** 31), 2 ** 31 - 128],
  uint8: [0, 255],
};

/**
 * x in another dtype, cut to what that holds first. No gradient flows through integers. https://keras.io/api/ops/core/
 *
 * @example ops.saturateCast([-1, 256], 'uint8'); // [0, 255]
 */
export const saturateCast = op('saturateCast', <T extends Operand>(x: T, dtype: DType): Outcome<T> => {
  // What is no text has no range either; the cast refuses it.
  const range = typeof (dtype as unknown) === 'string' ? RANGES[dtype] : undefined;
  const from = typeOf(x).dtype;
  const fits =
    range === undefined || from === dtype || from === 'bool' || (from === 'uint8' && dtype === 'int32');
  return compute(x, (x) => cast(fits ? x : clip(x, range[0], range[1]), dtype));
});
