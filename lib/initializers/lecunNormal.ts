import type { FanOptions } from './initializer.js';
import { VariancePreset } from './variancePreset.js';

/** A variance scaling with fixed options: made by `initializers.lecunNormal`, which says more. */
export class LecunNormal extends VariancePreset {
  override readonly className = 'LecunNormal';
}

/**
 * Truncated normal numbers of variance 1 / fanIn, float32. LeCun et al., 1998.
 * https://keras.io/api/layers/initializers/#lecunnormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'lecunNormal' });
 */
export const lecunNormal = (options?: FanOptions) => new LecunNormal(options);
