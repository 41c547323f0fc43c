import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.glorotUniform`, which says more. */
export class GlorotUniform extends VariancePreset {
  override readonly className = 'GlorotUniform';
  override readonly mode = 'fanAvg';
  override readonly distribution = 'uniform';
}

/**
 * Uniform numbers within ±√(6 / (fanIn + fanOut)), float32: what kernels begin as by default. Glorot and Bengio, 2010.
 * https://keras.io/api/layers/initializers/#glorotuniform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: initializers.glorotUniform({ seed: 1 }) });
 */
export const glorotUniform = (options?: FanOptions) => new GlorotUniform(options);
