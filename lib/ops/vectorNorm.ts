import { type OptionNames, expected, integers, knownOptions } from '../base/checks.js';
import { asSym } from './composed.js';
import { atLeast } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { axisOf } from './axis.js';
import { notEqual, power } from './binary.js';
import { svd } from './linalg.js';
import { max, min, sum } from './reduce.js';
import { rootOf } from './rootOf.js';
import { expandDims, reshape, transpose } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import { abs, cast, square } from './unary.js';
import type { Sym } from '../core/sym.js';

/** What `ops.norm` takes. */
export interface NormOptions {
  /**
   * Of vectors a number p: the p-th root of the sum of |x|ᵖ, with 0 how many are not 0, with ±Infinity the largest or least |x|. Of matrices
   * `fro`: the root of the sum of squares; `nuc`: the sum of the singular values; ±1 and ±Infinity: the largest or least sum of |x| of a
   * column or row; ±2: the largest or least singular value. By default the root of the sum of squares.
   */
  ord?: number | 'fro' | 'nuc';
  /** One axis of vectors or two of matrices. By default all numbers, which with an `ord` have to be a vector or a matrix. */
  axis?: number | readonly number[];
  /** Keep the axes with size 1. Default false. */
  keepDims?: boolean;
}

const normNames = {
  ord: 'optional',
  axis: 'optional',
  keepDims: 'boolean',
} satisfies OptionNames<NormOptions>;

function vectorNorm(x: Sym, ord: number, axis: number[], keepDims: boolean): Sym {
  const over = { axis, keepDims };
  if (ord === 2) return rootOf(sum(square(x), over));
  if (ord === 0) return sum(cast(notEqual(x, 0), 'float32'), over);
  if (ord === Infinity) return max(abs(x), over);
  if (ord === -Infinity) return min(abs(x), over);
  if (ord === 1) return sum(abs(x), over);
  return power(sum(power(abs(x), ord), over), 1 / ord);
}

function matrixNorm(
  x: Operand,
  ord: number | 'nuc',
  [rows, columns]: readonly [number, number, ...number[]],
  keepDims: boolean,
): Operand {
  const rank = typeOf(x).shape.length;
  const restore = (y: Sym): Sym =>
    keepDims ? [rows, columns].sort((a, b) => a - b).reduce((all, axis) => expandDims(all, axis), y) : y;
  const extreme = typeof ord === 'number' && ord < 0 ? min : max;
  if (ord === 'nuc' || Math.abs(ord) === 2) {
    const rest = [...Array(rank).keys()].filter((axis) => axis !== rows && axis !== columns);
    const values = svd(transpose(x, [...rest, rows, columns]), { computeUv: false }) as Sym;
    return restore(ord === 'nuc' ? sum(values, { axis: -1 }) : extreme(values, { axis: -1 }));
  }
  const [along, across] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows];
  const sums = sum(abs(x), { axis: along, keepDims: true });
  const made = extreme(sums, { axis: across, keepDims: true });
  return keepDims
    ? made
    : reshape(
        made,
        typeOf(x).shape.filter((_, axis) => axis !== rows && axis !== columns),
      );
}

/**
 * The norm of vectors or matrices. https://keras.io/api/ops/linalg/
 *
 * @param x Of any shape; of whole numbers too.
 * @returns float32 of x's shape without the axes, or with them of size 1.
 * @throws EngineError `ARGUMENT` for an `ord` that there is not; `ATTRIBUTE` for an axis that x does not have.
 * @example ops.norm([3, 4]); // 5
 */
export const norm = op('norm', <X extends Operand>(x: X, options: NormOptions = {}): Outcome<X> => {
  knownOptions('norm', options, normNames);
  const { ord, axis, keepDims = false } = options;
  const rank = typeOf(x).shape.length;
  const axes =
    axis === undefined
      ? [...Array(rank).keys()]
      : integers('norm', 'axis', axis).map((n) => axisOf('norm', n, rank));
  const floats = toFloat32(asSym(x));
  if (ord === undefined && (axis === undefined || axes.length <= 2))
    return vectorNorm(floats, 2, axes, keepDims) as Outcome<X>;
  if (axes.length < 1 || axes.length > 2 || new Set(axes).size !== axes.length)
    throw expected('norm', 'one axis of vectors or two of matrices', axis ?? typeOf(x).shape);
  if (axes.length === 1) {
    if (typeof ord !== 'number' || Number.isNaN(ord))
      throw expected('norm', 'a number as ord of vectors', ord);
    return vectorNorm(floats, ord, axes, keepDims) as Outcome<X>;
  }
  if (ord === 'fro') return vectorNorm(floats, 2, axes, keepDims) as Outcome<X>;
  if (ord !== 'nuc' && ![1, -1, 2, -2, Infinity, -Infinity].includes(ord!))
    throw expected('norm', "'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity as ord of matrices", ord);
  return matrixNorm(floats, ord!, atLeast(axes, 2), keepDims) as Outcome<X>;
});
