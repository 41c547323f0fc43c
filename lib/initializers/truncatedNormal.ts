import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Tensor } from '../core/tensor.js';
import { Initializer, type SeedOptions } from './initializer.js';

/** What `initializers.truncatedNormal` takes. */
export interface TruncatedNormalOptions extends SeedOptions {
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation before the cut. Default 0.05. */
  stddev?: number;
}

/** Normal numbers without far ones: made by `initializers.truncatedNormal`, which says more. */
export class TruncatedNormal extends Initializer {
  static override readonly optionNames: object = {
    mean: 'optional',
    stddev: 'optional',
    seed: 'optional',
  } satisfies OptionNames<TruncatedNormalOptions>;
  readonly className = 'TruncatedNormal';
  /** The mean. */
  readonly mean: number;
  /** The standard deviation. */
  readonly stddev: number;

  constructor(options: TruncatedNormalOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.mean = finite(who, 'mean', options.mean ?? 0);
    this.stddev = finite(who, 'stddev', options.stddev ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return ops.truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
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
