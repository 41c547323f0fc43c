import { type OptionNames, integer, knownOptions, wrongShape } from '../base/checks.js';
import { type Operand, type Outcome, apply, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { greaterEqual, less, logicalOr, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { largestOf } from './largestOf.js';
import { rowSums } from './rowSums.js';
import { reshape } from './shape.js';
import { stridedSlice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast } from './unary.js';

/** What `ops.segmentSum` and its relatives take. */
export interface SegmentOptions {
  /** How many segments there are. Inside compiled functions and models it has to be given. Default the largest id and one. */
  numSegments?: number;
  /** Whether the ids are in order; makes no difference here. Default false. */
  sorted?: boolean;
}

const segmentNames = { numSegments: 'optional', sorted: 'boolean' } satisfies OptionNames<SegmentOptions>;

/** The rows with a segment each, and how many segments there are. The segment after the last one takes rows whose id is out of range. */
interface Segments {
  readonly rows: Sym;
  readonly ids: Sym;
  readonly count: number;
}

function segmentsOf(who: string, data: Operand, ids: Operand, options: SegmentOptions): Segments {
  knownOptions(who, options, segmentNames);
  const given = indexOperand(ids);
  const [{ shape }, { shape: own }] = [typeOf(data), typeOf(given)];
  const fits = own.every((n, i) => i < shape.length && (n < 0 || (shape[i] ?? -1) < 0 || n === shape[i]));
  if (own.length === 0 || !fits)
    throw wrongShape(who, `segment ids of the first sizes of [${shape.join(', ')}]`, own);
  const count = integer(
    who,
    'numSegments',
    options.numSegments ?? largestOf(who, 'numSegments', given) + 1,
    0,
  );
  const list = reshape(cast(asSym(given), 'int32'), [-1]);
  const outside = logicalOr(less(list, 0), greaterEqual(list, count));
  const rows = own.length === 1 ? asSym(data) : reshape(asSym(data), [-1, ...shape.slice(own.length)]);
  return { rows, ids: where(outside, count, list), count };
}

/** An op whose result for all segments, one more than there are, is made of float32 or int32 rows. */
const overSegments = (name: string, reduce: (segments: Segments) => Sym) =>
  op(
    name,
    <D extends Operand, I extends Operand>(
      data: D,
      segmentIds: I,
      options: SegmentOptions = {},
    ): Outcome<D | I> => {
      const segments = segmentsOf(name, data, segmentIds, options);
      const made = stridedSlice(reduce(segments), 0, segments.count);
      const { dtype } = typeOf(data);
      return outcomeOf(typeOf(made).dtype === dtype ? made : cast(made, dtype));
    },
  );

/** What the engine has for it, by name. */
const engineOp = (name: string) =>
  overSegments(name, ({ rows, ids, count }) => {
    const numbers = typeOf(rows).dtype === 'float32' ? rows : cast(rows, 'int32');
    // Plain numbers do not follow the ids' dtype.
    const { dtype } = typeOf(numbers);
    return apply(name, [numbers, ids], { segments: count + 1 }, dtype);
  });

/**
 * The sums of the rows of each segment; zeros for a segment without rows. Rows with an id out of range are left out. https://keras.io/api/ops/math/
 *
 * @param data [rows, …]; sums of whole numbers are exact up to 2²⁴.
 * @param segmentIds int32 [rows], or of several of the first sizes of the data.
 * @param options `numSegments`: default the largest id and one. `sorted`: whether ids are in order, default false.
 * @returns [numSegments, …].
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` where the ids are symbolic and numSegments is missing.
 * @example ops.segmentSum([1, 2, 3], [0, 0, 1]); // [3, 3]
 */
export const segmentSum = overSegments('segmentSum', ({ rows, ids, count }) =>
  rowSums(toFloat32(rows), ids, count + 1),
);

/** The largest numbers of the rows of each segment, as {@link segmentSum}; of no rows −∞, of whole numbers the smallest that there is. */
export const segmentMax = engineOp('segmentMax');
/** The smallest numbers of the rows of each segment, as {@link segmentSum}; of no rows ∞, of whole numbers the largest that there is. */
export const segmentMin = engineOp('segmentMin');
/** The products of the rows of each segment, as {@link segmentSum}; 1 of no rows. */
export const segmentProd = engineOp('segmentProd');
