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
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { type AxisOptions, axesOf, axisNames, axisOf } from './axis.js';
import { add, subtract } from './binary.js';
import { type Unary, asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { lengthAlong } from './lengthAlong.js';
import { mod } from './integers.js';
import { places } from './positions.js';
import { type Size, resized, sizedAs } from './resized.js';
import { broadcastTo, expandDims, reshape, transpose } from './shape.js';
import { partOf } from './partOf.js';
import { concatenate, stridedSlice } from './slice.js';
import { cast, copy } from './unary.js';

/** One integer or several. */
type Some = number | readonly number[];

const rankOf = (x: Operand): number => typeOf(x).shape.length;

/** 0, 1, …, n − 1. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

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

function flipped(x: Operand, axes: readonly number[]): Sym {
  if (axes.length === 0) return copy(asSym(x));
  const steps = upTo(rankOf(x)).map((axis) => (axes.includes(axis) ? -1 : 1));
  return stridedSlice(asSym(x), undefined, undefined, steps);
}

/**
 * x with the numbers in the opposite order along axes. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have.
 */
export const flip = op('flip', <T extends Operand>(x: T, options: FlipOptions = {}): Outcome<T> => {
  knownOptions('flip', options, flipNames);
  return outcomeOf(flipped(x, axesOf('flip', options.axis, rankOf(x))));
});

/** {@link flip} along the second axis: columns from right to left. @throws EngineError `ATTRIBUTE` for less than two axes. */
export const fliplr: Unary = op('fliplr', <T extends Operand>(x: T): Outcome<T> =>
  outcomeOf(flipped(x, [axisOf('fliplr', 1, rankOf(x))])),
);

/** {@link flip} along the first axis: rows from the last to the first. @throws EngineError `ATTRIBUTE` for a scalar. */
export const flipud: Unary = op('flipud', <T extends Operand>(x: T): Outcome<T> =>
  outcomeOf(flipped(x, [axisOf('flipud', 0, rankOf(x))])),
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
 * @throws EngineError `ATTRIBUTE` for axes that x does not have.
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
      return outcomeOf(swapaxes(flipped(array, [b]), a, b));
    case 2:
      return outcomeOf(flipped(array, [a, b]));
    default:
      return outcomeOf(flipped(swapaxes(asSym(array), a, b), [b]));
  }
});

/**
 * x moved along axes; what leaves at one end comes in at the other. https://keras.io/api/ops/numpy/
 *
 * @param shift By how many places, negative ones to the front; a list for each axis of a list.
 * @param options `axis`: one or several; by default x counts as one list of all its numbers.
 * @throws EngineError `ATTRIBUTE` for an axis that x does not have; `ARGUMENT` for more shifts than axes.
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
      const list = rolled(ravel(asSym(x)), [[0, total]]);
      return outcomeOf(apply('reshapeLike', [list, x], {}, typeOf(list).dtype));
    }
    const axes = integers('roll', 'axis', options.axis).map((axis) => axisOf('roll', axis, shape.length));
    if (shifts.length !== axes.length && shifts.length !== 1 && axes.length !== 1)
      throw expected('roll', `one shift, or ${axes.length} as there are axes`, shift);
    const count = Math.max(shifts.length, axes.length);
    const pairs = upTo(count).map((i): [number, number] => [
      itemAt(axes, axes.length === 1 ? 0 : i),
      itemAt(shifts, shifts.length === 1 ? 0 : i),
    ]);
    return outcomeOf(rolled(x, pairs));
  },
);

const rolled = (x: Operand, pairs: readonly (readonly [axis: number, shift: number])[]): Sym =>
  pairs.reduce(
    (y, [axis, shift]) => {
      const size = lengthAlong(y, axis);
      if (typeof size !== 'number') {
        const from = subtract(places(y, axis), shift);
        return gather(y, asSym(mod(from, size)), { axis });
      }
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
 * @throws EngineError `ARGUMENT` for other repeats.
 * @example ops.repeat([1, 2], 2); // [1, 1, 2, 2]
 */
export const repeat = op(
  'repeat',
  <T extends Operand>(x: T, repeats: Some, options: AxisOptions = {}): Outcome<T> => {
    knownOptions('repeat', options, axisNames);
    const all = options.axis === undefined;
    let y = all ? ravel(asSym(x)) : asSym(x);
    const { shape } = typeOf(y);
    const axis = all ? 0 : axisOf('repeat', axisNumber('repeat', options.axis), shape.length);
    const times = integers('repeat', 'repeats', repeats);
    for (const n of times) integer('repeat', 'repeats', n, 0);
    if (times.length === 1) {
      const wider = [...shape.slice(0, axis + 1), firstOf(times), ...shape.slice(axis + 1)];
      const merged = itemAt(shape, axis) < 0 ? -1 : itemAt(shape, axis) * firstOf(times);
      const copies = broadcastTo(expandDims(y, axis + 1), wider);
      const sizes = shape.map((_, i): Size => (i === axis ? merged : { axis: i > axis ? i + 1 : i }));
      return outcomeOf(resized(copies, sizes));
    }
    const size = itemAt(shape, axis);
    if (size < 0) y = sizedAs(y, axis, times.length);
    else if (times.length !== size)
      throw expected('repeat', `one number, or ${size} as there are indices along axis ${axis}`, repeats);
    const indices = times.flatMap((n, i) => Array<number>(n).fill(i));
    return outcomeOf(gather(y, indices, { axis }));
  },
);

/**
 * x several times along each axis, one after the other. https://keras.io/api/ops/numpy/
 *
 * @param repeats How many times along each axis, counted from the last one: x or the list is given leading axes where it has fewer.
 * @throws EngineError `ARGUMENT` for repeats below 0; `SHAPE` for several copies along more than one axis of unknown size.
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
  const own = rank - shape.length;
  const apart = sizes.flatMap((_, i): Size[] => [1, i < own ? 1 : { axis: i - own }]);
  const copied = sizes.flatMap((n, i) => [itemAt(times, i), n]);
  const copies = broadcastTo(resized(asSym(x), apart), copied);
  const merged = sizes.map((n, i): Size => {
    if (itemAt(times, i) === 1) return { axis: 2 * i + 1 };
    return n < 0 ? -1 : n * itemAt(times, i);
  });
  if (merged.filter((size) => size === -1).length > 1)
    throw wrongShape('tile', 'copies along at most one axis of unknown size', shape);
  return outcomeOf(resized(copies, merged));
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

/** What `ops.meshgrid` takes. */
export interface MeshgridOptions {
  /** Whether the first one's numbers go along the second axis ('xy', columns) or the first ('ij'). Default 'xy'. */
  indexing?: 'xy' | 'ij';
}

const meshgridNames = { indexing: 'optional' } satisfies OptionNames<MeshgridOptions>;

/**
 * The coordinates of a grid: of each list its numbers along one axis, the same along the others. https://keras.io/api/ops/numpy/
 *
 * @param xs Lists (rank 1, or scalars).
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
    for (const { shape } of xs.map(typeOf))
      if (shape.length > 1) throw wrongShape('meshgrid', 'lists of rank 1', shape);
    const swapped = indexing === 'xy' && xs.length > 1;
    const axisFor = (i: number) => (swapped && i < 2 ? 1 - i : i);
    const along = xs.map((x, i) =>
      reshape(
        asSym(x),
        upTo(xs.length).map((axis) => (axis === axisFor(i) ? -1 : 1)),
      ),
    );
    // Of the sum only the shape is read.
    const full = along.map((x) => cast(x, 'float32')).reduce((a, b) => add(a, b));
    return along.map((x) => outcomeOf(apply('broadcastLike', [x, full], {}, typeOf(x).dtype)));
  },
);
