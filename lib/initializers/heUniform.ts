import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.heUniform`, which says more. */
export class HeUniform extends VariancePreset {
  override readonly className = 'HeUniform';
  override readonly scale = 2;
  override readonly distribution = 'uniform';
}

/**
 * Uniform numbers within ±√(6 / fanIn), float32: for layers with relu. He et al., 2015.
 * https://keras.io/api/layers/initializers/#heuniform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'heUniform', activation: 'relu' });
 */
export const heUniform = (options?: FanOptions) => new HeUniform(options);
