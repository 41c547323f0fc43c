import { type OptionNames, knownOptionsOf } from '../checks.js';
import { truncatedNormal } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, checkNumber } from './initializer.js';

export interface TruncatedNormalOptions {
  /** Default 0. */
  mean?: number;
  /** The standard deviation before the cut. Default 0.05. */
  stddev?: number;
  /** The same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number;
}

/** Normal numbers, drawn again where they lie more than two standard deviations from the mean. https://keras.io/api/layers/initializers/#truncatednormal-class */
export class TruncatedNormal extends Initializer {
  static readonly optionNames: object = {
    mean: 'optional',
    stddev: 'optional',
    seed: 'optional',
  } satisfies OptionNames<TruncatedNormalOptions>;
  readonly className = 'truncatedNormal';
  readonly mean: number;
  readonly stddev: number;

  constructor(options: TruncatedNormalOptions = {}) {
    knownOptionsOf(new.target, options);
    super(options.seed);
    this.mean = checkNumber('truncatedNormal', 'mean', options.mean ?? 0);
    this.stddev = checkNumber('truncatedNormal', 'stddev', options.stddev ?? 0.05);
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    return truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, seed });
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
  }
}
