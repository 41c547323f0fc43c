import { type OptionNames, finite, integer, knownOptions, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { add, multiply, notEqual, subtract, where } from './binary.js';
import { asSym, compute, outcomeOf } from './composed.js';
import { zerosLike } from './creation.js';
import { isnan } from './logic.js';
import { sum } from './reduce.js';
import { reshape } from './shape.js';
import { stridedSlice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast, copy } from './unary.js';

/** What `ops.cumsum` and its relatives take. */
export interface CumulativeOptions {
  /** Along which axis; by default x counts as one list of all its numbers. */
  axis?: number;
  /** What x becomes before. Default x's own, of bool int32. */
  dtype?: DType;
}

/** What `ops.cumsum` takes. */
export interface CumsumOptions extends CumulativeOptions {
  /** Whether to begin at the last place. As in TF.js. Default false. */
  reverse?: boolean;
  /** Whether to leave the number at the place itself out. As in TF.js. Default false. */
  exclusive?: boolean;
}

const cumulativeNames = { axis: 'optional', dtype: 'optional' } satisfies OptionNames<CumulativeOptions>;
const cumsumNames = {
  ...cumulativeNames,
  reverse: 'boolean',
  exclusive: 'boolean',
} satisfies OptionNames<CumsumOptions>;

/** Does something with x, in the dtype that comes out, along an axis. */
function along(x: Sym, { axis, dtype }: CumulativeOptions, act: (x: Sym, axis: number) => Sym): Sym {
  const own = typeOf(x).dtype;
  const wanted = dtype ?? (own === 'bool' ? 'int32' : own);
  const computed = wanted === 'float32' ? 'float32' : 'int32';
  const numbers = own === computed ? asSym(x) : cast(asSym(x), computed);
  const y = axis === undefined ? act(reshape(numbers, [-1]), 0) : act(numbers, axis);
  return wanted === computed ? y : cast(y, wanted);
}

/** x without NaN: another number in its place. */
const without = (x: Sym, other: number): Sym =>
  typeOf(x).dtype === 'float32' ? where(isnan(asSym(x)), other, asSym(x)) : asSym(x);

const products = (x: Sym, options: CumulativeOptions): Sym =>
  along(x, options, (x, axis) => apply('linearRecurrence', [x, zerosLike(x)], { axis, initial: 1 }));

const sums = (x: Sym, { reverse = false, exclusive = false, ...options }: CumsumOptions): Sym =>
  along(x, options, (x, axis) => apply('cumsum', [x], { axis, reverse, exclusive }));

/**
 * At each place the sum of the numbers up to it. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: by default x counts as one list. `dtype`: what x becomes before. `reverse`: from the last place on. `exclusive`:
 *   without the number at the place.
 * @returns Of x's shape, or a list; whole numbers wrap around.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have.
 * @example ops.cumsum([1, 2, 3]); // [1, 3, 6]
 */
export const cumsum = op('cumsum', <T extends Operand>(x: T, options: CumsumOptions = {}): Outcome<T> => {
  knownOptions('cumsum', options, cumsumNames);
  return outcomeOf(sums(asSym(x), options));
});

/**
 * At each place the product of the numbers up to it; zeros have their gradients, too. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: by default x counts as one list. `dtype`: what x becomes before.
 * @returns Of x's shape, or a list; whole numbers wrap around.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have.
 * @example ops.cumprod([1, 2, 3]); // [1, 2, 6]
 */
export const cumprod = op(
  'cumprod',
  <T extends Operand>(x: T, options: CumulativeOptions = {}): Outcome<T> => {
    knownOptions('cumprod', options, cumulativeNames);
    return outcomeOf(products(asSym(x), options));
  },
);

/** {@link cumsum} with 0 in the place of NaN. https://keras.io/api/ops/numpy/ @throws EngineError `ATTRIBUTE` for an axis that x does not have. */
export const nancumsum = op(
  'nancumsum',
  <T extends Operand>(x: T, options: CumulativeOptions = {}): Outcome<T> => {
    knownOptions('nancumsum', options, cumulativeNames);
    return outcomeOf(sums(without(asSym(x), 0), options));
  },
);

/** {@link cumprod} with 1 in the place of NaN. https://keras.io/api/ops/numpy/ @throws EngineError `ATTRIBUTE` for an axis that x does not have. */
export const nancumprod = op(
  'nancumprod',
  <T extends Operand>(x: T, options: CumulativeOptions = {}): Outcome<T> => {
    knownOptions('nancumprod', options, cumulativeNames);
    return outcomeOf(products(without(asSym(x), 1), options));
  },
);

/** Without the first place along an axis, and without the last. */
function neighbours(x: Sym, axis: number): readonly [later: Sym, earlier: Sym] {
  const at = (place: number, other: number) => typeOf(x).shape.map((_, i) => (i === axis ? place : other));
  return [stridedSlice(x, at(1, 0)), stridedSlice(x, at(0, 0), at(-1, Infinity))];
}

/** What `ops.diff` takes. */
export interface DiffOptions {
  /** How many times, 0 or more. Default 1. */
  n?: number;
  /** Along which axis. Default -1. */
  axis?: number;
}

const diffNames = { n: 'optional', axis: 'optional' } satisfies OptionNames<DiffOptions>;

/**
 * The difference of each number and the one before it along an axis; of bool, whether they differ. https://keras.io/api/ops/numpy/
 *
 * @param options `n`: how many times, default 1. `axis`: default -1.
 * @returns Of x's shape with n places less along the axis.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have; `ARGUMENT` for an n below 0.
 * @example ops.diff([1, 4, 9]); // [3, 5]
 */
export const diff = op('diff', <T extends Operand>(x: T, options: DiffOptions = {}): Outcome<T> => {
  knownOptions('diff', options, diffNames);
  const n = integer('diff', 'n', options.n ?? 1, 0);
  const { shape, dtype } = typeOf(x);
  const axis = axisOf('diff', options.axis ?? -1, shape.length);
  const between = dtype === 'bool' ? notEqual : subtract;
  const once = (x: Sym): Sym => between(...neighbours(x, axis));
  // Of fewer numbers than that nothing is left.
  const size = itemAt(shape, axis);
  const times = size >= 0 ? Math.min(n, size) : n;
  return compute(x, (x) => Array.from({ length: times }).reduce(once, copy(x)));
});

/** What `ops.trapezoid` takes. */
export interface TrapezoidOptions<T extends Operand = Operand> {
  /** Where the numbers are along the axis: a list, or of y's shape. Default `dx` apart. */
  x?: T;
  /** How far apart they are. Default 1. */
  dx?: number;
  /** Along which axis. Default -1. */
  axis?: number;
}

const trapezoidNames = {
  x: 'optional',
  dx: 'optional',
  axis: 'optional',
} satisfies OptionNames<TrapezoidOptions>;

/**
 * The area below a curve along an axis, by straight lines between its points; float32. https://keras.io/api/ops/numpy/
 *
 * @param y The curve's heights.
 * @param options `x`: where they are. `dx`: how far apart they are, default 1. `axis`: default -1.
 * @returns Of y's shape without the axis.
 * @throws EngineError `ATTRIBUTE` for an axis that y does not have; `SHAPE` where x does not fit.
 * @example ops.trapezoid([1, 2, 4]); // 4.5
 */
export const trapezoid = op(
  'trapezoid',
  <Y extends Operand, X extends Operand = Y>(y: Y, options: TrapezoidOptions<X> = {}): Outcome<X | Y> => {
    knownOptions('trapezoid', options, trapezoidNames);
    const { x, dx = 1 } = options;
    const heights = toFloat32(asSym(y));
    const rank = typeOf(heights).shape.length;
    const axis = axisOf('trapezoid', options.axis ?? -1, rank);
    const middles = multiply(add(...neighbours(heights, axis)), 0.5);
    if (x === undefined) return outcomeOf(multiply(sum(middles, { axis }), finite('trapezoid', 'dx', dx)));
    const { shape } = typeOf(x);
    if (shape.length !== 1 && shape.length !== rank)
      throw wrongShape('trapezoid', `x of rank 1 or ${rank}`, shape);
    const places = toFloat32(asSym(x));
    const full =
      shape.length === rank
        ? places
        : reshape(
            places,
            Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1)),
          );
    return outcomeOf(sum(multiply(middles, subtract(...neighbours(full, axis))), { axis }));
  },
);
