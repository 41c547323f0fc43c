import { type OptionNames, atLeastZero } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { sizeOfAxis } from './check.js';
import { Layer, type LayerOptions } from './layer.js';
import {
  type BetaOptions,
  type GammaOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.layerNormalization` takes. */
export interface LayerNormalizationOptions extends LayerOptions, GammaOptions, BetaOptions {
  /** The axis or axes over which each sample is normalized. Default -1. */
  axis?: number | readonly number[];
  /** Added to the variance, 0 or more, so that nothing is divided by 0. Default 0.001. */
  epsilon?: number;
  /** Whether beta is added. Default true. */
  center?: boolean;
  /** Whether the result is multiplied by gamma. Default true. */
  scale?: boolean;
}

/** Normalizes each sample: made by `layers.layerNormalization`, which says more. */
export class LayerNormalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
    epsilon: 'optional',
    center: 'boolean',
    scale: 'boolean',
    ...weightNames('gamma'),
    ...weightNames('beta'),
  } satisfies OptionNames<LayerNormalizationOptions>;
  readonly className = 'LayerNormalization';
  override readonly supportsMasking = true;
  /** The options as given. */
  readonly options: LayerNormalizationOptions;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(options: LayerNormalizationOptions = {}) {
    super(options);
    atLeastZero('layerNormalization', 'epsilon', options.epsilon ?? 1e-3);
    this.options = options;
  }

  override build(inputShape: Shape): void {
    const { axis = -1, center = true, scale = true } = this.options;
    const axes = typeof axis === 'number' ? [axis] : axis;
    const shape = axes.map((a) => sizeOfAxis('layerNormalization', inputShape, a));
    const gamma = weightOptions(this.options, 'gamma', 'ones');
    if (scale) this.#gamma = this.addWeight({ name: 'gamma', shape, ...gamma });
    const beta = weightOptions(this.options, 'beta', 'zeros');
    if (center) this.#beta = this.addWeight({ name: 'beta', shape, ...beta });
  }

  call(x: Sym): Sym {
    const lifted = (weight: Variable | undefined) => weight && x.trace.lift(weight);
    const [gamma, beta] = [lifted(this.#gamma), lifted(this.#beta)];
    const { axis, epsilon } = this.options;
    return ops.layerNormalization(x, { axis, epsilon, gamma, beta });
  }

  override getConfig() {
    const { axis = -1, epsilon = 1e-3, center = true, scale = true } = this.options;
    return {
      ...super.getConfig(),
      ...{ axis, epsilon, center, scale },
      ...weightConfig(this.options, 'gamma', 'ones'),
      ...weightConfig(this.options, 'beta', 'zeros'),
    };
  }
}

/**
 * gamma · (x − mean) / √(variance + epsilon) + beta, with mean and variance of each sample over its last axis, or the axes that are
 * named: float32 [n, ...], to the same. Ba, Kiros and Hinton, 2016, https://arxiv.org/abs/1607.06450,
 * https://keras.io/api/layers/normalization_layers/layer_normalization/
 *
 * Weights, in order: gamma and beta, float32 of the sizes of these axes.
 *
 * @throws EngineError `ARGUMENT` for an epsilon below 0; `SHAPE`, when applied, for an axis that is not there.
 * @example layers.layerNormalization({ epsilon: 1e-6 });
 */
export const layerNormalization = (options?: LayerNormalizationOptions) => new LayerNormalization(options);
