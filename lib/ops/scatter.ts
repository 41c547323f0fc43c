import { type OptionNames, knownOptions, oneOf, shapeOf, wrongShape } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import { type Operand, type Outcome, apply, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { add, greaterEqual, maximum, minimum, multiply, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { counted } from './alongAxis.js';
import { lengthAlong } from './lengthAlong.js';
import { places } from './positions.js';
import { rowSums } from './rowSums.js';
import { reshape, squeeze } from './shape.js';
import { partOf } from './partOf.js';
import { toFloat32 } from './toFloat32.js';
import { cast, copy } from './unary.js';

/**
 * Indices of several axes as places in the list of all rows of a shape.
 *
 * @param indices int32 [..., axes].
 * @param length The size of each axis.
 * @param along 0, 1, 2, … along an axis, int32.
 */
function flatIndices(
  who: string,
  indices: Operand,
  shape: readonly number[],
  length: (axis: number) => number | Sym,
  along: (axis: number) => Sym,
): Sym {
  const given = asSym(indexOperand(indices));
  const own = typeOf(given).shape;
  const axes = own.at(-1) ?? 0;
  if (axes < 1 || axes > shape.length)
    throw wrongShape(who, `indices with 1 to ${shape.length} numbers along the last axis`, own);
  const list = reshape(given, [-1, axes]);
  let steps: number | Sym = 1;
  const places: Sym[] = [];
  for (let axis = axes - 1; axis >= 0; axis--) {
    const column = squeeze(partOf(list, 1, axis, axis + 1), 1);
    // Taken from a list, so that an index out of range is refused on its own axis.
    places.push(gather(multiply(along(axis), steps), counted(column, length(axis))));
    const size = length(axis);
    steps =
      typeof size === 'number' && typeof steps === 'number'
        ? size * steps
        : multiply(asSym(size), asSym(steps));
  }
  return places.reduce((a, b) => add(a, b));
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
    const flat = flatIndices(
      'scatter',
      indices,
      sizes,
      (axis) => itemAt(sizes, axis),
      (axis) => asSym(tensor(Int32Array.from({ length: itemAt(sizes, axis) }, (_, i) => i))),
    );
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
 * @param inputs Any dtype.
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
    const flat = flatIndices(
      who,
      indices,
      shape,
      (axis) => lengthAlong(inputs, axis),
      (axis) => places(inputs, axis),
    );
    const axes = typeOf(indexOperand(indices)).shape.at(-1) as number;
    const row = shape.slice(axes);
    const computed = dtype === 'float32' ? dtype : 'int32';
    const rowsOf = (x: Operand) => reshape(cast(asSym(x), computed), [-1, ...row]);
    const made = updated(rowsOf(inputs), rowsOf(updates), flat, reduction);
    const whole = apply('reshapeLike', [made, inputs], {}, computed);
    return outcomeOf(dtype === computed ? whole : cast(whole, dtype));
  },
);

function updated(rows: Sym, updates: Sym, ids: Sym, reduction: ScatterUpdateOptions['reduction']): Sym {
  const { shape, dtype } = typeOf(rows);
  // Of the rows only their number is read.
  const segments = (name: string, values: Sym) => apply(name, [values, ids, rows]);
  switch (reduction) {
    case 'add': {
      const sums = rowSums(toFloat32(updates), ids, toFloat32(rows));
      return add(rows, dtype === 'float32' ? sums : cast(sums, dtype));
    }
    case 'max':
      return maximum(rows, segments('segmentMax', updates));
    case 'min':
      return minimum(rows, segments('segmentMin', updates));
    case 'mul':
      return multiply(rows, segments('segmentProd', updates));
    default: {
      if (typeOf(updates).shape[0] === 0) return copy(rows);
      const order = places(updates, 0);
      const last = segments('segmentMax', order);
      const isNew = reshape(
        greaterEqual(last, 0),
        shape.map((_, i) => (i === 0 ? -1 : 1)),
      );
      return where(isNew, gather(updates, maximum(last, 0)), rows);
    }
  }
}
