import { axisOf } from './axis.js';
import { asSym } from './composed.js';
import { type OptionNames, expected, integers, knownOptions, wrongShape } from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { Sym } from '../core/sym.js';
import { type Operand, type Outcome, applyFloat, symbolic, typeOf } from '../core/apply.js';
import { add, multiply, subtract } from './binary.js';
import { type ReduceOptions, mean } from './reduce.js';
import { broadcastTo, reshape } from './shape.js';
import { cast, rsqrt, square } from './unary.js';
import { op } from '../core/op.js';

/** What `ops.batchNormalization` takes. */
export interface BatchNormalizationOptions<T extends Operand = Operand> {
  /** The channels' axis. Default -1. */
  axis?: number;
  /** What is added to each channel, float32 [channels]. Default none. */
  offset?: T;
  /** What each channel is multiplied by, float32 [channels]. Default none. */
  scale?: T;
  /** Added to the variance. Default 0.001. */
  epsilon?: number;
}

/** What `ops.layerNormalization` takes. */
export interface LayerNormalizationOptions<T extends Operand = Operand> {
  /** The axis or axes over which a sample is normalized. Default -1. */
  axis?: number | readonly number[];
  /** Added to the variance. Default 1e-7. */
  epsilon?: number;
  /** What the result is multiplied by, float32 of the axes' sizes. Default none. */
  gamma?: T;
  /** What is added to the result, float32 of the axes' sizes. Default none. */
  beta?: T;
}

/** What `ops.batchNormalization` returns where the statistics are the batch's own. */
export interface BatchNormalizationResult {
  /** The normalized numbers, of x's shape. */
  y: Sym;
  /** The batch's mean of each channel, [channels]. */
  mean: Sym;
  /** The batch's biased variance of each channel, [channels]. */
  variance: Sym;
}

/** What `ops.rmsNormalization` takes. */
export interface RmsNormalizationOptions<T extends Operand = Operand> {
  /** What the result is multiplied by, float32 of the axes' sizes, in the order of the axes. Default none. */
  scale?: T;
  /** The axis or axes over which a sample is normalized. Default -1. */
  axis?: number | readonly number[];
  /** Added to the mean of the squares. Default 1e-7. */
  epsilon?: number;
}

const batchNormalizationNames = {
  axis: 'optional',
  offset: 'optional',
  scale: 'optional',
  epsilon: 'optional',
} satisfies OptionNames<BatchNormalizationOptions>;
const momentsNames = { axis: 'optional', keepDims: 'boolean' } satisfies OptionNames<ReduceOptions>;
const layerNormalizationNames = {
  axis: 'optional',
  epsilon: 'optional',
  gamma: 'optional',
  beta: 'optional',
} satisfies OptionNames<LayerNormalizationOptions>;
const rmsNormalizationNames = {
  scale: 'optional',
  axis: 'optional',
  epsilon: 'optional',
} satisfies OptionNames<RmsNormalizationOptions>;

/** What {@link batchNormalization} is: two functions, for given numbers and for those of the batch. */
interface BatchNormalization {
  /**
   * Normalizes each channel by its mean and variance: scale · (x − mean) / √(variance + epsilon) + offset. Ioffe and Szegedy, 2015,
   * https://arxiv.org/abs/1502.03167, https://keras.io/api/ops/nn/
   *
   * @param x float32 of any rank. Without mean and variance: a symbolic value of rank 2 or more.
   * @param mean float32 [channels].
   * @param variance float32 [channels].
   * @returns Of x's shape.
   * @throws EngineError `SHAPE` where the channels do not fit, or for a batch without numbers; `ATTRIBUTE` for an axis that x does not
   *   have; `ARGUMENT` where only one of mean and variance is given.
   */
  <X extends Operand, P extends Operand>(
    x: X,
    mean: P,
    variance: P,
    options?: BatchNormalizationOptions<P>,
  ): Outcome<X | P>;
  /**
   * Normalizes each channel by the mean and variance of the batch itself, as batch normalization trains: one kernel, whose gradient
   * reaches x by way of the statistics, too.
   *
   * @returns Besides y the statistics, for moving averages.
   * @example
   *     const normalize = compile((x: Sym) => {
   *       const { y, mean } = ops.batchNormalization(x, undefined, undefined, { epsilon: 1e-5 });
   *       return { y, mean };
   *     });
   *     const { y } = await normalize(tensor([[1, 2], [3, 6]])); // about [[-1, -1], [1, 1]]
   */
  (
    x: Sym,
    mean?: undefined,
    variance?: undefined,
    options?: BatchNormalizationOptions,
  ): BatchNormalizationResult;
}

function normalized(
  x: Operand,
  mean?: Operand,
  variance?: Operand,
  options: BatchNormalizationOptions = {},
): BatchNormalizationResult | Outcome<Operand> {
  knownOptions('batchNormalization', options, batchNormalizationNames);
  const { axis = -1, epsilon = 1e-3, offset, scale } = options;
  if (mean === undefined && variance === undefined) return normalizedByItself(asSym(x), options);
  if (mean === undefined || variance === undefined)
    throw expected('batchNormalization', 'both mean and variance, or none', mean ?? variance);
  const inverse = rsqrt(add(variance, epsilon));
  const factor = scale === undefined ? inverse : multiply(inverse, scale);
  const product = multiply(mean, factor);
  const shift = offset === undefined ? multiply(product, -1) : subtract(offset, product);
  const rank = typeOf(x).shape.length;
  const along = (vector: Operand) =>
    reshapedTo('batchNormalization', vector, rank, [axisOf('batchNormalization', axis, rank)]);
  return add(multiply(x, along(factor)), along(shift));
}

/**
 * Normalizes each channel: scale · (x − mean) / √(variance + epsilon) + offset, by given numbers, or without `mean` and `variance` by those
 * of the batch itself, which it then returns, too. https://keras.io/api/ops/nn/
 */
export const batchNormalization: BatchNormalization = op(
  'batchNormalization',
  normalized as BatchNormalization,
);

function normalizedByItself(x: Sym, options: BatchNormalizationOptions): BatchNormalizationResult {
  if (!(x instanceof Sym)) {
    throw expected('batchNormalization', 'mean and variance, or as x a symbolic value inside compile()', x);
  }
  const { axis = -1, epsilon = 1e-3, scale, offset } = options;
  const { trace, shape } = x;
  const channels = [itemAt(shape, axisOf('batchNormalization', axis, shape.length))];
  const vector = (given: Operand | undefined, fill: number): Sym =>
    given === undefined ? trace.constant(fill, 'float32', channels) : floatOf(symbolic(trace, given));
  const inputs = [floatOf(x), vector(scale, 1), vector(offset, 0)];
  const [y, mean, variance] = atLeast(trace.op('batchNormalization', inputs, { axis, epsilon }), 3);
  return { y, mean, variance };
}

/**
 * Mean and (biased) variance over axes. https://keras.io/api/ops/nn/
 *
 * @param x float32.
 * @returns Two values of x's shape without the axes, or with them of size 1.
 */
export const moments = op(
  'moments',
  <X extends Operand>(x: X, options: ReduceOptions = {}): [Outcome<X>, Outcome<X>] => {
    knownOptions('moments', options, momentsNames);
    const center = mean(x, { axis: options.axis, keepDims: true });
    const variance = mean(square(subtract(x, center)), options);
    return [mean(x, options), variance as Outcome<X>];
  },
);

/**
 * Normalizes each sample by its own mean and variance over axes: gamma · (x − mean) / √(variance + epsilon) + beta. Ba, Kiros
 * and Hinton, 2016, https://arxiv.org/abs/1607.06450, https://keras.io/api/ops/nn/
 *
 * @param x float32.
 * @returns Of x's shape.
 * @throws EngineError `SHAPE` where gamma or beta do not have the axes' sizes; `ATTRIBUTE` for an axis that x does not have.
 */
export const layerNormalization = op(
  'layerNormalization',
  <X extends Operand, P extends Operand = X>(
    x: X,
    options: LayerNormalizationOptions<P> = {},
  ): Outcome<X | P> => {
    knownOptions('layerNormalization', options, layerNormalizationNames);
    const { axis = -1, epsilon = 1e-7, gamma, beta } = options;
    const rank = typeOf(x).shape.length;
    const axes = (typeof axis === 'number' ? [axis] : axis).map((a) => axisOf('layerNormalization', a, rank));
    const sizes = axes.map((a) => itemAt(typeOf(x).shape, a));
    // The fused op normalizes over the last axes.
    if (axes.every((a, i) => a === rank - axes.length + i) && sizes.every((size) => size >= 0)) {
      const operands = [x, gamma ?? broadcastTo(1, sizes), beta ?? broadcastTo(0, sizes)];
      return applyFloat('layerNormalization', operands, { epsilon });
    }
    const centred = subtract(x, mean(x, { axis: axes, keepDims: true }));
    const variance = mean(square(centred), { axis: axes, keepDims: true });
    let y: Operand = multiply(centred, rsqrt(add(variance, epsilon)));
    if (gamma !== undefined) y = multiply(y, reshapedTo('layerNormalization', gamma, rank, axes));
    if (beta !== undefined) y = add(y, reshapedTo('layerNormalization', beta, rank, axes));
    return y as Outcome<X | P>;
  },
);

/**
 * Divides each sample by the root of the mean of its squares over axes: scale · x / √(mean of x² + epsilon). Zhang and Sennrich, 2019,
 * https://arxiv.org/abs/1910.07467, https://keras.io/api/ops/nn/#rms_normalization-function
 *
 * @param x float32.
 * @returns Of x's shape.
 * @throws EngineError `SHAPE` where scale does not have the axes' sizes; `ATTRIBUTE` for an axis that x does not have.
 */
export const rmsNormalization = op(
  'rmsNormalization',
  <X extends Operand, P extends Operand = X>(
    x: X,
    options: RmsNormalizationOptions<P> = {},
  ): Outcome<X | P> => {
    knownOptions('rmsNormalization', options, rmsNormalizationNames);
    const { scale, axis = -1, epsilon = 1e-7 } = options;
    const rank = typeOf(x).shape.length;
    const given = integers('rmsNormalization', 'axis', axis);
    const axes = given.map((a) => axisOf('rmsNormalization', a, rank)).sort((a, b) => a - b);
    const squares = mean(square(x), { axis: axes, keepDims: true });
    const y: Operand = multiply(x, rsqrt(add(squares, epsilon)));
    return (
      scale === undefined ? y : multiply(y, reshapedTo('rmsNormalization', scale, rank, axes))
    ) as Outcome<X | P>;
  },
);

const floatOf = (x: Sym): Sym => (x.dtype === 'float32' ? x : cast(x, 'float32'));

/** A value of the axes' sizes so that it broadcasts along them. @throws EngineError `SHAPE` for fewer sizes than axes. */
function reshapedTo(op: string, value: Operand, rank: number, axes: readonly number[]): Sym {
  const { shape } = typeOf(value);
  if (axes.every((axis, i) => axis === rank - axes.length + i)) return asSym(value);
  if (shape.length < axes.length) throw wrongShape(op, `a size for each of ${axes.length} axes`, shape);
  const full = Array<number>(rank).fill(1);
  axes.forEach((axis, i) => (full[axis] = itemAt(shape, i)));
  return reshape(asSym(value), full);
}
