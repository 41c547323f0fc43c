import { type OptionNames, expected, knownOptions, oneOf, wrongShape } from '../base/checks.js';
import { itemAt, lastOf, mapTuple } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { round } from './arithmetic.js';
import { axesOf, reduceNames } from './axis.js';
import { add, divide, maximum, minimum, multiply, subtract, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { isnan } from './logic.js';
import { mergedLast } from './mergedLast.js';
import { orderOf, takenLast } from './ordered.js';
import { lastAxis } from './lastAxis.js';
import { type ReduceOptions, max, sum } from './reduce.js';
import { expandDims, reshape, squeeze } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import { cast, floor, logicalNot, negative } from './unary.js';

const METHODS = ['linear', 'lower', 'higher', 'midpoint', 'nearest'] as const;
type Method = (typeof METHODS)[number];

/** What `ops.quantile` and its relatives take. */
export interface QuantileOptions extends ReduceOptions {
  /**
   * What is between two numbers: a straight line ('linear'), the smaller ('lower'), the larger ('higher'), the mean of both ('midpoint'), or
   * the nearer one ('nearest', of two the one at an even place). Default 'linear'.
   */
  method?: Method;
}

const quantileNames = { ...reduceNames, method: 'optional' } satisfies OptionNames<QuantileOptions>;

/** A place between two others, along the last axis of sorted numbers. */
interface Between {
  readonly low: Sym;
  readonly high: Sym;
  /** How far from low to high. */
  readonly weight: Sym;
}

/** The nearest whole number, of two the even one. */
function roundedHalf(position: number): number {
  const low = Math.floor(position);
  const rest = position - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** Places that are known now, in float64. */
function knownPositions(shares: readonly number[], count: number, method: Method): Between {
  const positions = shares.map((share) => share * (count - 1));
  const low = positions.map(method === 'nearest' ? roundedHalf : Math.floor);
  const high = method === 'nearest' ? low : positions.map(Math.ceil);
  const list = (numbers: readonly number[], dtype: 'int32' | 'float32') =>
    asSym(tensor(numbers as number[], [numbers.length], dtype));
  const weight = list(
    positions.map((position, i) => position - itemAt(low, i)),
    'float32',
  );
  return { low: list(low, 'int32'), high: list(high, 'int32'), weight };
}

/** Shares as sums of their first twelve bits after the point and the rest. */
function split(shares: readonly number[] | Sym): readonly [coarse: Sym, finer: Sym] {
  if (!(shares instanceof Array)) {
    const coarse = divide(floor(multiply(shares, 4096)), 4096);
    return [coarse, subtract(shares, coarse)];
  }
  const coarse = shares.map((share) => Math.floor(share * 4096) / 4096);
  const finer = shares.map((share, i) => share - itemAt(coarse, i));
  return mapTuple([coarse, finer], (list) => asSym(tensor(Float32Array.from(list))));
}

/**
 * Places that are known only when the numbers are. A share times the count in float32 would leave few digits after the point: of a share
 * the first twelve bits are multiplied apart, exactly for up to 4,096 numbers, and of the product only what is after the point is added to.
 */
function foundPositions(shares: readonly number[] | Sym, count: Operand, method: Method): Between {
  const last = maximum(subtract(asSym(count), 1), 0);
  const [coarse, finer] = split(shares);
  const large = multiply(coarse, last);
  const fine = add(subtract(large, floor(large)), multiply(finer, last));
  const [below, rest] = [add(floor(large), floor(fine)), subtract(fine, floor(fine))];
  const whole = (x: Sym) => cast(minimum(x, last), 'int32');
  if (method !== 'nearest') {
    const above = negative(floor(negative(rest)));
    return { low: whole(below), high: whole(add(below, above)), weight: rest };
  }
  // Of two the even one: below an even number only what is odd is rounded.
  const even = multiply(floor(divide(below, 2)), 2);
  const nearest = whole(add(even, round(add(subtract(below, even), rest))));
  return { low: nearest, high: nearest, weight: rest };
}

function between(sorted: Sym, { low, high, weight }: Between, method: Method): Sym {
  const at = (positions: Sym) =>
    typeOf(positions).shape.length === 1
      ? gather(sorted, positions, { axis: typeOf(sorted).shape.length - 1 })
      : takenLast(sorted, positions);
  const lower = at(low);
  if (method === 'lower' || method === 'nearest') return lower;
  const higher = at(high);
  if (method === 'higher') return higher;
  // Between two equal infinities there is nothing.
  const gap = subtract(higher, lower);
  return add(lower, multiply(where(isnan(gap), 0, gap), method === 'linear' ? weight : 0.5));
}

/** q as a list of shares: numbers where they are known now, else a value. */
function sharesOf(who: string, q: Operand, scale: number): readonly number[] | Sym {
  const given: unknown = typeof q === 'number' ? [q] : q;
  if (Array.isArray(given) && given.every((share) => typeof share === 'number')) {
    for (const share of given)
      if (!(share >= 0 && share <= scale)) throw expected(who, `numbers from 0 to ${scale} as q`, q);
    return given.map((share: number) => share / scale);
  }
  const { shape } = typeOf(q);
  if (shape.length > 1) throw wrongShape(who, 'q of rank 0 or 1', shape);
  const shares = reshape(toFloat32(asSym(q)), [-1]);
  return scale === 1 ? shares : divide(shares, scale);
}

/** How quantiles are named and counted. */
interface Kind {
  readonly who: string;
  /** What q is a share of. */
  readonly scale: number;
  /** Whether only numbers count; else the result is NaN where one is. */
  readonly skipsNan: boolean;
}

function quantilesOf({ who, scale, skipsNan }: Kind, x: Operand, q: Operand, options: QuantileOptions): Sym {
  const method = oneOf(who, 'method', options.method ?? 'linear', METHODS);
  const axes = [...axesOf(who, options.axis, typeOf(x).shape.length)].sort((a, b) => a - b);
  const shares = sharesOf(who, q, scale);
  const list = mergedLast(toFloat32(asSym(x)), axes);
  const { shape } = typeOf(list);
  const size = lastOf(shape);
  if (size === 0) throw wrongShape(who, 'at least one number', typeOf(x).shape);
  const sorted = takenLast(list, orderOf(list));
  const isKnown = size > 0 && !skipsNan;
  const found = () =>
    foundPositions(
      shares,
      isKnown ? size : sum(cast(logicalNot(isnan(list)), 'float32'), { axis: -1, keepDims: true }),
      method,
    );
  const positions = isKnown && shares instanceof Array ? knownPositions(shares, size, method) : found();
  const y = between(sorted, positions, method);
  // NaN comes through the largest number.
  const all = skipsNan ? y : where(isnan(max(list, { axis: -1, keepDims: true })), NaN, y);
  const isOne = typeof q === 'number' || (!Array.isArray(q) && typeOf(q).shape.length === 0);
  const made = isOne ? squeeze(all, -1) : lastAxis(all, 0, true);
  if (options.keepDims !== true) return made;
  return axes.reduce((value, axis) => expandDims(value, isOne ? axis : axis + 1), made);
}

/** A function of x and q. */
const withShares = (kind: Kind) =>
  op(
    kind.who,
    <X extends Operand, Q extends Operand>(x: X, q: Q, options: QuantileOptions = {}): Outcome<X | Q> => {
      knownOptions(kind.who, options, quantileNames);
      return outcomeOf(quantilesOf(kind, x, q, options));
    },
  );

/** The one in the middle. */
const middle = (kind: Kind) =>
  op(kind.who, <X extends Operand>(x: X, options: ReduceOptions = {}): Outcome<X> => {
    knownOptions(kind.who, options, reduceNames);
    return outcomeOf(quantilesOf(kind, x, 0.5, options));
  });

/**
 * The numbers below which a share q of all numbers is, over axes; NaN where one of the numbers is NaN. float32.
 * https://keras.io/api/ops/numpy/
 *
 * @param x Any dtype, at least one number.
 * @param q From 0 to 1: a number, or several (rank 1), whose results come along a first axis.
 * @param options `axis`: one or several, default all. `method`: what is between two numbers, default 'linear'. `keepDims`: default false.
 * @throws EngineError `ARGUMENT` for a share or method out of range; `SHAPE` for no numbers, or q of another rank; `ATTRIBUTE` for an axis.
 * @example ops.quantile([1, 2, 3, 4], [0, 0.5]); // [1, 2.5]
 */
export const quantile = withShares({ who: 'quantile', scale: 1, skipsNan: false });
/** {@link quantile} with q from 0 to 100. https://keras.io/api/ops/numpy/ @example ops.percentile([1, 2, 3, 4], 50); // 2.5 */
export const percentile = withShares({ who: 'percentile', scale: 100, skipsNan: false });
/** {@link quantile} of the numbers that are not NaN; NaN where there are none. https://keras.io/api/ops/numpy/ */
export const nanquantile = withShares({ who: 'nanquantile', scale: 1, skipsNan: true });
/** {@link percentile} of the numbers that are not NaN; NaN where there are none. https://keras.io/api/ops/numpy/ */
export const nanpercentile = withShares({ who: 'nanpercentile', scale: 100, skipsNan: true });

/**
 * The number in the middle over axes, of two the mean; NaN where one of the numbers is NaN. float32. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 * @throws EngineError `SHAPE` for no numbers; `ATTRIBUTE` for an axis that x does not have.
 * @example ops.median([1, 9, 2]); // 2
 */
export const median = middle({ who: 'median', scale: 1, skipsNan: false });
/** {@link median} of the numbers that are not NaN; NaN where there are none. https://keras.io/api/ops/numpy/ */
export const nanmedian = middle({ who: 'nanmedian', scale: 1, skipsNan: true });
