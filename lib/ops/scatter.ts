import { type OptionNames, integer, knownOptions, shapeOf, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { sizeOf, tensor } from '../core/tensor.js';
import { add, greaterEqual, less, logicalOr, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { largestOf } from './largestOf.js';
import { counted } from './places.js';
import { rowSums } from './rowSums.js';
import { reshape, squeeze } from './shape.js';
import { stridedSlice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast } from './unary.js';

/**
 * Indices of several axes as places in the list of all rows of a shape.
 *
 * @param indices int32 [..., axes].
 */
function flatPlaces(who: string, indices: Operand, shape: readonly number[]): Sym {
  const given = asSym(indexOperand(indices));
  const own = typeOf(given).shape;
  const axes = own.at(-1) ?? 0;
  if (axes < 1 || axes > shape.length)
    throw wrongShape(who, `indices with 1 to ${shape.length} numbers along the last axis`, own);
  const list = reshape(given, [-1, axes]);
  const along = shape.slice(0, axes).map((size, axis) => {
    const step = sizeOf(shape.slice(axis + 1, axes));
    // Taken from a list, so that an index out of range is refused on its own axis.
    const steps = tensor(Int32Array.from({ length: size }, (_, i) => i * step));
    const column = squeeze(stridedSlice(list, [0, axis], [Infinity, axis + 1]), 1);
    return gather(asSym(steps), counted(column, size));
  });
  return along.reduce((a, b) => add(a, b));
}

/**
 * Values at places of zeros: where an index occurs several times their values add up. https://keras.io/api/ops/core/
 *
 * @param indices int32 [..., k]: places on the first k axes, negative ones from the end.
 * @param values [..., rest of the shape]; sums of whole numbers are exact up to 2²⁴.
 * @param shape Of the result.
 * @throws EngineError `SHAPE` where the three do not fit; `ARGUMENT` (when read) for an index out of range.
 * @example ops.scatter([[0], [2]], [5, 7], [4]); // [5, 0, 7, 0]
 */
export const scatter = op(
  'scatter',
  <I extends Operand, V extends Operand>(indices: I, values: V, shape: Shape): Outcome<I | V> => {
    const sizes = shapeOf('scatter', shape);
    const places = flatPlaces('scatter', indices, sizes);
    const axes = typeOf(indexOperand(indices)).shape.at(-1) as number;
    const row = sizes.slice(axes);
    const rows = reshape(toFloat32(asSym(values)), [-1, ...row]);
    const sums = reshape(rowSums(rows, places, sizeOf(sizes.slice(0, axes))), sizes);
    const { dtype } = typeOf(values);
    return outcomeOf(dtype === 'float32' ? sums : cast<Operand>(sums, dtype));
  },
);

/** What `ops.segmentSum` takes. */
export interface SegmentOptions {
  /** How many segments there are. Inside compiled functions and models it has to be given. Default the largest id and one. */
  numSegments?: number;
  /** Whether the ids are in order; makes no difference here. Default false. */
  sorted?: boolean;
}

const segmentNames = { numSegments: 'optional', sorted: 'boolean' } satisfies OptionNames<SegmentOptions>;

/** The ids of segments, those out of range as the number of segments, and that number. */
function segmentsOf(who: string, ids: Operand, options: SegmentOptions): { segments: Sym; count: number } {
  knownOptions(who, options, segmentNames);
  const given = indexOperand(ids);
  const { shape } = typeOf(given);
  if (shape.length !== 1) throw wrongShape(who, 'segment ids of rank 1', shape);
  const count = integer(
    who,
    'numSegments',
    options.numSegments ?? largestOf(who, 'numSegments', given) + 1,
    0,
  );
  const list = cast(asSym(given), 'int32');
  const outside = logicalOr(less(list, 0), greaterEqual(list, count));
  return { segments: where(outside, count, list), count };
}

/**
 * The sums of the rows of each segment; zeros for a segment without rows. Rows with an id out of range are left out. https://keras.io/api/ops/math/
 *
 * @param data [rows, …]; sums of whole numbers are exact up to 2²⁴.
 * @param segmentIds int32 [rows].
 * @param options `numSegments`: default the largest id and one. `sorted`: whether ids are in order, default false.
 * @returns [numSegments, …].
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` where the ids are symbolic and numSegments is missing.
 */
export const segmentSum = op(
  'segmentSum',
  <D extends Operand, I extends Operand>(
    data: D,
    segmentIds: I,
    options: SegmentOptions = {},
  ): Outcome<D | I> => {
    const { segments, count } = segmentsOf('segmentSum', segmentIds, options);
    const sums = stridedSlice(rowSums(toFloat32(asSym(data)), segments, count + 1), 0, count);
    const { dtype } = typeOf(data);
    return outcomeOf(dtype === 'float32' ? sums : cast(sums, dtype));
  },
);
