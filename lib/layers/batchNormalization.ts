import { type OptionNames, atLeastZero, expected, finite, fraction, knownOptions } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { firstOf, mapTuple } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import { Initializer } from '../initializers/initializer.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/registry.js';
import * as ops from '../ops/index.js';
import { withRank } from '../ops/withRank.js';
import { apply } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseNormalization, type BaseNormalizationOptions } from './baseNormalization.js';
import { sizeOfAxis } from './check.js';
import type { CallContext } from './layer.js';

/** What `layers.batchNormalization` takes. */
export interface BatchNormalizationOptions extends BaseNormalizationOptions {
  /** The channels' axis: 1 after a convolution with `dataFormat: 'channelsFirst'`. Default -1. */
  axis?: number;
  /** The share of the moving statistics that a training step keeps, from 0 to 1. Default 0.99. */
  momentum?: number;
  /** What the moving mean begins as: an object or a name. Default `zeros`. */
  movingMeanInitializer?: InitializerLike;
  /** What the moving variance begins as: an object or a name. Default `ones`. */
  movingVarianceInitializer?: InitializerLike;
  /** Whether training normalizes by separate moving statistics, too (batch renormalization, Ioffe, 2017). Default false. */
  renorm?: boolean;
  /** How far these may correct the batch's: the factor from rmin to rmax, the shift from -dmax to dmax. Default without bounds. */
  renormClipping?: RenormClipping | null;
  /** The share of these statistics that a training step keeps, from 0 to 1. Default 0.99. */
  renormMomentum?: number;
}

/** The bounds of batch renormalization's corrections. */
export interface RenormClipping {
  /** The least factor. */
  rmin?: number | null;
  /** The largest factor, not below `rmin`. */
  rmax?: number | null;
  /** The largest shift, 0 or more. */
  dmax?: number | null;
}

const clippingNames = {
  rmin: 'optional',
  rmax: 'optional',
  dmax: 'optional',
} satisfies OptionNames<RenormClipping>;

const DEFAULTS = defaultsOf<BatchNormalizationOptions>()({
  axis: -1,
  momentum: 0.99,
  movingMeanInitializer: 'zeros',
  movingVarianceInitializer: 'ones',
  renorm: false,
  renormClipping: null,
  renormMomentum: 0.99,
});

/** Normalizes each channel over the batch: made by `layers.batchNormalization`, which says more. */
export class BatchNormalization extends BaseNormalization<BatchNormalizationOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...BaseNormalization.optionNames,
    axis: 'optional',
    momentum: 'optional',
    movingMeanInitializer: 'optional',
    movingVarianceInitializer: 'optional',
    renorm: 'boolean',
    renormClipping: 'optional',
    renormMomentum: 'optional',
  } satisfies OptionNames<BatchNormalizationOptions>;
  readonly className = 'BatchNormalization';
  #movingMean!: Variable;
  #movingVariance!: Variable;
  #movingStddev: Variable | undefined;
  #renormMean: Variable | undefined;
  #renormStddev: Variable | undefined;

  constructor(options: BatchNormalizationOptions = {}) {
    super(withDefaults(options, DEFAULTS));
    const { momentum, renormMomentum, renormClipping } = this.options;
    fraction('batchNormalization', 'momentum', momentum);
    fraction('batchNormalization', 'renormMomentum', renormMomentum);
    if (renormClipping != null) checkClipping(renormClipping);
  }

  override build(inputShape: Shape): void {
    const { axis, movingMeanInitializer, movingVarianceInitializer } = this.options;
    const shape = [sizeOfAxis('batchNormalization', inputShape, axis)];
    this.addGammaAndBeta(shape);
    const statistic = (name: string, initializer: InitializerLike) =>
      this.addWeight({ name, shape, initializer, trainable: false });
    this.#movingMean = statistic('movingMean', movingMeanInitializer);
    this.#movingVariance = statistic('movingVariance', movingVarianceInitializer);
    if (!this.options.renorm) return;
    const root = new RootOf(initializerOf(movingVarianceInitializer));
    this.#movingStddev = statistic('movingStddev', root);
    this.#renormMean = statistic('renormMean', movingMeanInitializer);
    this.#renormStddev = statistic('renormStddev', root);
  }

  call(x: Sym, { training }: CallContext): Sym {
    const { axis, momentum, epsilon, renorm } = this.options;
    const { gamma: scale, beta: offset } = this.gammaAndBeta(x);
    if (!training || !this.trainable) {
      const [mean, variance] = [x.trace.lift(this.#movingMean), x.trace.lift(this.#movingVariance)];
      return ops.batchNormalization(x, mean, variance, { axis, epsilon, scale, offset });
    }
    const affine = renorm ? { scale: undefined, offset: undefined } : { scale, offset };
    const { y, mean, variance } = x.mask
      ? maskedNormalization(x, x.mask, { axis, epsilon, ...affine })
      : ops.batchNormalization(x, undefined, undefined, { axis, epsilon, ...affine });
    moved(this.#movingMean, mean, momentum);
    if (renorm) return this.#renormalized(y, mean, variance, scale, offset);
    moved(this.#movingVariance, variance, momentum);
    return y;
  }

  /** (y · r + d) · scale + offset, where r and d lead from the batch's statistics to the moving ones; moves the latter. */
  #renormalized(y: Sym, mean: Sym, variance: Sym, scale: Sym | undefined, offset: Sym | undefined): Sym {
    const { axis, momentum, epsilon, renormMomentum } = this.options;
    const { rmin, rmax, dmax } = this.options.renormClipping ?? {};
    const [renormMean, renormStddev, movingStddev] = [
      this.#renormMean!,
      this.#renormStddev!,
      this.#movingStddev!,
    ];
    const stddev = ops.sqrt(ops.add(variance, epsilon));
    const divisor = ops.maximum(y.trace.lift(renormStddev), Math.sqrt(epsilon));
    let r = ops.stopGradient(ops.divide(stddev, divisor));
    let d = ops.stopGradient(ops.divide(ops.subtract(mean, renormMean), divisor));
    if (rmin != null) r = ops.maximum(r, rmin);
    if (rmax != null) r = ops.minimum(r, rmax);
    if (dmax != null) d = ops.minimum(ops.maximum(d, -dmax), dmax);
    moved(renormMean, mean, renormMomentum);
    moved(renormStddev, stddev, renormMomentum);
    const root = moved(movingStddev, stddev, momentum);
    this.#movingVariance.assign(ops.relu(ops.subtract(ops.square(root), epsilon)));
    const along = (vector: Sym) => {
      const shape = Array<number>(y.rank).fill(1);
      shape[axis < 0 ? axis + y.rank : axis] = firstOf(vector.shape);
      return ops.reshape(vector, shape);
    };
    const factor = scale ? ops.multiply(r, scale) : r;
    const product = scale ? ops.multiply(d, scale) : d;
    const shift = offset ? ops.add(product, offset) : product;
    return ops.add(ops.multiply(y, along(factor)), along(shift));
  }

  override getConfig() {
    const { axis, momentum, renorm, renormClipping, renormMomentum } = this.options;
    const initializer = (given: InitializerLike) => initializerConfig(initializerOf(given));
    return {
      ...super.getConfig(),
      ...{ axis, momentum, renorm, renormClipping, renormMomentum },
      movingMeanInitializer: initializer(this.options.movingMeanInitializer),
      movingVarianceInitializer: initializer(this.options.movingVarianceInitializer),
    };
  }
}

/** Moves a statistic towards the batch's. */
function moved(moving: Variable, batch: Sym, momentum: number): Sym {
  const before = ops.multiply(batch.trace.lift(moving), momentum);
  const value = ops.add(before, ops.multiply(batch, 1 - momentum));
  moving.assign(value);
  return value;
}

function checkClipping(given: RenormClipping): void {
  knownOptions('batchNormalization', given, clippingNames);
  const { rmin, rmax, dmax } = given;
  for (const [name, bound] of Object.entries({ rmin, rmax }))
    if (bound != null) finite('batchNormalization', name, bound);
  if (dmax != null) atLeastZero('batchNormalization', 'dmax', dmax);
  if (rmin != null && rmax != null && rmax < rmin)
    throw expected('batchNormalization', `an rmax of at least the rmin ${rmin}`, rmax);
}

/** The roots of what another initializer makes. */
class RootOf extends Initializer {
  readonly className = 'RootOf';

  constructor(private readonly start: Initializer) {
    super();
  }

  protected draw(shape: readonly number[]) {
    return ops.sqrt(this.start.tensor(shape));
  }
}

/** By the mean and variance of the steps that the mask counts, as in Keras. */
function maskedNormalization(
  x: Sym,
  mask: Sym,
  options: { axis: number; epsilon: number; scale: Sym | undefined; offset: Sym | undefined },
) {
  const channels = options.axis < 0 ? options.axis + x.rank : options.axis;
  const axis = Array.from({ length: x.rank }, (_, i) => i).filter((i) => i !== channels);
  const steps = withRank(mask, x.rank);
  const counted = (values: Sym) => ops.sum(ops.where(steps, values, 0), { axis, keepDims: true });
  // Keras's epsilon: nothing is divided by 0 where nothing counts.
  const count = ops.add(counted(apply<number | Sym>('broadcastLike', [1, x])), 1e-7);
  const mean = ops.divide(counted(x), count);
  const variance = ops.divide(counted(ops.square(ops.subtract(x, mean))), count);
  const [flatMean, flatVariance] = mapTuple([mean, variance], (value) => ops.reshape(value, [-1]));
  return {
    y: ops.batchNormalization(x, flatMean, flatVariance, options),
    mean: flatMean,
    variance: flatVariance,
  };
}

/**
 * gamma · (x − mean) / √(variance + epsilon) + beta for each channel: float32 of any shape [n, ...], to the same. While training, mean
 * and variance are the batch's, and each step moves the moving statistics towards them: moving · momentum + batch · (1 − momentum),
 * with the biased variance. Else, and where the layer is not `trainable`, they are the moving ones. Ioffe and Szegedy, 2015,
 * https://arxiv.org/abs/1502.03167, https://keras.io/api/layers/normalization_layers/batch_normalization/
 *
 * Weights, in order: gamma, beta, movingMean, movingVariance, with `renorm` also movingStddev, renormMean and renormStddev, each float32
 * [channels]; those after beta are not trained. `renorm`: https://arxiv.org/abs/1702.03275
 *
 * @throws EngineError `ARGUMENT` for a momentum outside of 0 to 1 or an epsilon below 0; `SHAPE`, when applied, for an axis that is
 *   not there.
 * @example
 *     new Sequential([
 *       layers.input({ shape: [8, 8, 3] }),
 *       layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
 *       layers.batchNormalization(),
 *       layers.relu(),
 *     ]);
 */
export const batchNormalization = (options?: BatchNormalizationOptions) => new BatchNormalization(options);
