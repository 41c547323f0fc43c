import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { listOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { BaseNormalization, type BaseNormalizationOptions } from './baseNormalization.js';
import { sizeOfAxis } from './check.js';

/** What `layers.layerNormalization` takes. */
export interface LayerNormalizationOptions extends BaseNormalizationOptions {
  /** The axis or axes over which each sample is normalized. Default -1. */
  axis?: number | readonly number[];
}

const DEFAULTS = defaultsOf<LayerNormalizationOptions>()({ axis: -1 });

/** Normalizes each sample: made by `layers.layerNormalization`, which says more. */
export class LayerNormalization extends BaseNormalization<LayerNormalizationOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...BaseNormalization.optionNames,
    axis: 'optional',
  } satisfies OptionNames<LayerNormalizationOptions>;
  readonly className = 'LayerNormalization';

  constructor(options: LayerNormalizationOptions = {}) {
    super(withDefaults(options, DEFAULTS));
  }

  override build(inputShape: Shape): void {
    const axes = listOf(this.options.axis);
    this.addGammaAndBeta(axes.map((axis) => sizeOfAxis('layerNormalization', inputShape, axis)));
  }

  call(x: Sym): Sym {
    const { axis, epsilon } = this.options;
    return ops.layerNormalization(x, { axis, epsilon, ...this.gammaAndBeta(x) });
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.options.axis };
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
