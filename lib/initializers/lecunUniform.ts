import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.lecunUniform`, which says more. */
export class LecunUniform extends VariancePreset {
  override readonly className = 'LecunUniform';
  override readonly distribution = 'uniform';
}

/**
 * Uniform numbers within ±√(3 / fanIn), float32. LeCun et al., 1998.
 * https://keras.io/api/layers/initializers/#lecununiform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'lecunUniform' });
 */
export const lecunUniform = (options?: FanOptions) => new LecunUniform(options);
