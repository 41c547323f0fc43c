import { type OptionNames, axisNumber, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { axisOf, sizeAlong } from './axis.js';
import { less, notEqual, subtract, where } from './binary.js';
import { asSym } from './composed.js';
import { cumsum } from './cumulative.js';
import { gather } from './gather.js';
import { largestOf } from './largestOf.js';
import { any } from './logic.js';
import { moveaxis } from './manipulate.js';
import { orderOf } from './ordered.js';
import { reshape } from './shape.js';
import { concatenate, stridedSlice } from './slice.js';
import { cast } from './unary.js';

/** What `ops.unique` takes. */
export interface UniqueOptions {
  /** Whether the result is in order; here it always is. Default true. */
  sorted?: boolean;
  /** Whether to give the place of the first of each, too. Default false. */
  returnIndex?: boolean;
  /** Whether to give for each number its place in the result, too. Default false. */
  returnInverse?: boolean;
  /** Whether to give how many there are of each, too. Default false. */
  returnCounts?: boolean;
  /** Parts along which axis are compared. By default all numbers. */
  axis?: number;
  /** How many come out: further ones are left out, missing ones filled. Inside compiled functions and models it has to be given. */
  size?: number;
  /** What missing ones are. Default 0. */
  fillValue?: number;
}

const uniqueNames = {
  sorted: 'boolean',
  returnIndex: 'boolean',
  returnInverse: 'boolean',
  returnCounts: 'boolean',
  axis: 'optional',
  size: 'optional',
  fillValue: 'optional',
} satisfies OptionNames<UniqueOptions>;

/** What {@link unique} is: with one result, or with several. */
interface Unique {
  /** The different numbers alone. */
  <X extends Operand>(
    x: X,
    options?: Omit<UniqueOptions, 'returnIndex' | 'returnInverse' | 'returnCounts'>,
  ): Outcome<X>;
  /** The different numbers, and what else is asked for, in the order of the options. */
  <X extends Operand>(x: X, options: UniqueOptions): Outcome<X>[];
}

/** Rows in order, by their first numbers first: their places. */
function orderOfRows(rows: Sym): Sym {
  const width = itemAt(typeOf(rows).shape, 1);
  const column = (i: number) => reshape(stridedSlice(rows, [0, i], [Infinity, i + 1]), [-1]);
  // Sorted by the last column first: each sort leaves equal ones in their order.
  let order = orderOf(column(width - 1));
  for (let i = width - 2; i >= 0; i--) order = gather(order, orderOf(gather(column(i), order)));
  return order;
}

/**
 * The different numbers of x in order, or its different parts along an axis. NaN differs from NaN. https://keras.io/api/ops/numpy/
 *
 * @param x Any dtype.
 * @param options `returnIndex`, `returnInverse`, `returnCounts`: what else to give. `axis`: default all numbers. `size`: how many come out, by
 *   default as many as there are, which it reads. `fillValue`: what missing ones are, default 0. `sorted`: no difference here.
 * @returns The numbers, or a list: they, then int32 the place of the first of each (0 of missing ones), for each number of x its place in the
 *   result, how many there are of each.
 * @throws EngineError `ARGUMENT` for symbolic values without `size`; `ATTRIBUTE` for an axis that x does not have; `SHAPE` for unknown sizes.
 * @example ops.unique([3, 1, 3], { returnCounts: true }); // [1, 3] and [1, 2]
 */
export const unique: Unique = op('unique', ((x: Operand, options: UniqueOptions = {}) => {
  knownOptions('unique', options, uniqueNames);
  const { axis, fillValue = 0, returnIndex, returnInverse, returnCounts } = options;
  if (typeof fillValue !== 'number') throw expected('unique', 'a number as fillValue', fillValue);
  if (options.size !== undefined) integer('unique', 'size', options.size, 0);
  const { shape } = typeOf(x);
  const at = axis === undefined ? 0 : axisOf('unique', axisNumber('unique', axis), shape.length);
  const parts = axis === undefined ? reshape(asSym(x), [-1, 1]) : moveaxis(asSym(x), at, 0);
  const [length = 0, ...part] = typeOf(parts).shape;
  part.forEach((_, i) => sizeAlong('unique', part, i));
  if (length === 0 || part.includes(0)) throw wrongShape('unique', 'at least one number', shape);
  const rows = reshape(parts, [-1, sizeOf(part)]);
  const order = orderOfRows(rows);
  const sorted = gather(rows, order);
  const differs = any(notEqual(stridedSlice(sorted, 1), stridedSlice(sorted, 0, -1)), { axis: 1 });
  // How many others come before each row.
  const group = cumsum(concatenate([asSym(tensor([0], [1], 'int32')), cast(differs, 'int32')]), { axis: 0 });
  const size = options.size ?? largestOf('unique', 'size', group) + 1;
  const all = asSym(tensor(Int32Array.from({ length: size }, (_, i) => i)));
  const indicesOf = (right: boolean): Sym => apply('searchSorted', [group, all], { right });
  const [begins, ends] = [indicesOf(false), indicesOf(true)];
  const isThere = less(begins, ends);
  const firsts = gather(order, where(isThere, begins, 0));
  const shaped = (list: Sym) => reshape(list, [-1, ...part.map(() => 1)]);
  const values = where(shaped(isThere), gather(parts, firsts), fillValue);
  const results: (Sym | false)[] = [
    axis === undefined ? reshape(values, [-1]) : moveaxis(values, 0, at),
    returnIndex === true && where(isThere, firsts, 0),
    returnInverse === true && gather(group, orderOf(order)),
    returnCounts === true && subtract(ends, begins),
  ];
  const given = results.filter((result) => result !== false);
  return given.length === 1 ? itemAt(given, 0) : given;
}) as unknown as Unique);
