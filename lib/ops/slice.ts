import {
  type OptionNames,
  checkList,
  expected,
  integer,
  knownOptions,
  mismatch,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { type AxisOptions, axisNames } from './axis.js';
import { subtract } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { type Operand, type Outcome, apply, promote, typeOf } from '../core/apply.js';
import { sum } from './reduce.js';
import { expandDims } from './shape.js';
import { cast, copy } from './unary.js';
import { op } from '../core/op.js';
import { tensor } from '../core/tensor.js';

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
  const begin = perAxis('slice', shape, start, 0);
  const sizes = perAxis('slice', shape, size, -1);
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
 * lists.
 *
 * @param begin Negative places count from the end.
 * @param end By default the end.
 * @param strides 1 or more. Default 1.
 * @throws EngineError `SHAPE` for more places than axes, or a scalar; `ATTRIBUTE`.
 * @example ops.stridedSlice(x, [0, 1], [-1, 3]); // all rows but the last, columns 1 and 2
 */
export const stridedSlice = op(
  'stridedSlice',
  <T extends Operand>(x: T, begin: PerAxis, end?: PerAxis, strides?: PerAxis): Outcome<T> => {
    const { shape } = typeOf(x);
    return apply('slice', [x], {
      begin: perAxis('stridedSlice', shape, begin, 0),
      end: perAxis('stridedSlice', shape, end, Infinity),
      strides: perAxis('stridedSlice', shape, strides, 1),
    });
  },
);

/** Numbers for all axes of a shape, of a list for the first ones or of one for the first. */
function perAxis(op: string, shape: Shape, indices: PerAxis | undefined, fallback: number): number[] {
  const rank = shape.length;
  const list = typeof indices === 'number' ? [indices] : (indices ?? []);
  const given: unknown = list;
  if (!Array.isArray(given))
    throw expected(op, 'a number or a list of numbers for each axis', indices, 'ATTRIBUTE');
  if (list.length > rank) {
    throw wrongShape(op, `at most ${rank} indices for shape [${shape.join(', ')}]`, list);
  }
  return Array.from({ length: rank }, (_, axis) => list[axis] ?? fallback);
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

/** What `ops.pad` takes. */
export interface PadOptions {
  /**
   * What is put around x: 'constant' numbers, 'edge' the last number, 'reflect' x as in a mirror on the last number, 'symmetric' as in a mirror
   * after it. Default 'constant'.
   */
  mode?: 'constant' | 'edge' | 'reflect' | 'symmetric';
  /** What is put around x with 'constant'. Default 0. */
  constantValues?: number;
}

const padNames = { mode: 'optional', constantValues: 'optional' } satisfies OptionNames<PadOptions>;

/** Which place of an axis of n stands for a place that may be outside of it. */
const MIRRORS = {
  edge: (at: number, n: number) => Math.min(Math.max(at, 0), n - 1),
  reflect: (at: number, n: number) => (n === 1 ? 0 : folded(at, 2 * n - 2, (place) => 2 * n - 2 - place, n)),
  symmetric: (at: number, n: number) => folded(at, 2 * n, (place) => 2 * n - 1 - place, n),
};

function folded(at: number, period: number, back: (place: number) => number, n: number): number {
  const place = ((at % period) + period) % period;
  return place < n ? place : back(place);
}

/** Which places from an end the numbers before it or after it copy, along an axis that is long enough. */
const FROM_END = {
  edge: () => 0,
  reflect: (i: number) => i + 1,
  symmetric: (i: number) => i,
};

/** x with numbers around along an axis whose size is known only when the program runs: a mirror has to lie within it. */
function mirroredOpen(
  x: Sym,
  axis: number,
  [before, after]: readonly [number, number],
  mode: keyof typeof FROM_END,
): Sym {
  const places = (count: number) => Int32Array.from({ length: count }, (_, i) => FROM_END[mode](i));
  const others = [...x.shape.keys()].filter((i) => i !== axis);
  const column = others.length > 0 ? sum(cast(x, 'float32'), { axis: others }) : cast(x, 'float32');
  const last = subtract(sum(apply<number | Sym>('broadcastLike', [1, column])), 1);
  const ends = cast(subtract(last, tensor(places(after))), 'int32');
  return concatenate<Sym>(
    [
      ...(before > 0 ? [gather(x, tensor(places(before).reverse()), { axis })] : []),
      x,
      ...(after > 0 ? [gather(x, ends, { axis })] : []),
    ],
    { axis },
  );
}

/**
 * Puts numbers around x. https://keras.io/api/ops/numpy/
 *
 * @param x Float32; with the modes that copy numbers any dtype.
 * @param padWidth For each axis, how many before and after.
 * @param options `mode`: what is put there, default 'constant'. `constantValues`: default 0.
 * @throws EngineError `ATTRIBUTE` for other paddings; `ARGUMENT` for another mode, or constantValues with one; `SHAPE` where numbers are to be
 *   copied along an axis that has none; (when read) where an axis whose size is known only then is too short for a mirror.
 * @example ops.pad([1, 2, 3], [[2, 0]], { mode: 'reflect' }); // [3, 2, 1, 2, 3]
 */
export const pad = op(
  'pad',
  <T extends Operand>(
    x: T,
    padWidth: readonly (readonly [before: number, after: number])[],
    options: PadOptions = {},
  ): Outcome<T> => {
    knownOptions('pad', options, padNames);
    checkList('pad', 'pairs [before, after] as paddings', padWidth);
    const { mode = 'constant', constantValues } = options;
    oneOf('pad', 'mode', mode, ['constant', 'edge', 'reflect', 'symmetric']);
    if (mode === 'constant')
      return apply('pad', [x], { paddings: padWidth.flat(), value: constantValues ?? 0 });
    if (constantValues !== undefined)
      throw expected('pad', `no constantValues with mode '${mode}'`, constantValues);
    const { shape } = typeOf(x);
    if (padWidth.length !== shape.length)
      throw expected('pad', `a pair [before, after] for each of ${shape.length} axes`, padWidth, 'ATTRIBUTE');
    return outcomeOf(
      padWidth.reduce(
        (y, [before, after], axis) => {
          for (const n of [before, after]) integer('pad', 'padWidth', n, 0);
          if (before + after === 0) return y;
          const size = itemAt(shape, axis);
          if (size < 0) return mirroredOpen(y, axis, [before, after], mode);
          if (size === 0) throw wrongShape('pad', `numbers to copy along axis ${axis}`, shape);
          const indices = Int32Array.from({ length: before + size + after }, (_, i) =>
            MIRRORS[mode](i - before, size),
          );
          return gather(y, tensor(indices), { axis });
        },
        copy(asSym(x)),
      ),
    );
  },
);
