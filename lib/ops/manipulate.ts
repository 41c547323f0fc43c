import {
  type OptionNames,
  axisNumber,
  checkList,
  expected,
  integer,
  integers,
  knownOptions,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import { atLeast, firstOf, itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { type AxisOptions, axesOf, axisNames, axisOf, sizeAlong } from './axis.js';
import { type Unary, asSym, compute, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { broadcastTo, expandDims, reshape, squeeze, transpose } from './shape.js';
import { concatenate, stridedSlice } from './slice.js';
import { copy } from './unary.js';

/** One integer or several. */
type Some = number | readonly number[];

const rankOf = (x: Operand): number => typeOf(x).shape.length;

/** 0, 1, …, n − 1. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The part of x from one place up to another along an axis; the others whole. */
function partOf(x: Operand, axis: number, from: number, to: number): Sym {
  const rank = rankOf(x);
  const at = (place: number, other: number) => upTo(rank).map((i) => (i === axis ? place : other));
  return stridedSlice(asSym(x), at(from, 0), at(to, Infinity));
}

/** x with several axes merged into one, or one cut into several: a reshape of all but at most one unknown axis. */
function reshaped(who: string, x: Operand, shape: readonly number[]): Sym {
  if (shape.filter((n) => n < 0).length > 1)
    throw wrongShape(who, 'at most one unknown dimension', typeOf(x).shape);
  return reshape(asSym(x), shape);
}

/** x as one list of all its numbers. https://keras.io/api/ops/numpy/ */
export const ravel: Unary = op('ravel', <T extends Operand>(x: T): Outcome<T> => reshape(x, [-1]));

/**
 * x with axes at other places; those that are not named keep their order. https://keras.io/api/ops/numpy/
 *
 * @param source One axis or several.
 * @param destination Where they come to, as many.
 * @throws EngineError `ATTRIBUTE` for axes that x does not have, or twice the same; `ARGUMENT` for lists of two lengths.
 * @example ops.moveaxis(x, 0, -1);
 */
export const moveaxis = op(
  'moveaxis',
  <T extends Operand>(x: T, source: Some, destination: Some): Outcome<T> => {
    const rank = rankOf(x);
    const [from, to] = [axesOf('moveaxis', source, rank), axesOf('moveaxis', destination, rank)];
    if (from.length !== to.length)
      throw expected('moveaxis', `as many indices as axes, ${from.length}`, destination);
    const rest = upTo(rank).filter((axis) => !from.includes(axis));
    const perm = upTo(rank).map((place) => {
      const moved = to.indexOf(place);
      return moved < 0 ? (rest.shift() as number) : itemAt(from, moved);
    });
    return transpose(x, perm);
  },
);

/** x with two axes in each other's place. https://keras.io/api/ops/numpy/ @throws EngineError `ATTRIBUTE` for an axis that x does not have. */
export const swapaxes = op(
  'swapaxes',
  <T extends Operand>(x: T, axis1: number, axis2: number): Outcome<T> => {
    const rank = rankOf(x);
    const perm = upTo(rank);
    const [a, b] = [axisOf('swapaxes', axis1, rank), axisOf('swapaxes', axis2, rank)];
    [perm[a], perm[b]] = [b, a];
    return transpose(x, perm);
  },
);

/** What `ops.flip` takes. */
export interface FlipOptions {
  /** One axis or several. Default all. */
  axis?: Some;
}

const flipNames = { axis: 'optional' } satisfies OptionNames<FlipOptions>;

const flipped = (who: string, x: Operand, axes: readonly number[]): Sym =>
  axes.reduce(
    (y, axis) => {
      const indices = upTo(sizeAlong(who, typeOf(y).shape, axis)).reverse();
      return gather(y, indices, { axis });
    },
    copy(asSym(x)),
  );

/**
 * x with the numbers in the opposite order along axes. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all.
 * @throws EngineError `SHAPE` where the size along an axis is not known; `ATTRIBUTE` for an axis that x does not have.
 */
export const flip = op('flip', <T extends Operand>(x: T, options: FlipOptions = {}): Outcome<T> => {
  knownOptions('flip', options, flipNames);
  return outcomeOf(flipped('flip', x, axesOf('flip', options.axis, rankOf(x))));
});

/** {@link flip} along the second axis: columns from right to left. @throws EngineError `ATTRIBUTE` for less than two axes. */
export const fliplr: Unary = op('fliplr', <T extends Operand>(x: T): Outcome<T> =>
  outcomeOf(flipped('fliplr', x, [axisOf('fliplr', 1, rankOf(x))])),
);

/** {@link flip} along the first axis: rows from the last to the first. @throws EngineError `ATTRIBUTE` for a scalar. */
export const flipud: Unary = op('flipud', <T extends Operand>(x: T): Outcome<T> =>
  outcomeOf(flipped('flipud', x, [axisOf('flipud', 0, rankOf(x))])),
);

/** What `ops.rot90` takes. */
export interface Rot90Options {
  /** How many quarters of a turn, from the first axis towards the second. Default 1. */
  k?: number;
  /** The two axes of the plane. Default [0, 1]. */
  axes?: readonly [first: number, second: number];
}

const rot90Names = { k: 'optional', axes: 'optional' } satisfies OptionNames<Rot90Options>;

/**
 * x turned by quarters in the plane of two axes. https://keras.io/api/ops/numpy/
 *
 * @param options `k`: how many quarters, default 1. `axes`: the plane, default [0, 1].
 * @throws EngineError `ATTRIBUTE` for axes that x does not have; `SHAPE` where the size along one is not known.
 */
export const rot90 = op('rot90', <T extends Operand>(array: T, options: Rot90Options = {}): Outcome<T> => {
  knownOptions('rot90', options, rot90Names);
  const k = integer('rot90', 'k', options.k ?? 1, -Infinity);
  const axes = axesOf('rot90', options.axes ?? [0, 1], rankOf(array));
  if (axes.length !== 2) throw expected('rot90', 'two axes', options.axes, 'ATTRIBUTE');
  const [a, b] = atLeast(axes, 2);
  switch (((k % 4) + 4) % 4) {
    case 0:
      return copy(array);
    case 1:
      return outcomeOf(swapaxes(flipped('rot90', array, [b]), a, b));
    case 2:
      return outcomeOf(flipped('rot90', array, [a, b]));
    default:
      return outcomeOf(flipped('rot90', swapaxes(asSym(array), a, b), [b]));
  }
});

/**
 * x moved along axes; what leaves at one end comes in at the other. https://keras.io/api/ops/numpy/
 *
 * @param shift By how many places, negative ones to the front; a list for each axis of a list.
 * @param options `axis`: one or several; by default x counts as one list of all its numbers.
 * @throws EngineError `SHAPE` where the size along an axis is not known; `ATTRIBUTE`; `ARGUMENT` for more shifts than axes.
 * @example ops.roll([1, 2, 3, 4], 1); // [4, 1, 2, 3]
 */
export const roll = op(
  'roll',
  <T extends Operand>(x: T, shift: Some, options: FlipOptions = {}): Outcome<T> => {
    knownOptions('roll', options, flipNames);
    const { shape } = typeOf(x);
    const shifts = integers('roll', 'shift', shift);
    if (options.axis === undefined) {
      const total = shifts.reduce((a, b) => a + b, 0);
      return outcomeOf(reshaped('roll', rolled('roll', ravel(asSym(x)), [[0, total]]), shape));
    }
    const axes = integers('roll', 'axis', options.axis).map((axis) => axisOf('roll', axis, shape.length));
    if (shifts.length !== axes.length && shifts.length !== 1 && axes.length !== 1)
      throw expected('roll', `one shift, or ${axes.length} as there are axes`, shift);
    const count = Math.max(shifts.length, axes.length);
    const pairs = upTo(count).map((i): [number, number] => [
      itemAt(axes, axes.length === 1 ? 0 : i),
      itemAt(shifts, shifts.length === 1 ? 0 : i),
    ]);
    return outcomeOf(rolled('roll', x, pairs));
  },
);

const rolled = (who: string, x: Operand, pairs: readonly (readonly [axis: number, shift: number])[]): Sym =>
  pairs.reduce(
    (y, [axis, shift]) => {
      const size = sizeAlong(who, typeOf(y).shape, axis);
      const by = size === 0 ? 0 : ((shift % size) + size) % size;
      if (by === 0) return y;
      return concatenate([partOf(y, axis, size - by, size), partOf(y, axis, 0, size - by)], { axis });
    },
    copy(asSym(x)),
  );

/**
 * Each number several times, one after the other. https://keras.io/api/ops/numpy/
 *
 * @param repeats How many times, 0 or more; or a list with a number for each place along the axis.
 * @param options `axis`: by default x counts as one list of all its numbers.
 * @throws EngineError `ARGUMENT` for other repeats; `SHAPE` where the size along the axis is not known and a list came.
 * @example ops.repeat([1, 2], 2); // [1, 1, 2, 2]
 */
export const repeat = op(
  'repeat',
  <T extends Operand>(x: T, repeats: Some, options: AxisOptions = {}): Outcome<T> => {
    knownOptions('repeat', options, axisNames);
    const all = options.axis === undefined;
    const y = all ? ravel(asSym(x)) : asSym(x);
    const { shape } = typeOf(y);
    const axis = all ? 0 : axisOf('repeat', axisNumber('repeat', options.axis), shape.length);
    const times = integers('repeat', 'repeats', repeats);
    for (const n of times) integer('repeat', 'repeats', n, 0);
    if (times.length === 1) {
      const wider = [...shape.slice(0, axis + 1), firstOf(times), ...shape.slice(axis + 1)];
      const merged = itemAt(shape, axis) < 0 ? -1 : itemAt(shape, axis) * firstOf(times);
      const copies = broadcastTo(expandDims(y, axis + 1), wider);
      return outcomeOf(
        reshaped(
          'repeat',
          copies,
          shape.map((n, i) => (i === axis ? merged : n)),
        ),
      );
    }
    const size = sizeAlong('repeat', shape, axis);
    if (times.length !== size)
      throw expected('repeat', `one number, or ${size} as there are indices along axis ${axis}`, repeats);
    const indices = times.flatMap((n, i) => Array<number>(n).fill(i));
    return outcomeOf(gather(y, indices, { axis }));
  },
);

/**
 * x several times along each axis, one after the other. https://keras.io/api/ops/numpy/
 *
 * @param repeats How many times along each axis, counted from the last one: x or the list is given leading axes where it has fewer.
 * @throws EngineError `ARGUMENT` for repeats below 0; `SHAPE` for more than one unknown size.
 * @example ops.tile([[1, 2]], [2, 2]); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export const tile = op('tile', <T extends Operand>(x: T, repeats: Some): Outcome<T> => {
  const given = integers('tile', 'repeats', repeats);
  for (const n of given) integer('tile', 'repeats', n, 0);
  const { shape } = typeOf(x);
  const rank = Math.max(shape.length, given.length);
  const filled = (list: readonly number[]) => [...Array<number>(rank - list.length).fill(1), ...list];
  const [sizes, times] = [filled(shape), filled(given)];
  // An axis for the copies before each axis: of the two one is always known.
  const apart = sizes.flatMap((n) => [1, n]);
  const copied = sizes.flatMap((n, i) => [itemAt(times, i), n]);
  const copies = broadcastTo(reshaped('tile', x, apart), copied);
  return outcomeOf(
    reshaped(
      'tile',
      copies,
      sizes.map((n, i) => (n < 0 ? -1 : n * itemAt(times, i))),
    ),
  );
});

/** Each of a list with at least so many axes. */
function raised(who: string, xs: readonly Operand[], raise: (x: Sym) => Sym): Sym[] {
  checkList(who, 'values', xs);
  return xs.map((x) => raise(asSym(x)));
}

/** Values side by side: along the second axis, or, of rank 1, along the first. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE`. */
export const hstack = op('hstack', <T extends Operand>(xs: readonly T[]): Outcome<T> => {
  const lines = raised('hstack', xs, (x) => (rankOf(x) === 0 ? reshape(x, [1]) : x));
  return outcomeOf(concatenate(lines, { axis: lines.every((x) => rankOf(x) === 1) ? 0 : 1 }));
});

/** Values one below the other: along the first axis; those of rank 1 are rows. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE`. */
export const vstack = op('vstack', <T extends Operand>(xs: readonly T[]): Outcome<T> =>
  outcomeOf(concatenate(raised('vstack', xs, (x) => (rankOf(x) < 2 ? reshape(x, [1, -1]) : x)))),
);

/** Values one after the other: along the third axis, which those of lower rank are given. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE`. */
export const dstack = op('dstack', <T extends Operand>(xs: readonly T[]): Outcome<T> => {
  const deep = (x: Sym) => {
    const row = rankOf(x) < 2 ? reshape(x, [1, -1]) : x;
    return rankOf(row) === 2 ? expandDims(row, 2) : row;
  };
  return outcomeOf(concatenate(raised('dstack', xs, deep), { axis: 2 }));
});

/**
 * x2 after x1 along an axis. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: by default both count as lists of all their numbers.
 * @throws EngineError `SHAPE` where the other sizes differ.
 */
export const append = op(
  'append',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: AxisOptions = {}): Outcome<A | B> => {
    knownOptions('append', options, axisNames);
    const both = [asSym(x1), asSym(x2)];
    return outcomeOf(
      options.axis === undefined ? concatenate(both.map((x) => ravel(x))) : concatenate(both, options),
    );
  },
);

/** The parts of x between places along an axis. */
const between = <T extends Operand>(
  x: T,
  axis: number,
  indices: readonly number[],
  size: number,
): Outcome<T>[] =>
  [0, ...indices].map((from, i) => {
    // As Python's slices: negative places count from the end, and an end before the begin gives nothing.
    const at = (place: number) => Math.min(Math.max(place < 0 ? place + size : place, 0), size);
    const [begin, end] = [at(from), i < indices.length ? at(itemAt(indices, i)) : size];
    return outcomeOf(partOf(x, axis, begin, Math.max(begin, end)));
  });

function parts<T extends Operand>(
  who: string,
  x: T,
  indicesOrSections: Some,
  axis: number,
  uneven: boolean,
): Outcome<T>[] {
  const { shape } = typeOf(x);
  const along = axisOf(who, axis, shape.length);
  const size = sizeAlong(who, shape, along);
  if (typeof indicesOrSections !== 'number')
    return between(x, along, integers(who, 'indicesOrSections', indicesOrSections), size);
  const count = integer(who, 'indicesOrSections', indicesOrSections);
  if (!uneven && size % count !== 0)
    throw wrongShape(who, `a size along axis ${along} that ${count} parts divide`, shape);
  const [least, larger] = [Math.floor(size / count), size % count];
  const indices = upTo(count - 1).map((i) => (i + 1) * least + Math.min(i + 1, larger));
  return between(x, along, indices, size);
}

/**
 * Cuts x into parts along an axis (default the first). https://keras.io/api/ops/numpy/
 *
 * @param indicesOrSections How many equal parts, or the places where further parts begin.
 * @throws EngineError `SHAPE` where the size along the axis is not known, or cannot be divided; `ATTRIBUTE` for a wrong axis.
 * @example ops.split([1, 2, 3, 4], 2); // [1, 2] and [3, 4]
 */
export const split = op(
  'split',
  <T extends Operand>(x: T, indicesOrSections: Some, options: AxisOptions = {}): Outcome<T>[] => {
    knownOptions('split', options, axisNames);
    return parts('split', x, indicesOrSections, options.axis ?? 0, false);
  },
);

/** As {@link split}, but the first parts are one longer where the size cannot be divided. https://keras.io/api/ops/numpy/ */
export const arraySplit = op(
  'arraySplit',
  <T extends Operand>(x: T, indicesOrSections: Some, options: AxisOptions = {}): Outcome<T>[] => {
    knownOptions('arraySplit', options, axisNames);
    return parts('arraySplit', x, indicesOrSections, options.axis ?? 0, true);
  },
);

/** {@link split} along the second axis, or, of rank 1, along the first. https://keras.io/api/ops/numpy/ */
export const hsplit = op('hsplit', <T extends Operand>(x: T, indicesOrSections: Some): Outcome<T>[] =>
  parts('hsplit', x, indicesOrSections, rankOf(x) === 1 ? 0 : 1, false),
);

/** {@link split} along the first axis. https://keras.io/api/ops/numpy/ */
export const vsplit = op('vsplit', <T extends Operand>(x: T, indicesOrSections: Some): Outcome<T>[] =>
  parts('vsplit', x, indicesOrSections, 0, false),
);

/** {@link split} along the third axis. https://keras.io/api/ops/numpy/ */
export const dsplit = op('dsplit', <T extends Operand>(x: T, indicesOrSections: Some): Outcome<T>[] =>
  parts('dsplit', x, indicesOrSections, 2, false),
);

/** What `ops.unstack` takes. */
export interface UnstackOptions {
  /** Along which axis. Default 0. */
  axis?: number;
  /** How many there are: the size along the axis, of which it is only a check. */
  num?: number;
}

const unstackNames = { axis: 'optional', num: 'optional' } satisfies OptionNames<UnstackOptions>;

/**
 * The places along an axis (default the first) as values without it: what {@link stack} put together. https://keras.io/api/ops/core/
 *
 * @throws EngineError `SHAPE` where the size along the axis is not known, or not `num`; `ATTRIBUTE` for a wrong axis.
 */
export const unstack = op(
  'unstack',
  <T extends Operand>(x: T, options: UnstackOptions = {}): Outcome<T>[] => {
    knownOptions('unstack', options, unstackNames);
    const { shape } = typeOf(x);
    const axis = axisOf('unstack', options.axis ?? 0, shape.length);
    const size = sizeAlong('unstack', shape, axis);
    if (options.num !== undefined && options.num !== size)
      throw wrongShape('unstack', `size ${options.num} along axis ${axis}`, shape);
    return upTo(size).map((i) => outcomeOf(squeeze(partOf(x, axis, i, i + 1), axis)));
  },
);

/** What `ops.meshgrid` takes. */
export interface MeshgridOptions {
  /** Whether the first one's numbers go along the second axis ('xy', columns) or the first ('ij'). Default 'xy'. */
  indexing?: 'xy' | 'ij';
}

const meshgridNames = { indexing: 'optional' } satisfies OptionNames<MeshgridOptions>;

/**
 * The coordinates of a grid: of each list its numbers along one axis, the same along the others. https://keras.io/api/ops/numpy/
 *
 * @param xs Lists (rank 1, or scalars) of known sizes.
 * @returns As many values as lists, all of one shape with an axis for each.
 * @throws EngineError `ARGUMENT` for no list or another indexing; `SHAPE` for other ranks.
 * @example
 *     const [x, y] = ops.meshgrid([[0, 1, 2], [5, 6]]); // x: [[0, 1, 2], [0, 1, 2]], y: [[5, 5, 5], [6, 6, 6]]
 */
export const meshgrid = op(
  'meshgrid',
  <T extends Operand>(xs: readonly T[], options: MeshgridOptions = {}): Outcome<T>[] => {
    knownOptions('meshgrid', options, meshgridNames);
    checkList('meshgrid', 'values', xs);
    const indexing = oneOf('meshgrid', 'indexing', options.indexing ?? 'xy', ['xy', 'ij']);
    const sizes = xs.map((x) => {
      const { shape } = typeOf(x);
      if (shape.length > 1) throw wrongShape('meshgrid', 'lists of rank 1', shape);
      return shape.length === 0 ? 1 : sizeAlong('meshgrid', shape, 0);
    });
    const swapped = indexing === 'xy' && xs.length > 1;
    const axisFor = (i: number) => (swapped && i < 2 ? 1 - i : i);
    const full = upTo(xs.length).map((axis) => itemAt(sizes, axisFor(axis)));
    return xs.map((x, i) =>
      compute(x, (x) =>
        broadcastTo(
          reshape(
            x,
            upTo(xs.length).map((axis) => (axis === axisFor(i) ? itemAt(sizes, i) : 1)),
          ),
          full,
        ),
      ),
    );
  },
);
