import { type OptionNames, knownOptions, oneOf, wrongShape } from '../base/checks.js';
import { lastOf } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { axisOf, reduceNames, sizeAlong } from './axis.js';
import { divide, maximum, minimum, multiply, subtract } from './binary.js';
import { asSym, compute, outcomeOf } from './composed.js';
import { conv } from './conv.js';
import { matmul } from './matmul.js';
import { type ReduceOptions, max, mean, min, sum } from './reduce.js';
import { rootOf } from './rootOf.js';
import { expandDims, reshape } from './shape.js';
import { pad } from './pad.js';
import { slice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { cast, square } from './unary.js';
import { isWhole } from './wholeReductions.js';

/** The mean of the squared distances from the mean. */
const varianceOf = (x: Sym, options: ReduceOptions): Sym =>
  mean(square(subtract(x, mean(x, { ...options, keepDims: true }))), options);

/**
 * The variance over axes, `ops.var`: the mean of the squared distances from the mean; float32. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 * @throws EngineError `SHAPE` for no numbers; `ATTRIBUTE` for an axis that x does not have.
 * @example ops.var([1, 2, 3, 4]); // 1.25
 */
const variance = op('var', <T extends Operand>(x: T, options: ReduceOptions = {}): Outcome<T> => {
  knownOptions('var', options, reduceNames);
  return compute(x, (x) => varianceOf(toFloat32(x), options));
});
export { variance as var };

/**
 * The standard deviation over axes: the root of {@link var}; float32, with gradient 0 where it is 0. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: one or several, default all. `keepDims`: default false.
 * @throws EngineError `SHAPE` for no numbers; `ATTRIBUTE` for an axis that x does not have.
 */
export const std = op('std', <T extends Operand>(x: T, options: ReduceOptions = {}): Outcome<T> => {
  knownOptions('std', options, reduceNames);
  return compute(x, (x) => rootOf(varianceOf(toFloat32(x), options)));
});

/** The largest number over axes less the smallest; float32, of whole numbers int32. https://keras.io/api/ops/numpy/ @throws EngineError `SHAPE` for no numbers. */
export const ptp = op('ptp', <T extends Operand>(x: T, options: ReduceOptions = {}): Outcome<T> => {
  knownOptions('ptp', options, reduceNames);
  return compute(x, (x) => {
    const numbers = isWhole(x) ? cast(x, 'int32') : x;
    return subtract(max(numbers, options), min(numbers, options));
  });
});

/** What `ops.average` takes. */
export interface AverageOptions<W extends Operand = Operand> {
  /** One axis or several. Default all. */
  axis?: number | readonly number[];
  /** How much each number counts: of x's shape, or a list for the places along one axis. Default all the same. */
  weights?: W;
}

const averageNames = { axis: 'optional', weights: 'optional' } satisfies OptionNames<AverageOptions>;

/**
 * The weighted mean over axes, Σ weights · x / Σ weights; float32. https://keras.io/api/ops/numpy/
 *
 * @param options `axis`: default all. `weights`: of x's shape, or a list for the places along one axis.
 * @throws EngineError `SHAPE` for weights of another shape, and for a list without one axis.
 * @example ops.average([1, 4], { weights: [2, 1] }); // 2
 */
export const average = op(
  'average',
  <X extends Operand, W extends Operand = X>(x: X, options: AverageOptions<W> = {}): Outcome<X | W> => {
    knownOptions('average', options, averageNames);
    const { axis, weights } = options;
    if (weights === undefined) return outcomeOf(mean(asSym(x), { axis }));
    const numbers = toFloat32(asSym(x));
    const shares = toFloat32(asSym(weights));
    const [{ shape }, { shape: own }] = [typeOf(numbers), typeOf(shares)];
    if (own.length !== shape.length)
      return outcomeOf(divide(sum(multiply(numbers, placed(shares, shape, axis)), { axis }), sum(shares)));
    if (!own.every((n, i) => meets(n, shape[i])))
      throw wrongShape('average', `weights of shape [${shape.join(', ')}]`, own);
    return outcomeOf(divide(sum(multiply(numbers, shares), { axis }), sum(shares, { axis })));
  },
);

/** Whether two sizes are the same, as far as they are known. */
const meets = (a = -1, b = -1): boolean => a < 0 || b < 0 || a === b;

/** A list of weights along one axis. */
function placed(weights: Sym, shape: readonly number[], axis: AverageOptions['axis']): Sym {
  const own = typeOf(weights).shape;
  if (own.length !== 1 || typeof axis !== 'number')
    throw wrongShape('average', `weights of x's shape [${shape.join(', ')}], or a list and one axis`, own);
  const at = axisOf('average', axis, shape.length);
  if (!meets(own[0], shape[at])) throw wrongShape('average', `${shape[at]} weights along axis ${at}`, own);
  return reshape(
    weights,
    shape.map((_, i) => (i === at ? -1 : 1)),
  );
}

/**
 * Pearson's correlation of each row with each; float32. https://keras.io/api/ops/numpy/
 *
 * @param x [variables, observations].
 * @returns [variables, variables], from −1 to 1; NaN for a row of equal numbers.
 * @throws EngineError `SHAPE` for another rank.
 */
export const corrcoef = op('corrcoef', <T extends Operand>(x: T): Outcome<T> => {
  const { shape } = typeOf(x);
  if (shape.length !== 2) throw wrongShape('corrcoef', 'x of rank 2', shape);
  return compute(x, (x) => {
    const rows = toFloat32(x);
    const centred = subtract(rows, mean(rows, { axis: 1, keepDims: true }));
    const unit = divide(centred, rootOf(sum(square(centred), { axis: 1, keepDims: true })));
    return minimum(maximum(matmul(unit, unit, { transposeB: true }), -1), 1);
  });
});

/** What `ops.correlate` takes. */
export interface CorrelateOptions {
  /** Where both overlap wholly ('valid'), as many places as the longer one has ('same'), or wherever they meet ('full'). Default 'valid'. */
  mode?: 'valid' | 'same' | 'full';
}

const correlateNames = { mode: 'optional' } satisfies OptionNames<CorrelateOptions>;

/**
 * The sums of products of two lists, one moved along the other: y[k] = Σ x1[n + k] · x2[n]; float32. https://keras.io/api/ops/numpy/
 *
 * @param x1 A list of length m, which has to be known but for 'full'.
 * @param x2 A list of known length n.
 * @param options `mode`: 'valid' (default), of length max(m, n) − min(m, n) + 1; 'same', max(m, n); 'full', m + n − 1.
 * @throws EngineError `SHAPE` for other ranks and empty lists; `ARGUMENT` for another mode.
 * @example ops.correlate([1, 2, 3], [0, 1]); // [2, 3]
 */
export const correlate = op(
  'correlate',
  <A extends Operand, B extends Operand>(x1: A, x2: B, options: CorrelateOptions = {}): Outcome<A | B> => {
    knownOptions('correlate', options, correlateNames);
    const mode = oneOf('correlate', 'mode', options.mode ?? 'valid', ['valid', 'same', 'full']);
    for (const { shape } of [typeOf(x1), typeOf(x2)])
      if (shape.length !== 1 || shape[0] === 0) throw wrongShape('correlate', 'lists with numbers', shape);
    const size = (x: Operand) => sizeAlong('correlate', typeOf(x).shape, 0);
    const n = size(x2);
    const wide = pad(toFloat32(asSym(x1)), [[n - 1, n - 1]]);
    const full = reshape(conv(reshape(wide, [1, -1, 1]), reshape(toFloat32(asSym(x2)), [-1, 1, 1])), [-1]);
    if (mode === 'full') return outcomeOf(full);
    const m = size(x1);
    const [less, more] = [Math.min(m, n), Math.max(m, n)];
    if (mode === 'valid') return outcomeOf(slice(full, less - 1, more - less + 1));
    // As numpy, whose middle is that of the shorter one, seen from the longer one.
    const half = Math.floor(less / 2);
    return outcomeOf(slice(full, m >= n ? less - 1 - half : half, more));
  },
);

/**
 * The Euclidean distances of each vector of x to each of y; float32, with gradient 0 at distance 0. https://keras.io/api/ops/math/
 *
 * @param x [..., m, d].
 * @param y [..., n, d]; leading axes broadcast.
 * @returns [..., m, n].
 * @throws EngineError `SHAPE` for ranks below 2 and another d.
 */
export const cdist = op('cdist', <X extends Operand, Y extends Operand>(x: X, y: Y): Outcome<X | Y> => {
  const [a, b] = [typeOf(x).shape, typeOf(y).shape];
  if (a.length < 2 || b.length < 2) throw wrongShape('cdist', 'vectors [..., n, d]', a.length < 2 ? a : b);
  if (!meets(lastOf(a), lastOf(b))) throw wrongShape('cdist', `vectors of ${lastOf(a)} numbers as y`, b);
  const apart = subtract(expandDims(toFloat32(asSym(x)), -2), expandDims(toFloat32(asSym(y)), -3));
  return outcomeOf(rootOf(sum(square(apart), { axis: -1 })));
});
