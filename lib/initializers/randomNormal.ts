import * as ops from '../ops/index.js';
import type { Tensor } from '../core/tensor.js';
import { BaseNormal, type BaseNormalOptions } from './baseNormal.js';

/** What `initializers.randomNormal` takes. */
export type RandomNormalOptions = BaseNormalOptions;

/** Normal numbers: made by `initializers.randomNormal`, which says more. */
export class RandomNormal extends BaseNormal {
  /** Other names for it. */
  static readonly aliases = ['normal'] as const;
  readonly className = 'RandomNormal';

  protected draw(shape: readonly number[], seed: number): Tensor {
    return ops.randomNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }
}

/**
 * Numbers of a normal distribution, float32. https://keras.io/api/layers/initializers/#randomnormal-class
 *
 * @throws EngineError `ARGUMENT` for a mean or a standard deviation that is no finite number, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.randomNormal({ stddev: 0.01, seed: 1 }) });
 */
export const randomNormal = (options?: RandomNormalOptions) => new RandomNormal(options);
