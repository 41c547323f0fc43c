import { type OptionNames, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { type Operand, type Outcome, apply, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { add, equal, multiply, subtract, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { onesLike } from './creation.js';
import { diff } from './cumulative.js';
import { largestOf } from './largestOf.js';
import { orderOf, takenLast } from './ordered.js';
import { max, min, sum } from './reduce.js';
import { broadcastTo, reshape } from './shape.js';
import { concatenate, slice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast } from './unary.js';

/** What `ops.bincount` takes. */
export interface BincountOptions<W extends Operand = Operand> {
  /** How much each number counts, of x's shape. Default 1. */
  weights?: W;
  /**
   * How many counts there are at least. Inside compiled functions and models it has to be given and is how many there are: larger numbers are
   * refused. Default 0.
   */
  minLength?: number;
}

const bincountNames = { weights: 'optional', minLength: 'optional' } satisfies OptionNames<BincountOptions>;

/**
 * How often each whole number occurs: the number i at place i. https://keras.io/api/ops/numpy/
 *
 * @param x int32 or uint8 of 0 or more, [n] or [batch, n].
 * @param options `weights`: how much each counts. `minLength`: how many counts there are at least.
 * @returns [counts] or [batch, counts]; int32, or of the weights' dtype; exact up to 2²⁴.
 * @throws EngineError `SHAPE` for other ranks, or weights of another shape; `DTYPE` for an x of floats; `ARGUMENT` (when read) for a number
 *   that is out of range, and where x is symbolic and minLength is missing.
 * @example ops.bincount([1, 2, 2]); // [0, 1, 2]
 */
export const bincount = op(
  'bincount',
  <X extends Operand, W extends Operand = X>(x: X, options: BincountOptions<W> = {}): Outcome<X | W> => {
    knownOptions('bincount', options, bincountNames);
    const { weights, minLength = 0 } = options;
    const numbers = indexOperand(x);
    const { dtype: own, shape } = typeOf(numbers);
    if (own !== 'int32' && own !== 'uint8')
      throw expected('bincount', 'whole numbers, int32 or uint8', own, 'DTYPE');
    if (shape.length !== 1 && shape.length !== 2)
      throw wrongShape('bincount', 'numbers of rank 1 or 2', shape);
    integer('bincount', 'minLength', minLength, 0);
    const isKnown = options.minLength !== undefined && numbers instanceof Sym;
    const length = isKnown ? minLength : Math.max(minLength, largestOf('bincount', 'minLength', numbers) + 1);
    const counted = toFloat32(
      weights === undefined ? onesLike(asSym(numbers), { dtype: 'float32' }) : asSym(weights),
    );
    const last = shape.length - 1;
    // The last operand is there for its shape alone.
    const like = broadcastTo(sum(counted, { axis: last, keepDims: true }), [...shape.slice(0, last), length]);
    const sums = apply(
      'gatherBackward',
      [counted, numbers, like],
      { axis: last, batchDims: last },
      'float32',
    );
    const dtype = weights === undefined ? 'int32' : typeOf(weights).dtype;
    return outcomeOf(dtype === 'float32' ? sums : cast(sums, dtype));
  },
);

/** What `ops.histogram` takes. */
export interface HistogramOptions {
  /** How many bins. Default 10. */
  bins?: number;
  /** Where the first bin begins and the last one ends; numbers outside do not count. Default the smallest and the largest number. */
  range?: readonly [low: number, high: number];
}

const histogramNames = { bins: 'optional', range: 'optional' } satisfies OptionNames<HistogramOptions>;

/** Bins of the same width have an end each: where the first one begins comes before. */
const evenly = (bins: number): number[] => Array.from({ length: bins + 1 }, (_, i) => i / bins);

function edgesIn(range: unknown, bins: number): Sym {
  const isRange = Array.isArray(range) && range.length === 2 && range.every((n) => Number.isFinite(n));
  const [low, high] = (isRange ? range : [1, 0]) as [number, number];
  if (!(low <= high))
    throw expected('histogram', 'two finite numbers in order, [low, high], as range', range);
  // As in numpy, no width becomes width 1.
  const [from, width] = low === high ? [low - 0.5, 1] : [low, high - low];
  return asSym(tensor(Float32Array.from(evenly(bins), (share) => from + share * width)));
}

function edgesAround(x: Sym, bins: number): Sym {
  const [least, most] = [min(x), max(x)];
  const aside = where(equal(least, most), 0.5, 0);
  const [low, high] = [subtract(least, aside), add(most, aside)];
  const begins = Float32Array.from(evenly(bins).slice(0, -1));
  const inner = add(multiply(subtract(high, low), asSym(tensor(begins))), low);
  return concatenate([inner, reshape(high, [1])]);
}

/**
 * How many numbers are in each of some bins of the same width. A number at an edge is in the bin above, but the last bin has both edges; NaN is
 * in none. https://keras.io/api/ops/numpy/
 *
 * @param x Rank 1.
 * @param options `bins`: how many, default 10. `range`: [low, high], default the smallest and the largest number.
 * @returns The counts, int32 [bins], and the edges, float32 [bins + 1].
 * @throws EngineError `SHAPE` for another rank; `ARGUMENT` for bins below 1, or a range out of order.
 * @example
 *     const [counts, edges] = ops.histogram([1, 2, 2, 5], { bins: 2 }); // [3, 1] and [1, 3, 5]
 */
export const histogram = op(
  'histogram',
  <X extends Operand>(x: X, options: HistogramOptions = {}): [counts: Outcome<X>, edges: Outcome<X>] => {
    knownOptions('histogram', options, histogramNames);
    const { shape } = typeOf(x);
    if (shape.length !== 1) throw wrongShape('histogram', 'numbers of rank 1', shape);
    const bins = integer('histogram', 'bins', options.bins ?? 10);
    const numbers = toFloat32(asSym(x));
    const range = options.range ?? (shape[0] === 0 ? [0, 1] : undefined);
    const edges = range === undefined ? edgesAround(numbers, bins) : edgesIn(range, bins);
    const sorted = takenLast(numbers, orderOf(numbers));
    const indicesOf = (some: Sym, right: boolean): Sym => apply('searchSorted', [sorted, some], { right });
    const begins = indicesOf(slice(edges, 0, bins), false);
    const counts = diff(concatenate([begins, indicesOf(slice(edges, bins, 1), true)]));
    return [outcomeOf(counts), outcomeOf(edges)];
  },
);
