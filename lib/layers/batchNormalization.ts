import { type OptionNames, atLeastZero, fraction } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/registry.js';
import * as ops from '../ops/index.js';
import { apply } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { sizeOfAxis } from './check.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import {
  type BetaOptions,
  type GammaOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.batchNormalization` takes. */
export interface BatchNormalizationOptions extends LayerOptions, GammaOptions, BetaOptions {
  /** The channels' axis: 1 behind a convolution with `dataFormat: 'channelsFirst'`. Default -1. */
  axis?: number;
  /** The share of the moving statistics that a training step keeps, from 0 to 1. Default 0.99. */
  momentum?: number;
  /** Added to the variance, 0 or more, so that nothing is divided by 0. Default 0.001. */
  epsilon?: number;
  /** Whether beta is added. Default true. */
  center?: boolean;
  /** Whether the result is multiplied by gamma. Default true. */
  scale?: boolean;
  /** What the moving mean begins as: an object or a name. Default `zeros`. */
  movingMeanInitializer?: InitializerLike;
  /** What the moving variance begins as: an object or a name. Default `ones`. */
  movingVarianceInitializer?: InitializerLike;
}

/** Normalizes each channel over the batch: made by `layers.batchNormalization`, which says more. */
export class BatchNormalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
    momentum: 'optional',
    epsilon: 'optional',
    center: 'boolean',
    scale: 'boolean',
    movingMeanInitializer: 'optional',
    movingVarianceInitializer: 'optional',
    ...weightNames('gamma'),
    ...weightNames('beta'),
  } satisfies OptionNames<BatchNormalizationOptions>;
  readonly className = 'BatchNormalization';
  override readonly supportsMasking = true;
  /** The options as given. */
  readonly options: BatchNormalizationOptions;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #movingMean!: Variable;
  #movingVariance!: Variable;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    atLeastZero('batchNormalization', 'epsilon', epsilon);
    fraction('batchNormalization', 'momentum', momentum);
    this.options = options;
  }

  override build(inputShape: Shape): void {
    const { axis = -1, center = true, scale = true } = this.options;
    const shape = [sizeOfAxis('batchNormalization', inputShape, axis)];
    const { movingMeanInitializer = 'zeros', movingVarianceInitializer = 'ones' } = this.options;
    const gamma = weightOptions(this.options, 'gamma', 'ones');
    if (scale) this.#gamma = this.addWeight({ name: 'gamma', shape, ...gamma });
    const beta = weightOptions(this.options, 'beta', 'zeros');
    if (center) this.#beta = this.addWeight({ name: 'beta', shape, ...beta });
    const statistic = (name: string, initializer: InitializerLike) =>
      this.addWeight({ name, shape, initializer, trainable: false });
    this.#movingMean = statistic('movingMean', movingMeanInitializer);
    this.#movingVariance = statistic('movingVariance', movingVarianceInitializer);
  }

  call(x: Sym, { training }: CallContext): Sym {
    const { axis = -1, momentum = 0.99, epsilon = 1e-3 } = this.options;
    const lifted = (weight: Variable | undefined) => weight && x.trace.lift(weight);
    const [scale, offset] = [lifted(this.#gamma), lifted(this.#beta)];
    if (!training || !this.trainable) {
      const [mean, variance] = [x.trace.lift(this.#movingMean), x.trace.lift(this.#movingVariance)];
      return ops.batchNormalization(x, mean, variance, { axis, epsilon, scale, offset });
    }
    const { y, mean, variance } = x.mask
      ? maskedNormalization(x, x.mask, { axis, epsilon, scale, offset })
      : ops.batchNormalization(x, undefined, undefined, { axis, epsilon, scale, offset });
    const move = (moving: Variable, batch: Sym) => {
      moving.assign(ops.add(ops.multiply(x.trace.lift(moving), momentum), ops.multiply(batch, 1 - momentum)));
    };
    move(this.#movingMean, mean);
    move(this.#movingVariance, variance);
    return y;
  }

  override getConfig() {
    const { axis = -1, momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = this.options;
    const initializer = (given: InitializerLike) => initializerConfig(initializerOf(given));
    return {
      ...super.getConfig(),
      ...{ axis, momentum, epsilon, center, scale },
      ...weightConfig(this.options, 'gamma', 'ones'),
      ...weightConfig(this.options, 'beta', 'zeros'),
      movingMeanInitializer: initializer(this.options.movingMeanInitializer ?? 'zeros'),
      movingVarianceInitializer: initializer(this.options.movingVarianceInitializer ?? 'ones'),
    };
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
  let steps = mask;
  while (steps.rank < x.rank) steps = ops.expandDims(steps, -1);
  const counted = (values: Sym) => ops.sum(ops.where(steps, values, 0), { axis, keepDims: true });
  // Keras's epsilon: nothing is divided by 0 where nothing counts.
  const count = ops.add(counted(apply<number | Sym>('broadcastLike', [1, x])), 1e-7);
  const mean = ops.divide(counted(x), count);
  const variance = ops.divide(counted(ops.square(ops.subtract(x, mean))), count);
  const [flatMean, flatVariance] = [mean, variance].map((value) => ops.reshape(value, [-1]));
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
 * Weights, in order: gamma, beta, movingMean, movingVariance, each float32 [channels]; the last two are not trained.
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
