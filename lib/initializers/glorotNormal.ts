import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.glorotNormal`, which says more. */
export class GlorotNormal extends VariancePreset {
  override readonly className = 'GlorotNormal';
  override readonly mode = 'fanAvg';
}

/**
 * Truncated normal numbers of variance 2 / (fanIn + fanOut), float32. Glorot and Bengio, 2010.
 * https://keras.io/api/layers/initializers/#glorotnormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'glorotNormal' });
 */
export const glorotNormal = (options?: FanOptions) => new GlorotNormal(options);
