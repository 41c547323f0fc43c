import type { OptionNames } from '../checks.js';
import type { Shape } from '../engine.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/index.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { Variable } from '../variable.js';
import { checkEpsilon, sizeOfAxis } from './check.js';
import { EngineError, describe } from '../errors.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { type OptionsOf, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** gamma begins as `ones`, beta as `zeros`. */
export interface BatchNormalizationOptions extends LayerOptions, OptionsOf<'gamma'>, OptionsOf<'beta'> {
  /** The channels' axis: 1 behind a convolution with `dataFormat: 'channelsFirst'`. Default -1. */
  axis?: number;
  /** How much of the moving statistics a training step keeps. Default 0.99. */
  momentum?: number;
  /** Added to the variance. Default 0.001. */
  epsilon?: number;
  /** Whether beta is added. Default true. */
  center?: boolean;
  /** Whether the result is multiplied by gamma. Default true. */
  scale?: boolean;
  /** Default `zeros`. */
  movingMeanInitializer?: InitializerLike;
  /** Default `ones`. */
  movingVarianceInitializer?: InitializerLike;
}

/**
 * gamma · (x − mean) / √(variance + epsilon) + beta for each channel, of any shape. While training, mean and variance are the
 * batch's, and each step moves the moving statistics towards them: moving · momentum + batch · (1 − momentum), with the biased
 * variance. Else, and where the layer is not `trainable`, they are the moving ones. Ioffe and Szegedy, 2015,
 * https://arxiv.org/abs/1502.03167, https://keras.io/api/layers/normalization_layers/batch_normalization/
 *
 * Weights, in order: gamma, beta, movingMean, movingVariance, each float32 [channels].
 */
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
  readonly options: BatchNormalizationOptions;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #movingMean!: Variable;
  #movingVariance!: Variable;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    checkEpsilon('batchNormalization', epsilon);
    if (typeof momentum !== 'number' || !(momentum >= 0 && momentum <= 1)) {
      throw new EngineError(
        'ARGUMENT',
        `[batchNormalization] expected a momentum from 0 to 1, received ${describe(momentum)}`,
      );
    }
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
    if (!training || !this.trainable) {
      const [mean, variance] = [x.trace.lift(this.#movingMean), x.trace.lift(this.#movingVariance)];
      const lifted = (weight: Variable | undefined) => weight && x.trace.lift(weight);
      const [scale, offset] = [lifted(this.#gamma), lifted(this.#beta)];
      return ops.batchNormalization(x, mean, variance, { axis, epsilon, scale, offset });
    }
    const { shape } = this.#movingMean;
    const gamma = this.#gamma ?? x.trace.constant(1, 'float32', shape);
    const beta = this.#beta ?? x.trace.constant(0, 'float32', shape);
    const { y, mean, variance } = ops.batchNorm(x, gamma, beta, { axis, epsilon });
    const move = (moving: Variable, batch: Sym) => {
      moving.assign(ops.add(ops.mul(x.trace.lift(moving), momentum), ops.mul(batch, 1 - momentum)));
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

/** See {@link BatchNormalization}. @example layers.batchNormalization() */
export const batchNormalization = (options?: BatchNormalizationOptions) => new BatchNormalization(options);
