import { type OptionNames, atLeastZero, knownOptions } from '../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { asBool } from './asBool.js';
import type { Sym } from '../core/sym.js';
import {
  add,
  equal,
  greater,
  less,
  lessEqual,
  logicalAnd,
  logicalOr,
  multiply,
  notEqual,
  subtract,
  where,
} from './binary.js';
import { type Binary, type Unary, asSym, binaryOp, compute, outcomeOf, unaryOp } from './composed.js';
import { type ReduceOptions, sum } from './reduce.js';
import { toFloat32 } from './toFloat32.js';
import { abs, cast, copy, logicalNot, reciprocal } from './unary.js';

/** Whether x is NaN; bool, false for whole numbers. https://keras.io/api/ops/numpy/ */
export const isnan: Unary = unaryOp('isnan', (x) => notEqual(x, x));

/** Whether x is ∞ or −∞; bool. https://keras.io/api/ops/numpy/ */
export const isinf: Unary = unaryOp('isinf', (x) => equal(abs(toFloat32(x)), Infinity));

/** Whether x is neither infinite nor NaN; bool. https://keras.io/api/ops/numpy/ */
export const isfinite: Unary = unaryOp('isfinite', (x) => less(abs(toFloat32(x)), Infinity));

/** Whether x is ∞; bool. https://keras.io/api/ops/numpy/ */
export const isposinf: Unary = unaryOp('isposinf', (x) => equal(toFloat32(x), Infinity));

/** Whether x is −∞; bool. https://keras.io/api/ops/numpy/ */
export const isneginf: Unary = unaryOp('isneginf', (x) => equal(toFloat32(x), -Infinity));

/** Whether the sign bit is set: x below 0, or −0; bool. (That of a NaN counts as not set.) https://keras.io/api/ops/numpy/ */
export const signbit: Unary = unaryOp('signbit', (x) =>
  logicalOr(less(x, 0), less(reciprocal(toFloat32(x)), 0)),
);

/** Whether exactly one of the two is true (not 0); bool, broadcasts. https://keras.io/api/ops/numpy/ */
export const logicalXor: Binary = binaryOp('logicalXor', (x1, x2) => notEqual(asBool(x1), asBool(x2)));

/** How many of x over the axes are true, float32, and whether there are any. */
const trueOnes = (x: Operand, options: ReduceOptions | undefined): Sym =>
  sum(cast(asBool(x), 'float32'), options);

/**
 * Whether all numbers over axes are true (not 0); bool. True of none. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 */
export const all = op('all', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  compute(x, (x) => equal(trueOnes(logicalNot(x), options), 0)),
);

/**
 * Whether a number over axes is true (not 0); bool. False of none. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 */
export const any = op('any', <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
  compute(x, (x) => greater(trueOnes(x, options), 0)),
);

/**
 * How many numbers over axes are not 0; int32, exact up to 2²⁴. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 */
export const countNonzero = op(
  'countNonzero',
  <T extends Operand>(x: T, options?: ReduceOptions): Outcome<T> =>
    compute(x, (x) => cast(trueOnes(x, options), 'int32')),
);

/** What `ops.isclose` and `ops.allclose` take. */
export interface CloseOptions {
  /** How far apart the two may be, as a share of |x2|; 0 or more. Default 1e-5. */
  rtol?: number;
  /** How far apart they may be besides; 0 or more. Default 1e-8. */
  atol?: number;
  /** Whether NaN is close to NaN. Default false. */
  equalNan?: boolean;
}

const closeNames = {
  rtol: 'optional',
  atol: 'optional',
  equalNan: 'boolean',
} satisfies OptionNames<CloseOptions>;

function close(who: string, a: Operand, b: Operand, options: CloseOptions): Sym {
  knownOptions(who, options, closeNames);
  const rtol = atLeastZero(who, 'rtol', options.rtol ?? 1e-5);
  const atol = atLeastZero(who, 'atol', options.atol ?? 1e-8);
  const [x1, x2] = [toFloat32(asSym(a)), toFloat32(asSym(b))];
  const within = lessEqual(abs(subtract(x1, x2)), add(multiply(abs(x2), rtol), atol));
  // Of infinite numbers only equal ones are close; their difference is NaN or within an infinite bound.
  const near = logicalOr(logicalAnd(within, isfinite(x2)), equal(x1, x2));
  return options.equalNan === true ? logicalOr(near, logicalAnd(isnan(x1), isnan(x2))) : near;
}

/**
 * Whether |x1 − x2| ≤ atol + rtol · |x2|, number by number; bool, broadcasts. https://keras.io/api/ops/numpy/
 *
 * @param options `rtol`: default 1e-5. `atol`: default 1e-8. `equalNan`: whether NaN is close to NaN, default false.
 * @throws EngineError `ARGUMENT` for a tolerance below 0; `SHAPE` where shapes do not meet.
 */
export const isclose = op(
  'isclose',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: CloseOptions = {}): Outcome<A | B> =>
    outcomeOf(close('isclose', x1, x2, options)),
);

/**
 * Whether {@link isclose} holds for all numbers; a bool scalar. https://keras.io/api/ops/numpy/
 *
 * @throws EngineError `ARGUMENT` for a tolerance below 0; `SHAPE` where shapes do not meet.
 */
export const allclose = op(
  'allclose',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: CloseOptions = {}): Outcome<A | B> =>
    outcomeOf(all(close('allclose', x1, x2, options))),
);

/** What `ops.nanToNum` takes. */
export interface NanToNumOptions {
  /** What NaN becomes. Default 0. */
  nan?: number;
  /** What ∞ becomes. Default the largest float32, about 3.4e38. */
  posinf?: number;
  /** What −∞ becomes. Default the smallest float32, about −3.4e38. */
  neginf?: number;
}

const nanToNumNames = {
  nan: 'optional',
  posinf: 'optional',
  neginf: 'optional',
} satisfies OptionNames<NanToNumOptions>;

const LARGEST = 2 ** 128 - 2 ** 104;

/**
 * x with numbers in the places of NaN, ∞ and −∞, with gradient 0 there. https://keras.io/api/ops/numpy/
 *
 * @example ops.nanToNum(x, { nan: -1 });
 */
export const nanToNum = op(
  'nanToNum',
  <T extends Operand>(x: T, options: NanToNumOptions = {}): Outcome<T> => {
    knownOptions('nanToNum', options, nanToNumNames);
    const { nan = 0, posinf = LARGEST, neginf = -LARGEST } = options;
    return compute(x, (x) =>
      typeOf(x).dtype === 'float32'
        ? where(isnan(x), nan, where(equal(x, Infinity), posinf, where(equal(x, -Infinity), neginf, x)))
        : copy(x),
    );
  },
);
