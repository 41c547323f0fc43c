import { checkList, expected, integer, knownOptions, mismatch, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { itemAt } from '../base/list.js';
import { type AxisOptions, axisNames } from './axis.js';
import { type Operand, type Outcome, apply, promote, typeOf } from '../core/apply.js';
import { expandDims } from './shape.js';
import { op } from '../core/op.js';

/** One number for the first axis, or a list for the first axes. */
type PerAxis = number | readonly number[];

/**
 * A part of x: `size` places from `start` on, on the first axis or on the first axes of lists; other axes whole.
 * https://keras.io/api/ops/core/
 *
 * @param start 0 or more.
 * @param size -1 is all that follow. On an axis whose size is known only when the program runs, what is beyond its end is left out.
 * @throws EngineError `SHAPE` for more places than axes, and where the part is not within x; `ATTRIBUTE`.
 * @example ops.slice(x, [0, 1], [-1, 2]); // all rows, columns 1 and 2
 */
export const slice = op('slice', <T extends Operand>(x: T, start: PerAxis, size: PerAxis): Outcome<T> => {
  const { shape } = typeOf(x);
  const begin = perAxis('slice', shape, start, () => 0);
  const sizes = perAxis('slice', shape, size, () => -1);
  begin.forEach(
    (from, axis) => integer('slice', 'start', from, 0) + integer('slice', 'size', sizes[axis], -1),
  );
  const end = begin.map((from, axis) => (sizes[axis] === -1 ? Infinity : from + itemAt(sizes, axis)));
  const within = shape.every(
    (n, axis) => n < 0 || (itemAt(begin, axis) <= n && (sizes[axis] === -1 || itemAt(end, axis) <= n)),
  );
  if (!within) {
    throw mismatch(
      'slice',
      `a part of [${shape.join(', ')}]`,
      `${sizes.join(', ')} indices from ${begin.join(', ')}`,
      'SHAPE',
    );
  }
  return apply('slice', [x], { begin, end, strides: begin.map(() => 1) });
});

/**
 * A part of x: from `begin` up to, not including, `end`, every `strides`-th, on the first axis or on the first axes of
 * lists. With negative strides it goes from `begin` down to, not including, `end`, as in Python.
 *
 * @param begin Negative places count from the end. Default the first place, with a negative stride the last.
 * @param end Negative places count from the end. Default all; −Infinity is before the first place.
 * @param strides Not 0. Default 1.
 * @throws EngineError `SHAPE` for more places than axes, or a scalar; `ATTRIBUTE`.
 * @example ops.stridedSlice(x, [0, 1], [-1, 3]); // all rows but the last, columns 1 and 2
 */
export const stridedSlice = op(
  'stridedSlice',
  <T extends Operand>(x: T, begin?: PerAxis, end?: PerAxis, strides?: PerAxis): Outcome<T> => {
    const { shape } = typeOf(x);
    const steps = perAxis('stridedSlice', shape, strides, () => 1);
    const isBack = (axis: number) => itemAt(steps, axis) < 0;
    return apply('slice', [x], {
      begin: perAxis('stridedSlice', shape, begin, (axis) => (isBack(axis) ? Infinity : 0)),
      end: perAxis('stridedSlice', shape, end, (axis) => (isBack(axis) ? -Infinity : Infinity)),
      strides: steps,
    });
  },
);

/** Numbers for all axes of a shape, of a list for the first ones or of one for the first. */
function perAxis(
  op: string,
  shape: Shape,
  indices: PerAxis | undefined,
  fallback: (axis: number) => number,
): number[] {
  const rank = shape.length;
  const list = typeof indices === 'number' ? [indices] : (indices ?? []);
  const given: unknown = list;
  if (!Array.isArray(given))
    throw expected(op, 'a number or a list of numbers for each axis', indices, 'ATTRIBUTE');
  if (list.length > rank) {
    throw wrongShape(op, `at most ${rank} indices for shape [${shape.join(', ')}]`, list);
  }
  return Array.from({ length: rank }, (_, axis) => list[axis] ?? fallback(axis));
}

/**
 * Puts values one after another along an axis (default the first). All other sizes must be the same.
 *
 * @throws EngineError `SHAPE`, `DTYPE`; `ARGUMENT` for an empty list.
 */
export const concatenate = op(
  'concatenate',
  <T extends Operand>(xs: readonly T[], options: AxisOptions = {}): Outcome<T> => {
    knownOptions('concatenate', options, axisNames);
    checkList('concatenate', 'values', xs);
    return promote('concatenate', xs, { axis: options.axis ?? 0 });
  },
);

/** Puts values of one shape along a new axis (default the first), counted in the result. */
export const stack = op(
  'stack',
  <T extends Operand>(xs: readonly T[], options: AxisOptions = {}): Outcome<T> => {
    knownOptions('stack', options, axisNames);
    checkList('stack', 'values', xs);
    const { axis = 0 } = options;
    return concatenate(
      xs.map((x) => expandDims(x, axis)),
      { axis },
    ) as Outcome<T>;
  },
);
