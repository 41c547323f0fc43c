import * as ops from '../ops/index.js';
import type { Tensor } from '../core/tensor.js';
import { BaseNormal, type BaseNormalOptions } from './baseNormal.js';

/** What `initializers.truncatedNormal` takes. */
export interface TruncatedNormalOptions extends BaseNormalOptions {
  /** The standard deviation before the cut. Default 0.05. */
  stddev?: number;
}

/** Normal numbers without far ones: made by `initializers.truncatedNormal`, which says more. */
export class TruncatedNormal extends BaseNormal {
  readonly className = 'TruncatedNormal';

  protected draw(shape: readonly number[], seed: number): Tensor {
    return ops.truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }
}

/**
 * Numbers of a normal distribution, float32, drawn again where they are more than two standard deviations from the mean.
 * https://keras.io/api/layers/initializers/#truncatednormal-class
 *
 * @throws EngineError `ARGUMENT` for a mean or a standard deviation that is no finite number, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.truncatedNormal({ stddev: 0.02 }) });
 */
export const truncatedNormal = (options?: TruncatedNormalOptions) => new TruncatedNormal(options);
