import { type OptionNames, integer, integers, knownOptions, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { type AxisOptions, axisNames, axisOf, sizeAlong } from './axis.js';
import { add } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { gather } from './gather.js';
import { lengthAlong } from './lengthAlong.js';
import { places } from './positions.js';
import { type Size, resized, sizedAs } from './resized.js';
import { squeeze } from './shape.js';
import { partOf } from './partOf.js';

/** One integer or several. */
type Some = number | readonly number[];

const rankOf = (x: Operand): number => typeOf(x).shape.length;

/** 0, 1, …, n − 1. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The parts of x between places along an axis, each as Python's slices. */
const between = <T extends Operand>(x: T, axis: number, indices: readonly number[]): Outcome<T>[] =>
  [0, ...indices].map((from, i) => outcomeOf(partOf(x, axis, from, indices[i] ?? Infinity)));

/** As many parts along an axis of unknown size; each but the first ones of `uneven` parts is as long as the others. */
function openParts(x: Sym, axis: number, count: number, uneven: boolean): Sym[] {
  if (!uneven) {
    const sizes = upTo(rankOf(x)).map((i): Size => ({ axis: i }));
    const apart = resized(x, [...sizes.slice(0, axis), count, -1, ...sizes.slice(axis + 1)]);
    return upTo(count).map((i) => squeeze(partOf(apart, axis, i, i + 1), axis));
  }
  // A part is as long as the places i, i + count, i + 2 count, …
  let from: Sym | number = 0;
  return upTo(count).map((i) => {
    const like = partOf(x, axis, i, Infinity, count);
    const own = add(places(like, axis), from);
    from = asSym(add(from, lengthAlong(like, axis)));
    return gather(x, own, { axis });
  });
}

function parts<T extends Operand>(
  who: string,
  x: T,
  indicesOrSections: Some,
  axis: number,
  uneven: boolean,
): Outcome<T>[] {
  const { shape } = typeOf(x);
  const along = axisOf(who, axis, shape.length);
  if (typeof indicesOrSections !== 'number')
    return between(x, along, integers(who, 'indicesOrSections', indicesOrSections));
  const count = integer(who, 'indicesOrSections', indicesOrSections);
  const size = itemAt(shape, along);
  if (size < 0) return openParts(asSym(x), along, count, uneven).map((part) => outcomeOf<T>(part));
  if (!uneven && size % count !== 0)
    throw wrongShape(who, `a size along axis ${along} that ${count} parts divide`, shape);
  const [least, larger] = [Math.floor(size / count), size % count];
  const indices = upTo(count - 1).map((i) => (i + 1) * least + Math.min(i + 1, larger));
  return between(x, along, indices);
}

/**
 * Cuts x into parts along an axis (default the first). https://keras.io/api/ops/numpy/
 *
 * @param indicesOrSections How many equal parts, or the places where further parts begin.
 * @throws EngineError `SHAPE` where the size along the axis cannot be divided; `ATTRIBUTE` for a wrong axis.
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
  /** How many there are: the size along the axis. Where that is known it is only a check. */
  num?: number;
}

const unstackNames = { axis: 'optional', num: 'optional' } satisfies OptionNames<UnstackOptions>;

/**
 * The places along an axis (default the first) as values without it: what {@link stack} put together. https://keras.io/api/ops/core/
 *
 * @throws EngineError `SHAPE` where the size along the axis is not `num`, or neither is known; `ATTRIBUTE` for a wrong axis.
 */
export const unstack = op(
  'unstack',
  <T extends Operand>(x: T, options: UnstackOptions = {}): Outcome<T>[] => {
    knownOptions('unstack', options, unstackNames);
    const { shape } = typeOf(x);
    const axis = axisOf('unstack', options.axis ?? 0, shape.length);
    const { num } = options;
    if (num !== undefined) integer('unstack', 'num', num, 0);
    const size = itemAt(shape, axis) < 0 && num !== undefined ? num : sizeAlong('unstack', shape, axis);
    if (num !== undefined && num !== size)
      throw wrongShape('unstack', `size ${num} along axis ${axis}`, shape);
    const y = itemAt(shape, axis) < 0 ? sizedAs(asSym(x), axis, size) : asSym(x);
    return upTo(size).map((i) => outcomeOf(squeeze(partOf(y, axis, i, i + 1), axis)));
  },
);
