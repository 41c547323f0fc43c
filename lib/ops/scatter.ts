import { type OptionNames, knownOptions, oneOf, shapeOf, wrongShape } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { sizeAlong } from './axis.js';
import { add, greaterEqual, maximum, minimum, multiply, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { counted } from './alongAxis.js';
import { positions } from './positions.js';
import { rowSums } from './rowSums.js';
import { segmentMax, segmentMin, segmentProd, segmentSum } from './segments.js';
import { reshape, squeeze } from './shape.js';
import { stridedSlice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast, copy } from './unary.js';

/**
 * Indices of several axes as places in the list of all rows of a shape.
 *
 * @param indices int32 [..., axes].
 */
function flatIndices(who: string, indices: Operand, shape: readonly number[]): Sym {
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
    const flat = flatIndices('scatter', indices, sizes);
    const axes = typeOf(indexOperand(indices)).shape.at(-1) as number;
    const row = sizes.slice(axes);
    const rows = reshape(toFloat32(asSym(values)), [-1, ...row]);
    const sums = reshape(rowSums(rows, flat, sizeOf(sizes.slice(0, axes))), sizes);
    const { dtype } = typeOf(values);
    return outcomeOf(dtype === 'float32' ? sums : cast(sums, dtype));
  },
);

/** What `ops.scatterUpdate` takes. */
export interface ScatterUpdateOptions {
  /** What an update does to the number that is there: 'add', 'max', 'min' or 'mul'. By default it takes its place, the last one of several. */
  reduction?: 'add' | 'max' | 'min' | 'mul';
}

const scatterUpdateNames = { reduction: 'optional' } satisfies OptionNames<ScatterUpdateOptions>;

/**
 * Inputs with updates at places. https://keras.io/api/ops/core/
 *
 * @param inputs Any dtype, of known sizes along the first k axes.
 * @param indices int32 [..., k]: places on the first k axes, negative ones from the end.
 * @param updates [..., rest of the inputs' shape]; they become of the inputs' dtype.
 * @param options `reduction`: what updates do to the numbers there. Default: the last update of a place takes it.
 * @returns Of the inputs' shape and dtype.
 * @throws EngineError `SHAPE` where the three do not fit; `ARGUMENT` for another reduction, and (when read) for an index out of range.
 * @example ops.scatterUpdate([1, 2, 3], [[0], [2]], [7, 8]); // [7, 2, 8]
 */
export const scatterUpdate = op(
  'scatterUpdate',
  <X extends Operand, I extends Operand, U extends Operand>(
    inputs: X,
    indices: I,
    updates: U,
    options: ScatterUpdateOptions = {},
  ): Outcome<X | I | U> => {
    const who = 'scatterUpdate';
    knownOptions(who, options, scatterUpdateNames);
    const { reduction } = options;
    if (reduction !== undefined) oneOf(who, 'reduction', reduction, ['add', 'max', 'min', 'mul']);
    const { dtype, shape } = typeOf(inputs);
    const axes = typeOf(indexOperand(indices)).shape.at(-1) ?? 0;
    for (let axis = 0; axis < Math.min(axes, shape.length); axis++) sizeAlong(who, shape, axis);
    const flat = flatIndices(who, indices, shape);
    const [own, count] = [shape.slice(axes), sizeOf(shape.slice(0, axes))];
    const computed = dtype === 'float32' ? dtype : 'int32';
    const rowsOf = (x: Operand, n: number) => reshape(cast(asSym(x), computed), [n, ...own]);
    const [rows, given] = [rowsOf(inputs, count), rowsOf(updates, -1)];
    const made = updated(rows, given, flat, reduction);
    const whole = reshape(made, shape);
    return outcomeOf(dtype === computed ? whole : cast(whole, dtype));
  },
);

function updated(rows: Sym, updates: Sym, ids: Sym, reduction: ScatterUpdateOptions['reduction']): Sym {
  const { shape } = typeOf(rows);
  const numSegments = itemAt(shape, 0);
  switch (reduction) {
    case 'add':
      return add(rows, segmentSum(updates, ids, { numSegments }));
    case 'max':
      return maximum(rows, segmentMax(updates, ids, { numSegments }));
    case 'min':
      return minimum(rows, segmentMin(updates, ids, { numSegments }));
    case 'mul':
      return multiply(rows, segmentProd(updates, ids, { numSegments }));
    default: {
      if (typeOf(updates).shape[0] === 0) return copy(rows);
      const order = cast(asSym(positions(updates, 0)), 'int32');
      const last = segmentMax(order, ids, { numSegments });
      const isNew = reshape(
        greaterEqual(last, 0),
        shape.map((_, i) => (i === 0 ? -1 : 1)),
      );
      return where(isNew, gather(updates, maximum(last, 0)), rows);
    }
  }
}
