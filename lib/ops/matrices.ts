import { type OptionNames, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { zeros } from '../core/tensor.js';
import { axesOf, axisOf } from './axis.js';
import { equal, greaterEqual, lessEqual, multiply, subtract, where } from './binary.js';
import { type Binary, asSym, binaryOp, compute, outcomeOf } from './composed.js';
import { arange } from './creation.js';
import { cumprod } from './cumulative.js';
import { einsum } from './einsum.js';
import { flip, moveaxis, ravel, swapaxes } from './manipulate.js';
import { positions } from './positions.js';
import { sum } from './reduce.js';
import { expandDims, reshape, squeeze } from './shape.js';
import { type Size, resized } from './resized.js';
import { concatenate, stack, stridedSlice } from './slice.js';
import { toFloat32 } from './toFloat32.js';

const shapeOf = (x: Operand): readonly number[] => typeOf(x).shape;
const rankOf = (x: Operand): number => shapeOf(x).length;

/** What ops along a diagonal of matrices take. */
export interface DiagonalOptions {
  /** Which diagonal: above the main one, or below with a negative number. Default 0. */
  k?: number;
}

const diagonalNames = { k: 'optional' } satisfies OptionNames<DiagonalOptions>;

function diagonalNumber(who: string, options: DiagonalOptions): number {
  knownOptions(who, options, diagonalNames);
  return integer(who, 'k', options.k ?? 0, -Infinity);
}

/** How far to the right of the main diagonal the numbers of matrices are: [rows, columns]. */
const distances = (rows: Operand, columns: Operand): Sym =>
  subtract(asSym(columns), expandDims(asSym(rows), 1));

/** Numbers of matrices where a rule on the distance from the main diagonal holds, else 0. */
function kept<T extends Operand>(who: string, x: T, holds: (distance: Sym) => Sym): Outcome<T> {
  const rank = rankOf(x);
  if (rank < 2) throw wrongShape(who, 'matrices, of rank 2 or more', shapeOf(x));
  return compute(x, (x) => where(holds(distances(positions(x, rank - 2), positions(x, rank - 1))), x, 0));
}

/**
 * x with zeros above a diagonal; of rank 2 or more, whose last two axes are matrices. https://keras.io/api/ops/numpy/
 *
 * @param options `k`: which diagonal, default the main one.
 * @throws EngineError `SHAPE` for a rank below 2.
 */
export const tril = op('tril', <T extends Operand>(x: T, options: DiagonalOptions = {}): Outcome<T> => {
  const k = diagonalNumber('tril', options);
  return kept('tril', x, (distance) => lessEqual(distance, k));
});

/**
 * x with zeros below a diagonal; of rank 2 or more, whose last two axes are matrices. https://keras.io/api/ops/numpy/
 *
 * @param options `k`: which diagonal, default the main one.
 * @throws EngineError `SHAPE` for a rank below 2.
 */
export const triu = op('triu', <T extends Operand>(x: T, options: DiagonalOptions = {}): Outcome<T> => {
  const k = diagonalNumber('triu', options);
  return kept('triu', x, (distance) => greaterEqual(distance, k));
});

/** A matrix with a list on a diagonal. */
function onDiagonal(x: Sym, k: number): Sym {
  const none = asSym(zeros([Math.abs(k)], typeOf(x).dtype));
  // Of each row the number that its diagonal has.
  const rows = k === 0 ? x : concatenate(k > 0 ? [x, none] : [none, x]);
  const places = positions(rows, 0);
  return where(equal(distances(places, places), k), expandDims(rows, 1), 0);
}

/** The numbers on a diagonal of the last two axes. */
function diagonalOf(who: string, x: Operand, k: number): Sym {
  const { shape } = typeOf(x);
  const rank = shape.length;
  const [rows, columns] = [itemAt(shape, rank - 2), itemAt(shape, rank - 1)];
  if (columns < 0) {
    if (rows < 0) throw wrongShape(who, 'matrices with at most one side of unknown size', shape);
    return diagonalOf(who, swapaxes(asSym(x), -1, -2), -k);
  }
  const [row, column] = [Math.max(0, -k), Math.max(0, k)];
  // From the diagonal's first number on; in a row of all numbers it has every one after as many as there are columns.
  const width = Math.max(0, columns - column);
  const at = (axes: number, ...last: number[]) => [...Array<number>(axes).fill(0), ...last];
  const part = stridedSlice(asSym(x), at(rank - 2, row, column), [
    ...Array<number>(rank - 2).fill(Infinity),
    row + width,
  ]);
  const height = itemAt(typeOf(part).shape, rank - 2);
  const lead = Array.from({ length: rank - 2 }, (_, axis) => ({ axis }));
  const flat = resized(part, [...lead, height < 0 ? -1 : height * width]);
  return stridedSlice(flat, at(rank - 1), [], [...Array<number>(rank - 2).fill(1), width + 1]);
}

/**
 * Of a list the matrix with it on a diagonal, of a matrix that diagonal. https://keras.io/api/ops/numpy/
 *
 * @param options `k`: which diagonal, default the main one.
 * @throws EngineError `SHAPE` for other ranks, and a matrix with both sides of unknown size.
 */
export const diag = op('diag', <T extends Operand>(x: T, options: DiagonalOptions = {}): Outcome<T> => {
  const k = diagonalNumber('diag', options);
  const rank = rankOf(x);
  if (rank === 1) return outcomeOf(onDiagonal(asSym(x), k));
  if (rank === 2) return outcomeOf(diagonalOf('diag', x, k));
  throw wrongShape('diag', 'a list or a matrix, of rank 1 or 2', shapeOf(x));
});

/**
 * The matrix with all numbers of x, as one list, on a diagonal. https://keras.io/api/ops/numpy/
 *
 * @param options `k`: which diagonal, default the main one.
 */
export const diagflat = op(
  'diagflat',
  <T extends Operand>(x: T, options: DiagonalOptions = {}): Outcome<T> => {
    const k = diagonalNumber('diagflat', options);
    return outcomeOf(onDiagonal(ravel(asSym(x)), k));
  },
);

/** What `ops.diagonal` and `ops.trace` take. */
export interface PlaneOptions {
  /** Which diagonal: above the main one, or below with a negative number. Default 0. */
  offset?: number;
  /** The axis of the rows. Default 0. */
  axis1?: number;
  /** The axis of the columns. Default 1. */
  axis2?: number;
}

const planeNames = {
  offset: 'optional',
  axis1: 'optional',
  axis2: 'optional',
} satisfies OptionNames<PlaneOptions>;

function planeDiagonal(who: string, x: Operand, options: PlaneOptions): Sym {
  knownOptions(who, options, planeNames);
  const { offset = 0, axis1 = 0, axis2 = 1 } = options;
  integer(who, 'offset', offset, -Infinity);
  const rank = rankOf(x);
  const [rows, columns] = [axisOf(who, axis1, rank), axisOf(who, axis2, rank)];
  if (rows === columns) throw expected(who, 'two axes', [axis1, axis2], 'ATTRIBUTE');
  return diagonalOf(who, moveaxis(asSym(x), [rows, columns], [-2, -1]), offset);
}

/**
 * The numbers on a diagonal of the matrices in two axes, as a last axis. https://keras.io/api/ops/numpy/
 *
 * @param options `offset`: which diagonal, default the main one. `axis1`, `axis2`: rows and columns, default 0 and 1.
 * @throws EngineError `ATTRIBUTE` for axes that x does not have; `SHAPE` for matrices with both sides of unknown size.
 */
export const diagonal = op('diagonal', <T extends Operand>(x: T, options: PlaneOptions = {}): Outcome<T> =>
  outcomeOf(planeDiagonal('diagonal', x, options)),
);

/**
 * The sum of {@link diagonal}; float32, of whole numbers too. https://keras.io/api/ops/numpy/
 *
 * @param options `offset`: which diagonal, default the main one. `axis1`, `axis2`: rows and columns, default 0 and 1.
 * @throws EngineError `ATTRIBUTE` for axes that x does not have; `SHAPE` for matrices with both sides of unknown size.
 */
export const trace = op('trace', <T extends Operand>(x: T, options: PlaneOptions = {}): Outcome<T> =>
  outcomeOf(sum(toFloat32(planeDiagonal('trace', x, options)), { axis: -1 })),
);

/** What `ops.vander` takes. */
export interface VanderOptions {
  /** How many columns. Default as many as numbers. */
  N?: number;
  /** Whether powers grow from left to right. Default false. */
  increasing?: boolean;
}

const vanderNames = { N: 'optional', increasing: 'boolean' } satisfies OptionNames<VanderOptions>;

/**
 * The powers of a list's numbers, a row each: x^(N − 1), …, x, 1; float32. https://keras.io/api/ops/numpy/
 *
 * @param options `N`: how many columns, default as many as numbers. `increasing`: whether powers grow from left to right, default false.
 * @throws EngineError `SHAPE` for other ranks; `ARGUMENT`.
 */
export const vander = op('vander', <T extends Operand>(x: T, options: VanderOptions = {}): Outcome<T> => {
  knownOptions('vander', options, vanderNames);
  const shape = shapeOf(x);
  if (shape.length !== 1) throw wrongShape('vander', 'a list of rank 1', shape);
  const list = toFloat32(asSym(x));
  const places = options.N === undefined ? positions(list, 0) : arange(0, integer('vander', 'N', options.N));
  // By products: exact for whole numbers, and with right derivatives at 0.
  const factors = where(equal(asSym(places), 0), 1, expandDims(list, 1));
  const powers = cumprod(factors, { axis: 1 });
  return outcomeOf(options.increasing === true ? powers : flip(powers, { axis: 1 }));
});

/** The sum of x1 · x2 over axes of both, in float32. */
function contracted(who: string, x1: Sym, x2: Sym, first: readonly number[], second: readonly number[]): Sym {
  const [left, right] = [shapeOf(x1), shapeOf(x2)];
  const inner = first.map((axis) => itemAt(left, axis));
  const same = second.map((axis) => itemAt(right, axis));
  if (inner.some((size, i) => size !== same[i] && size >= 0 && itemAt(same, i) >= 0))
    throw wrongShape(who, `sizes [${inner.join(', ')}] to sum over`, same);
  // A letter for each axis; those that are summed over are the same.
  const letter = (i: number) => String.fromCharCode((i < 26 ? 97 : 65 - 26) + i);
  const a = left.map((_, axis) => letter(axis));
  const b = right.map((_, axis) => {
    const shared = second.indexOf(axis);
    return shared < 0 ? letter(left.length + axis) : itemAt(a, itemAt(first, shared));
  });
  const kept = [
    ...a.filter((_, axis) => !first.includes(axis)),
    ...b.filter((_, axis) => !second.includes(axis)),
  ];
  return einsum(`${a.join('')},${b.join('')}->${kept.join('')}`, toFloat32(x1), toFloat32(x2));
}

/** The last axes, or with `first` the first ones. */
const ends = (rank: number, n: number, first = false): number[] =>
  Array.from({ length: n }, (_, i) => (first ? i : rank - n + i));

/** What `ops.tensordot` takes. */
export interface TensordotOptions {
  /**
   * Over which axes to sum: how many, the last of x1 and the first of x2 in order; or a list of x1's axes and one of x2's. Default 2.
   */
  axes?: number | readonly [first: number | readonly number[], second: number | readonly number[]];
}

const tensordotNames = { axes: 'optional' } satisfies OptionNames<TensordotOptions>;

/**
 * The sum of x1 · x2 over axes of both; the others of x1, then those of x2, stay. float32. https://keras.io/api/ops/numpy/
 *
 * @param options `axes`: how many, the last of x1 and the first of x2 in order, default 2; or a list of x1's axes and one of x2's.
 * @throws EngineError `SHAPE` where sizes differ; `ATTRIBUTE` for axes that there are not; `ARGUMENT`.
 * @example ops.tensordot([[1, 2]], [[3], [4]], { axes: [[1], [0]] }); // [[11]]
 */
export const tensordot = op(
  'tensordot',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: TensordotOptions = {}): Outcome<A | B> => {
    knownOptions('tensordot', options, tensordotNames);
    const { axes = 2 } = options;
    const ranks = [rankOf(x1), rankOf(x2)] as const;
    if (typeof axes === 'number') {
      const n = integer('tensordot', 'axes', axes, 0);
      if (n > Math.min(...ranks)) throw expected('tensordot', `at most ${Math.min(...ranks)} axes`, axes);
      return outcomeOf(
        contracted('tensordot', asSym(x1), asSym(x2), ends(ranks[0], n), ends(ranks[1], n, true)),
      );
    }
    if (!Array.isArray(axes) || (axes.length as number) !== 2)
      throw expected('tensordot', 'a number of axes, or two lists of axes', axes);
    const [first, second] = [axesOf('tensordot', axes[0], ranks[0]), axesOf('tensordot', axes[1], ranks[1])];
    if (first.length !== second.length) throw expected('tensordot', 'as many axes of both', axes);
    return outcomeOf(contracted('tensordot', asSym(x1), asSym(x2), first, second));
  },
);

/**
 * The product of vectors, of matrices, or over the last axis of x1 and the last but one of x2; a scalar multiplies. float32.
 * https://keras.io/api/ops/numpy/
 *
 * @throws EngineError `SHAPE` where the sizes differ.
 */
export const dot: Binary = binaryOp('dot', (x1, x2) => {
  const rank = rankOf(x2);
  if (rankOf(x1) === 0 || rank === 0) return multiply(toFloat32(x1), toFloat32(x2));
  return contracted('dot', x1, x2, [rankOf(x1) - 1], [Math.max(rank - 2, 0)]);
});

/** The products of all last axes of x1 with all last axes of x2; a scalar multiplies. float32. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE`. */
export const inner: Binary = binaryOp('inner', (x1, x2) =>
  rankOf(x1) === 0 || rankOf(x2) === 0
    ? multiply(toFloat32(x1), toFloat32(x2))
    : contracted('inner', x1, x2, [rankOf(x1) - 1], [rankOf(x2) - 1]),
);

/** The product of all numbers of x1, as one list, with all of x2: [n, m]. https://keras.io/api/ops/numpy/ */
export const outer: Binary = binaryOp('outer', (x1, x2) =>
  multiply(reshape(x1, [-1, 1]), reshape(x2, [1, -1])),
);

/** The product of two values of as many numbers, as vectors: a float32 scalar. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE`. */
export const vdot: Binary = binaryOp('vdot', (x1, x2) =>
  sum(multiply(toFloat32(ravel(x1)), toFloat32(ravel(x2)))),
);

/**
 * Kronecker's product: x2 times each number of x1, in blocks. https://keras.io/api/ops/numpy/
 *
 * @throws EngineError `SHAPE` where more than one size of the result is unknown.
 */
export const kron: Binary = binaryOp('kron', (x1, x2) => {
  const rank = Math.max(rankOf(x1), rankOf(x2));
  const sizes = (x: Operand) => [...Array<number>(rank - rankOf(x)).fill(1), ...shapeOf(x)];
  const [blocks, inside] = [sizes(x1), sizes(x2)];
  const merged = blocks.map((size, i) => (size < 0 || itemAt(inside, i) < 0 ? -1 : size * itemAt(inside, i)));
  if (merged.filter((size) => size < 0).length > 1)
    throw wrongShape('kron', 'a result with at most one unknown size', shapeOf(x1));
  const apart = (x: Sym, first: boolean) => {
    const missing = rank - rankOf(x);
    const own = merged.map((_, i): Size => (i < missing ? 1 : { axis: i - missing }));
    return resized(
      x,
      own.flatMap((size): Size[] => (first ? [size, 1] : [1, size])),
    );
  };
  return reshape(multiply(apart(x1, true), apart(x2, false)), merged);
});

/** What `ops.cross` takes. */
export interface CrossOptions {
  /** The axis of the vectors in x1. Default -1. */
  axisa?: number;
  /** The axis of the vectors in x2. Default -1. */
  axisb?: number;
  /** Where that axis comes in the result. Default -1. */
  axisc?: number;
  /** Instead of the three: one axis for all. */
  axis?: number;
}

const crossNames = {
  axisa: 'optional',
  axisb: 'optional',
  axisc: 'optional',
  axis: 'optional',
} satisfies OptionNames<CrossOptions>;

/**
 * The cross product of vectors of size 3 (or 2, whose third number is 0); of two of size 2 only the third number. Broadcasts.
 * https://keras.io/api/ops/numpy/
 *
 * @param options `axisa`, `axisb`: the axis of the vectors, default -1. `axisc`: where it comes in the result, default -1. `axis`: all three.
 * @throws EngineError `SHAPE` for vectors of other sizes; `ATTRIBUTE` for a wrong axis.
 */
export const cross = op(
  'cross',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: CrossOptions = {}): Outcome<A | B> => {
    knownOptions('cross', options, crossNames);
    const { axis, axisa = axis ?? -1, axisb = axis ?? -1, axisc = axis ?? -1 } = options;
    const parts = (x: Operand, along: number): Sym[] => {
      const rank = rankOf(x);
      const last = moveaxis(asSym(x), axisOf('cross', along, rank), -1);
      const size = shapeOf(last)[rank - 1];
      if (size !== 2 && size !== 3) throw wrongShape('cross', 'vectors of 2 or 3 numbers', shapeOf(x));
      const at = (i: number) => Array<number>(rank - 1).fill(i);
      return Array.from({ length: size }, (_, i) =>
        squeeze(stridedSlice(last, [...at(0), i], [...at(Infinity), i + 1]), -1),
      );
    };
    const [a, b] = [parts(x1, axis ?? axisa), parts(x2, axis ?? axisb)];
    const minor = (i: number, j: number): Sym | undefined => {
      const [left, right] = [a[i] && b[j] && multiply(a[i], b[j]), a[j] && b[i] && multiply(a[j], b[i])];
      if (left && right) return subtract(left, right);
      return left ?? (right && multiply(right, -1));
    };
    const third = minor(0, 1) as Sym;
    if (a.length === 2 && b.length === 2) return outcomeOf(third);
    const vectors = stack([minor(1, 2) as Sym, minor(2, 0) as Sym, third], { axis: -1 });
    return outcomeOf(moveaxis(vectors, -1, axis ?? axisc));
  },
);
