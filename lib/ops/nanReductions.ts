import { type OptionNames, knownOptions } from '../base/checks.js';
import type { Operand, Outcome } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { reduceNames } from './axis.js';
import { divide, equal, subtract, where } from './binary.js';
import { compute } from './composed.js';
import { isnan } from './logic.js';
import { type ArgOptions, type ReduceOptions, argmax, argmin, max, min, prod, sum } from './reduce.js';
import { rootOf } from './rootOf.js';
import { toFloat32 } from './toFloat32.js';
import { cast, logicalNot, square } from './unary.js';
import { isWhole } from './wholeReductions.js';

// Reductions of the numbers that are not NaN.

/** x with another number in the place of NaN, and which are numbers. */
function numbersOf(given: Sym, other: number) {
  const x = toFloat32(given);
  const missing = isnan(x);
  return { filled: where(missing, other, x), present: logicalNot(missing) };
}

/** How many there are over axes. */
const countOf = (present: Sym, options: ReduceOptions): Sym => sum(cast(present, 'float32'), options);

/** An op; where `whole` is given, it reduces whole numbers, of which none is NaN. */
const reduction = (name: string, over: (x: Sym, options: ReduceOptions) => Sym, whole?: typeof sum) =>
  op(name, <T extends Operand>(x: T, options: ReduceOptions = {}): Outcome<T> => {
    knownOptions(name, options, reduceNames);
    return compute(x, (x) => (whole && isWhole(x) ? whole(x, options) : over(x, options)));
  });

const extreme = (name: string, choose: typeof max, least: number) =>
  reduction(
    name,
    (x, options) => {
      const { filled, present } = numbersOf(x, least);
      return where(equal(countOf(present, options), 0), NaN, choose(filled, options));
    },
    choose,
  );

function varianceOf(x: Sym, options: ReduceOptions): Sym {
  const { filled, present } = numbersOf(x, 0);
  const over = { ...options, keepDims: true };
  const center = divide(sum(filled, over), countOf(present, over));
  const squares = where(present, square(subtract(filled, center)), 0);
  return divide(sum(squares, options), countOf(present, options));
}

/**
 * The sum over axes of the numbers that are not NaN; 0 of none. float32; of whole numbers int32. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 */
export const nansum = reduction('nansum', (x, options) => sum(numbersOf(x, 0).filled, options), sum);
/** The product over axes of the numbers that are not NaN; 1 of none. float32. https://keras.io/api/ops/numpy/ */
export const nanprod = reduction('nanprod', (x, options) => prod(numbersOf(x, 1).filled, options));
/** The mean over axes of the numbers that are not NaN; NaN of none. float32. https://keras.io/api/ops/numpy/ */
export const nanmean = reduction('nanmean', (x, options) => {
  const { filled, present } = numbersOf(x, 0);
  return divide(sum(filled, options), countOf(present, options));
});
/** The largest number over axes that is not NaN, of x's dtype; NaN of none. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE` for no places. */
export const nanmax = extreme('nanmax', max, -Infinity);
/** The smallest number over axes that is not NaN, of x's dtype; NaN of none. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE` for no places. */
export const nanmin = extreme('nanmin', min, Infinity);
/** The variance over axes of the numbers that are not NaN; NaN of none. float32. https://keras.io/api/ops/numpy/ */
export const nanvar = reduction('nanvar', varianceOf);
/** The root of {@link nanvar}, with gradient 0 where it is 0. float32. https://keras.io/api/ops/numpy/ */
export const nanstd = reduction('nanstd', (x, options) => rootOf(varianceOf(x, options)));

const argNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ArgOptions>;

const argOf = (name: string, choose: typeof argmax, least: number) =>
  op(name, <T extends Operand>(x: T, options: ArgOptions = {}): Outcome<T> => {
    knownOptions(name, options, argNames);
    return compute(x, (x) => {
      if (isWhole(x)) return choose(x, options);
      const { filled, present } = numbersOf(x, least);
      return where(equal(countOf(present, options), 0), -1, choose(filled, options));
    });
  });

/**
 * The place of the largest number that is not NaN, the first of equal ones; −1 where there is none. int32. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: by default x counts as one list of all its numbers. `keepDims`: default false.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have; `SHAPE` for no places.
 */
export const nanargmax = argOf('nanargmax', argmax, -Infinity);
/** The place of the smallest number that is not NaN, as {@link nanargmax}. int32. https://keras.io/api/ops/numpy/ @throws EngineError `ATTRIBUTE`, `SHAPE`. */
export const nanargmin = argOf('nanargmin', argmin, Infinity);
