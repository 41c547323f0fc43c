import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Tensor } from '../core/tensor.js';
import { Initializer, type SeedOptions } from './initializer.js';

/** What `initializers.randomNormal` takes. */
export interface RandomNormalOptions extends SeedOptions {
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation. Default 0.05. */
  stddev?: number;
}

/** Normal numbers: made by `initializers.randomNormal`, which says more. */
export class RandomNormal extends Initializer {
  static override readonly optionNames: object = {
    mean: 'optional',
    stddev: 'optional',
    seed: 'optional',
  } satisfies OptionNames<RandomNormalOptions>;
  /** Other names for it. */
  static readonly aliases = ['normal'] as const;
  readonly className = 'RandomNormal';
  /** The mean. */
  readonly mean: number;
  /** The standard deviation. */
  readonly stddev: number;

  constructor(options: RandomNormalOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.mean = finite(who, 'mean', options.mean ?? 0);
    this.stddev = finite(who, 'stddev', options.stddev ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return ops.randomNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
  }
}

/**
 * Numbers of a normal distribution, float32. https://keras.io/api/layers/initializers/#randomnormal-class
 *
 * @throws EngineError `ARGUMENT` for a mean or a standard deviation that is no finite number, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.randomNormal({ stddev: 0.01, seed: 1 }) });
 */
export const randomNormal = (options?: RandomNormalOptions) => new RandomNormal(options);
