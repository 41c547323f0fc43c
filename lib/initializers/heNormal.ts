import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.heNormal`, which says more. */
export class HeNormal extends VariancePreset {
  override readonly className = 'HeNormal';
  override readonly scale = 2;
}

/**
 * Truncated normal numbers of variance 2 / fanIn, float32: for layers with relu. He et al., 2015.
 * https://keras.io/api/layers/initializers/#henormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'heNormal', activation: 'relu' });
 */
export const heNormal = (options?: FanOptions) => new HeNormal(options);
