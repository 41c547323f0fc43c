import { type OptionNames, expected, finite, knownOptions, oneOf, wrongShape } from '../base/checks.js';
import { asSym } from './composed.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, apply, applyAll, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { equal, greater, multiply, where } from './binary.js';
import { matmul } from './matmul.js';
import { positions } from './positions.js';
import { max, sum } from './reduce.js';
import { expandDims, squeeze, transpose } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import { cast, log } from './unary.js';
import type { Sym } from '../core/sym.js';

// Matrices are the last two axes; all before are a batch. Factorizations compute in float64 and round once. Their derivatives are not defined
// where they are not unique (equal singular values or eigenvalues): there gradients are NaN or infinite, as in PyTorch.

/** What `ops.cholesky` and `ops.choleskyInverse` take. */
export interface CholeskyOptions {
  /** Whether the factor is the upper one, Lᵀ. Default false. */
  upper?: boolean;
}

/** What `ops.qr` takes. */
export interface QrOptions {
  /** `reduced`: Q has as many columns as the smaller side; `complete`: as many as rows. Default `reduced`. */
  mode?: 'reduced' | 'complete';
}

/** What `ops.svd` takes. */
export interface SvdOptions {
  /** Whether U and Vᵀ are square. Default true. */
  fullMatrices?: boolean;
  /** Whether to give U and Vᵀ. Default true. */
  computeUv?: boolean;
}

/** What `ops.solveTriangular` takes. */
export interface SolveTriangularOptions {
  /** Whether the triangle is the lower one. Default false. */
  lower?: boolean;
}

/** What `ops.lstsq` and `ops.pinv` take. */
export interface PinvOptions {
  /** Singular values of at most this share of the largest one count as 0. Default the larger side · 2⁻²³. */
  rcond?: number;
}

/** What `ops.matrixRank` takes. */
export interface MatrixRankOptions {
  /** Singular values of at most this count as 0. Default the largest one · the larger side · 2⁻²³. */
  tol?: number;
}

const choleskyNames = { upper: 'boolean' } satisfies OptionNames<CholeskyOptions>;
const qrNames = { mode: 'optional' } satisfies OptionNames<QrOptions>;
const svdNames = { fullMatrices: 'boolean', computeUv: 'boolean' } satisfies OptionNames<SvdOptions>;
const triangularNames = { lower: 'boolean' } satisfies OptionNames<SolveTriangularOptions>;
const pinvNames = { rcond: 'optional' } satisfies OptionNames<PinvOptions>;
const rankNames = { tol: 'optional' } satisfies OptionNames<MatrixRankOptions>;

const EPSILON = 2 ** -23;

const floats = (x: Operand): Sym => toFloat32(asSym(x));

/** Rows and columns swapped. */
function turned(x: Sym): Sym {
  const axes = [...typeOf(x).shape.keys()];
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** Which numbers of matrices are on the diagonal: bool [rows, columns]. */
function onDiagonal(x: Sym): Sym {
  const rank = typeOf(x).shape.length;
  return equal(expandDims(asSym(positions(x, rank - 2)), 1), asSym(positions(x, rank - 1)));
}

/** How many rows and columns matrices have. @throws EngineError `SHAPE` for less than two axes. */
function sidesOf(op: string, x: Operand): [rows: number, columns: number] {
  const { shape } = typeOf(x);
  if (shape.length < 2) throw wrongShape(op, 'matrices, of rank 2 or more', shape);
  return [itemAt(shape, shape.length - 2), itemAt(shape, shape.length - 1)];
}

/**
 * The lower triangle L with x = L Lᵀ. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n], symmetric (of another matrix its mean with the transposed one counts) and positive definite.
 * @returns [..., n, n].
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for a matrix that is not positive definite.
 * @example ops.cholesky([[4, 2], [2, 2]]); // [[2, 0], [1, 1]]
 */
export const cholesky = op(
  'cholesky',
  <X extends Operand>(x: X, options: CholeskyOptions = {}): Outcome<X> => {
    knownOptions('cholesky', options, choleskyNames);
    const factor = apply('cholesky', [floats(x)]);
    return (options.upper === true ? turned(factor) : factor) as Outcome<X>;
  },
);

/**
 * The inverse of the matrix whose Cholesky factor x is: (x xᵀ)⁻¹, of an upper one (xᵀ x)⁻¹. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n]; its other triangle counts as zeros.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) where there is a zero on the diagonal.
 */
export const choleskyInverse = op(
  'choleskyInverse',
  <X extends Operand>(x: X, options: CholeskyOptions = {}): Outcome<X> => {
    knownOptions('choleskyInverse', options, choleskyNames);
    sidesOf('choleskyInverse', x);
    const lower = options.upper !== true;
    const ones = cast(onDiagonal(asSym(x)), 'float32');
    const inverse = apply('triangularSolve', [floats(x), ones], { lower });
    return matmul(inverse, inverse, lower ? { transposeA: true } : { transposeB: true }) as Outcome<X>;
  },
);

/**
 * The determinant. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n].
 * @returns [...]. Its gradient needs a matrix that has an inverse.
 * @throws EngineError `SHAPE`.
 */
export const det = op('det', <X extends Operand>(x: X): Outcome<X> => determinant(x)[2] as Outcome<X>);

/** The sign of the determinant, the logarithm of its size, and itself, each [...]. */
const determinant = (x: Operand): Sym[] =>
  applyAll('slogdet', [floats(x)], {}, 3).map((y): Sym => squeeze(y, [-2, -1]));

/**
 * The sign of the determinant and the natural logarithm of its size, which do not overflow. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n].
 * @returns Two values [...]; of a singular matrix 0 and -∞.
 * @throws EngineError `SHAPE`.
 */
export const slogdet = op(
  'slogdet',
  <X extends Operand>(x: X): [sign: Outcome<X>, logabsdet: Outcome<X>] =>
    determinant(x).slice(0, 2) as [Outcome<X>, Outcome<X>],
);

/**
 * The natural logarithm of the determinant of symmetric positive definite matrices. https://keras.io/api/ops/core/
 *
 * @param x [..., n, n].
 * @returns [...].
 * @throws EngineError as {@link cholesky}.
 */
export const logdet = op('logdet', <X extends Operand>(x: X): Outcome<X> => {
  const factor = cholesky(x);
  const diagonal = sum(where(onDiagonal(asSym(x)), asSym(factor), 0), { axis: -1 });
  return multiply(sum(log(diagonal), { axis: -1 }), 2) as Outcome<X>;
});

/**
 * The inverse. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n].
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for a singular matrix.
 */
export const inv = op(
  'inv',
  <X extends Operand>(x: X): Outcome<X> => apply('inverse', [floats(x)]) as Outcome<X>,
);

/**
 * The factors of x with its rows in another order: L below the diagonal (its own is of ones) and U in one matrix. Gradients are those of
 * square matrices. https://keras.io/api/ops/linalg/
 *
 * @param x [..., m, n].
 * @returns The factors [..., m, n] and int32 [..., min(m, n)]: with which row each was swapped in turn, counted from 0.
 * @throws EngineError `SHAPE`.
 */
export const luFactor = op(
  'luFactor',
  <X extends Operand>(x: X): [lu: Outcome<X>, pivots: Outcome<X>] =>
    applyAll('luFactor', [floats(x)], {}, 2) as [Outcome<X>, Outcome<X>],
);

/**
 * x = Q R: columns of length 1 that are perpendicular, and an upper triangle. https://keras.io/api/ops/linalg/
 *
 * @param x [..., m, n].
 * @returns Q [..., m, k] and R [..., k, n], where k is the smaller side, with the mode `complete` m; that has no gradient for m above n.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const qr = op(
  'qr',
  <X extends Operand>(x: X, options: QrOptions = {}): [q: Outcome<X>, r: Outcome<X>] => {
    knownOptions('qr', options, qrNames);
    const mode = oneOf('qr', 'mode', options.mode ?? 'reduced', ['reduced', 'complete']);
    return applyAll('qr', [floats(x)], { complete: mode === 'complete' }, 2) as [Outcome<X>, Outcome<X>];
  },
);

/** b as matrices: a vector for each matrix a becomes a column, which goes again from the result. */
function solved(op: string, a: Operand, b: Operand, solve: (a: Sym, b: Sym) => Sym): Sym {
  sidesOf(op, a);
  const vectors = typeOf(b).shape.length === typeOf(a).shape.length - 1;
  const made = solve(floats(a), floats(vectors ? expandDims(b, -1) : b));
  return vectors ? squeeze(made, -1) : made;
}

/**
 * x with a x = b. https://keras.io/api/ops/linalg/
 *
 * @param a [..., n, n].
 * @param b [..., n] or [..., n, k].
 * @returns Of b's shape.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for a singular matrix.
 * @example ops.solve([[2, 0], [0, 4]], [2, 2]); // [1, 0.5]
 */
export const solve = op(
  'solve',
  <A extends Operand, B extends Operand>(a: A, b: B): Outcome<A | B> =>
    solved('solve', a, b, (m, n) => apply('solve', [m, n])) as Outcome<A | B>,
);

/**
 * x with a x = b for a triangle a, the upper one unless `lower`; what is in the other one is not read. https://keras.io/api/ops/linalg/
 *
 * @param a [..., n, n].
 * @param b [..., n] or [..., n, k].
 * @returns Of b's shape.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) where there is a zero on the diagonal.
 */
export const solveTriangular = op(
  'solveTriangular',
  <A extends Operand, B extends Operand>(
    a: A,
    b: B,
    options: SolveTriangularOptions = {},
  ): Outcome<A | B> => {
    knownOptions('solveTriangular', options, triangularNames);
    const attrs = { lower: options.lower ?? false };
    return solved('solveTriangular', a, b, (m, n) => apply('triangularSolve', [m, n], attrs)) as Outcome<
      A | B
    >;
  },
);

/** U, the singular values [..., k], and Vᵀ. */
function decomposed(x: Operand, fullMatrices: boolean): [u: Sym, s: Sym, vt: Sym] {
  const [u, s, vt] = applyAll('svd', [floats(x)], { fullMatrices }, 3);
  return [u, squeeze(s, -2), vt];
}

/**
 * x = U diag(s) Vᵀ, with the largest singular value first. https://keras.io/api/ops/linalg/
 *
 * @param x [..., m, n].
 * @returns U [..., m, m], s [..., min(m, n)] and Vᵀ [..., n, n]; without `fullMatrices` U [..., m, min(m, n)] and Vᵀ [..., min(m, n), n];
 *   without `computeUv` s alone.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for NaN and infinity.
 */
export const svd = op(
  'svd',
  <X extends Operand>(
    x: X,
    options: SvdOptions = {},
  ): [u: Outcome<X>, s: Outcome<X>, vt: Outcome<X>] | Outcome<X> => {
    knownOptions('svd', options, svdNames);
    const { fullMatrices = true, computeUv = true } = options;
    const made = decomposed(x, fullMatrices && computeUv);
    return (computeUv ? made : made[1]) as [Outcome<X>, Outcome<X>, Outcome<X>] | Outcome<X>;
  },
);

/**
 * The eigenvalues of symmetric matrices, the least first, and their vectors. https://keras.io/api/ops/linalg/
 *
 * @param x [..., n, n]; of a matrix that is not symmetric its mean with the transposed one counts.
 * @returns [..., n] and [..., n, n], the vectors in its columns.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for NaN and infinity.
 */
export const eigh = op(
  'eigh',
  <X extends Operand>(x: X): [eigenvalues: Outcome<X>, eigenvectors: Outcome<X>] => {
    const [w, v] = applyAll('eigh', [floats(x)], {}, 2);
    return [squeeze(w, -2), v] as [Outcome<X>, Outcome<X>];
  },
);

function rcondOf(op: string, options: PinvOptions): number {
  knownOptions(op, options, pinvNames);
  const { rcond } = options;
  if (rcond !== undefined && finite(op, 'rcond', rcond) < 0) throw expected(op, 'rcond of 0 or more', rcond);
  return rcond ?? -1;
}

/**
 * The pseudo-inverse: that of Moore and Penrose. https://keras.io/api/ops/linalg/
 *
 * @param x [..., m, n].
 * @returns [..., n, m].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const pinv = op('pinv', <X extends Operand>(x: X, options: PinvOptions = {}): Outcome<X> => {
  const rcond = rcondOf('pinv', options);
  return apply('pinv', [floats(x)], { rcond }) as Outcome<X>;
});

/**
 * x with the least |a x - b|, and of several such the shortest. https://keras.io/api/ops/linalg/
 *
 * @param a [m, n].
 * @param b [m] or [m, k].
 * @returns [n] or [n, k].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const lstsq = op(
  'lstsq',
  <A extends Operand, B extends Operand>(a: A, b: B, options: PinvOptions = {}): Outcome<A | B> => {
    const rcond = rcondOf('lstsq', options);
    for (const [name, of, ranks] of [
      ['a', a, [2]],
      ['b', b, [1, 2]],
    ] as const)
      if (!(ranks as readonly number[]).includes(typeOf(of).shape.length))
        throw wrongShape('lstsq', `${name} of rank ${ranks.join(' or ')}`, typeOf(of).shape);
    return solved('lstsq', a, b, (m, n) => matmul(apply('pinv', [m], { rcond }), n)) as Outcome<A | B>;
  },
);

/**
 * How many singular values of a matrix are above `tol`. https://keras.io/api/ops/linalg/
 *
 * @param x [..., m, n].
 * @returns int32 [...].
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const matrixRank = op(
  'matrixRank',
  <X extends Operand>(x: X, options: MatrixRankOptions = {}): Outcome<X> => {
    knownOptions('matrixRank', options, rankNames);
    const { tol } = options;
    if (tol !== undefined) finite('matrixRank', 'tol', tol);
    const sides = sidesOf('matrixRank', x);
    const isOpen = sides.some((side) => side < 0);
    if (sides.includes(0) || (isOpen && tol === undefined))
      throw wrongShape(
        'matrixRank',
        `matrices of ${isOpen ? 'known size' : 'at least one number'}`,
        typeOf(x).shape,
      );
    const [, s] = decomposed(x, false);
    const least: Operand =
      tol ?? multiply(max(s, { axis: -1, keepDims: true }), Math.max(...sides) * EPSILON);
    const above = cast(greater(s, least), 'float32');
    return cast(sum(above, { axis: -1 }), 'int32') as Outcome<X>;
  },
);
