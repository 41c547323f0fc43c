import { type OptionNames, integer, integers, knownOptions, oneOf } from '../base/checks.js';
import { type Operand, type Outcome, indexOperand, promote, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { equal, greater, less, logicalAnd } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { countNonzero } from './logic.js';
import { orderOf, takenLast } from './ordered.js';
import { lastAxis } from './lastAxis.js';
import { expandDims, reshape, squeeze } from './shape.js';

/** What `ops.sort` and `ops.argsort` take. */
export interface SortOptions {
  /** Along which axis; null: x counts as one list of all its numbers. Default -1. */
  axis?: number | null;
}

const sortNames = { axis: 'optional' } satisfies OptionNames<SortOptions>;

/** Does something with x along an axis of it, or with the list of all its numbers, where the axis is the last one. */
function alongOne(who: string, x: Sym, axis: number | null, act: (x: Sym) => Sym): Sym {
  if (axis === null) return act(reshape(asSym(x), [-1]));
  const at = axisOf(who, axis, typeOf(x).shape.length);
  return lastAxis(act(lastAxis(asSym(x), at)), at, true);
}

/**
 * The numbers along an axis from the smallest to the largest, NaN last. https://keras.io/api/ops/numpy/
 *
 * @param x Any dtype.
 * @param options `axis`: default -1; null sorts all numbers as one list.
 * @returns Of x's shape and dtype, or a list of all.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have.
 * @example ops.sort([3, 1, 2]); // [1, 2, 3]
 */
export const sort = op('sort', <T extends Operand>(x: T, options: SortOptions = {}): Outcome<T> => {
  knownOptions('sort', options, sortNames);
  const { axis = -1 } = options;
  return outcomeOf(alongOne('sort', asSym(x), axis, (list) => takenLast(list, orderOf(list))));
});

/**
 * The places along an axis of the numbers from the smallest to the largest, NaN last; equal ones stay in their order.
 * https://keras.io/api/ops/numpy/
 *
 * @param x Any dtype.
 * @param options `axis`: default -1; null sorts all numbers as one list.
 * @returns int32 of x's shape, or a list of all.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have.
 * @example ops.argsort([3, 1, 2]); // [1, 2, 0]
 */
export const argsort = op('argsort', <T extends Operand>(x: T, options: SortOptions = {}): Outcome<T> => {
  knownOptions('argsort', options, sortNames);
  const { axis = -1 } = options;
  return outcomeOf(alongOne('argsort', asSym(x), axis, (list) => orderOf(list)));
});

/**
 * The places along an axis so that number `kth` is where it belongs in the order, with all smaller ones before it. All are in order here,
 * which Keras leaves open. https://keras.io/api/ops/numpy/
 *
 * @param kth One place or several; negative ones count from the end.
 * @param options `axis`: default -1; null takes all numbers as one list.
 * @returns int32 of x's shape, or a list of all.
 * @throws EngineError `ATTRIBUTE` for an axis or a place that x does not have.
 */
export const argpartition = op(
  'argpartition',
  <T extends Operand>(x: T, kth: number | readonly number[], options: SortOptions = {}): Outcome<T> => {
    knownOptions('argpartition', options, sortNames);
    const { axis = -1 } = options;
    const indices = integers('argpartition', 'kth', kth);
    return outcomeOf(
      alongOne('argpartition', asSym(x), axis, (list) => {
        const size = typeOf(list).shape.at(-1) as number;
        if (size >= 0) for (const place of indices) axisOf('argpartition', place, size);
        return orderOf(list);
      }),
    );
  },
);

/** What `ops.topK` takes. */
export interface TopKOptions {
  /** Whether the largest comes first; they are in order in any case. Default true. */
  sorted?: boolean;
}

const topKNames = { sorted: 'boolean' } satisfies OptionNames<TopKOptions>;

/**
 * The k largest numbers along the last axis, from the largest on, and their places. Of equal ones the first comes first; NaN counts as larger
 * than all numbers. https://keras.io/api/ops/core/
 *
 * @param x Any dtype, [..., n].
 * @param k From 0 to n.
 * @param options `sorted`: whether they are in order; here they always are. Default true.
 * @returns The numbers of x's dtype and the places, int32, both [..., k].
 * @throws EngineError `SHAPE` for a scalar; `ATTRIBUTE` for a k above n; `ARGUMENT`.
 * @example
 *     const [values, indices] = ops.topK([0.1, 0.7, 0.2], 2); // [0.7, 0.2] and [1, 2]
 */
export const topK = op(
  'topK',
  <T extends Operand>(
    x: T,
    k: number,
    options: TopKOptions = {},
  ): [values: Outcome<T>, indices: Outcome<T>] => {
    knownOptions('topK', options, topKNames);
    const indices = orderOf(asSym(x), { k: integer('topK', 'k', k, 0), descending: true });
    return [outcomeOf(takenLast(asSym(x), indices)), outcomeOf(indices)];
  },
);

/**
 * Whether the prediction for a class is among the k largest of its row; equal ones count as one, and NaN is never.
 * https://keras.io/api/ops/core/
 *
 * @param targets int32 or uint8 classes [...].
 * @param predictions [..., classes].
 * @param k Among how many.
 * @returns bool [...].
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` (when read) for a class out of range.
 */
export const inTopK = op(
  'inTopK',
  <T extends Operand, P extends Operand>(targets: T, predictions: P, k: number): Outcome<T | P> => {
    integer('inTopK', 'k', k);
    const own = takenLast(asSym(predictions), expandDims(asSym(indexOperand(targets)), -1));
    const larger = countNonzero(greater(asSym(predictions), own), { axis: -1 });
    return outcomeOf(logicalAnd(less(larger, k), squeeze(equal(own, own), -1)));
  },
);

/** What `ops.searchsorted` takes. */
export interface SearchsortedOptions {
  /** Where a value goes that the sequence has: before the first of such ('left'), or after the last. Default 'left'. */
  side?: 'left' | 'right';
}

const searchsortedNames = { side: 'optional' } satisfies OptionNames<SearchsortedOptions>;

/** For each value how many numbers of a sorted sequence are below it, or (right) not above it. */
const indicesIn = (sequence: Operand, values: Operand, right: boolean): Sym =>
  promote('searchSorted', [sequence, values], { right }) as unknown as Sym;

/**
 * For each value the place in a sorted sequence where it would go. https://keras.io/api/ops/numpy/
 *
 * @param sortedSequence Rank 1, from the smallest number to the largest, NaN last.
 * @param values Any shape.
 * @param options `side`: 'left' (the default) before equal numbers, 'right' after them.
 * @returns int32 of the values' shape, from 0 to the length of the sequence.
 * @throws EngineError `SHAPE` for a sequence of another rank; `ARGUMENT` for another side.
 * @example ops.searchsorted([1, 3, 5], [3, 4]); // [1, 2]
 */
export const searchsorted = op(
  'searchsorted',
  <S extends Operand, V extends Operand>(
    sortedSequence: S,
    values: V,
    options: SearchsortedOptions = {},
  ): Outcome<S | V> => {
    knownOptions('searchsorted', options, searchsortedNames);
    const side = oneOf('searchsorted', 'side', options.side ?? 'left', ['left', 'right']);
    return outcomeOf(indicesIn(sortedSequence, values, side === 'right'));
  },
);

/**
 * The number of the bin of each number: 0 below the first boundary, i from boundary i − 1 up to, not including, boundary i.
 * https://keras.io/api/ops/numpy/
 *
 * @param bins Boundaries in order, rank 1.
 * @returns int32 of x's shape, from 0 to the number of boundaries.
 * @throws EngineError `SHAPE` for boundaries of another rank.
 * @example ops.digitize([0.5, 2, 7], [1, 2, 3]); // [0, 2, 3]
 */
export const digitize = op(
  'digitize',
  <X extends Operand, B extends Operand>(x: X, bins: B): Outcome<X | B> =>
    outcomeOf(indicesIn(bins, x, true)),
);
